import { spawnSync } from "node:child_process";

/** Everything a change must pass, one after the other; the first failure ends it. `npm run check`. */
const steps: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ["format and lint", "biome", "check", "."],
  ["types", "tsc", "--noEmit", "-p", "tsconfig.json"],
  ["layers", "node", "scripts/check-layers.ts"],
  ["generated types", "node", "packages/api/generate/main.ts", "--check"],
  ["generated tables", "node", "packages/apiserver/generate/main.ts", "--check"],
  ["manifests", "node", "scripts/generate-manifests.ts", "--check"],
  ["what is published", "node", "scripts/check-build.ts"],
  ["tests", "vitest", "run"],
];

for (const [name, command, ...args] of steps) {
  process.stdout.write(`\n== ${name}\n`);
  const { status, error } = spawnSync(command, args, { stdio: "inherit", shell: false });
  if (status !== 0) {
    process.stdout.write(`\n${name}: failed${error ? `: ${error.message}` : ""}\n`);
    process.exit(1);
  }
}
process.stdout.write("\nall checks passed\n");
