import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { rolldown } from "rolldown";

/** Packages of many small files, which cost more to find than to run: they are published as one file for each entry. */
const bundled = ["packages/api", "packages/runtime"];

/**
 * Makes of each package what is published: JavaScript and declarations in place of the sources, data beside them, and
 * a package.json that points there. In the checkout nothing needs this: sources run as they are.
 */
export async function build(root: string, out: string): Promise<string[]> {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const packages = ["packages", "operators"].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => `${group}/${name}`),
  );
  compile(root, out, packages);
  for (const each of packages) finish(root, out, each);
  for (const each of bundled) await bundle(join(out, each));
  link(out, packages);
  return packages;
}

function compile(root: string, out: string, packages: readonly string[]): void {
  const project = join(out, "tsconfig.json");
  const settings = {
    extends: relative(out, join(root, "tsconfig.json")),
    compilerOptions: {
      noEmit: false,
      rewriteRelativeImportExtensions: true,
      declaration: true,
      rootDir: relative(out, root),
      outDir: ".",
      typeRoots: [relative(out, join(root, "node_modules/@types"))],
    },
    include: packages.map((each) => relative(out, join(root, each, "src"))),
    exclude: ["**/*.test.ts", "**/*.test-support.ts", "**/node_modules"],
  };
  writeFileSync(project, JSON.stringify(settings));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", project], { cwd: root, stdio: "inherit" });
  rmSync(project);
}

function finish(root: string, out: string, each: string): void {
  const from = join(root, each);
  const to = join(out, each);
  for (const file of filesOf(join(from, "src"))) {
    if (/\.(ts|js)$/.test(file)) continue;
    const target = join(to, relative(from, file));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(file, target);
  }
  const described = JSON.parse(readFileSync(join(from, "package.json"), "utf8"), pointToJavaScript);
  const { devDependencies: _, ...published } = described;
  writeFileSync(join(to, "package.json"), `${JSON.stringify({ ...published, files: ["src"] }, null, 2)}\n`);
  copyFileSync(join(root, "LICENSE"), join(to, "LICENSE"));
}

/** Of exports and bin: declarations are found beside the files. */
function pointToJavaScript(_key: string, value: unknown): unknown {
  return typeof value === "string" && /^\.\/.*\.ts$/.test(value) ? value.replace(/\.ts$/, ".js") : value;
}

/** One file for each entry and one for what several share; packages of others, and what is loaded lazily, stay apart. */
async function bundle(folder: string): Promise<void> {
  const path = join(folder, "package.json");
  const described = JSON.parse(readFileSync(path, "utf8")) as { exports: Record<string, string> };
  const input: Record<string, string> = {};
  const exports: Record<string, object> = {};
  for (const [name, target] of Object.entries(described.exports)) {
    const point = (file: string): object => ({
      types: file.replace(/\.js$/, ".d.ts"),
      default: file.replace("./src/", "./lib/"),
    });
    exports[name] = point(target);
    for (const file of globSync(target.replace("./", ""), { cwd: folder }))
      input[file.replace(/^src\/(.*)\.js$/, "$1")] = join(folder, file);
  }
  const made = await rolldown({ input, platform: "node", external: (id) => !/^[./]/.test(id) });
  await made.write({
    dir: join(folder, "lib"),
    format: "esm",
    chunkFileNames: "shared/[name]-[hash].js",
    keepNames: true,
  });
  await made.close();
  for (const file of filesOf(join(folder, "src"))) if (file.endsWith(".js")) rmSync(file);
  writeFileSync(path, `${JSON.stringify({ ...described, exports, files: ["lib", "src"] }, null, 2)}\n`);
}

/** Lets what was built find each other, as it would when installed. */
function link(out: string, packages: readonly string[]): void {
  for (const each of packages) {
    const { name } = JSON.parse(readFileSync(join(out, each, "package.json"), "utf8")) as { name: string };
    const path = join(out, "node_modules", name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(relative(dirname(path), join(out, each)), path, "dir");
  }
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

if (import.meta.main) {
  const root = new URL("..", import.meta.url).pathname;
  const packages = await build(root, join(root, "dist"));
  process.stdout.write(`built ${packages.length} packages into dist/\n`);
}
