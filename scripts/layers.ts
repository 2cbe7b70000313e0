import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";

/**
 * Which packages a package may import: `api ← runtime`, `api ← apiserver`, both ← `devcluster` ← `cli`, and
 * `runtime ← operators`. The server never imports the runtime, so that client and server can disagree and a bug cannot
 * hide on both sides.
 */
export const allowed: Readonly<Record<string, readonly string[]>> = {
  "packages/api": [],
  "packages/runtime": ["api"],
  "packages/apiserver": ["api"],
  "packages/devcluster": ["api", "runtime", "apiserver"],
  "packages/cli": ["api", "runtime", "apiserver", "devcluster", "webapp", "reloader", "tempo"],
  "operators/webapp": ["api", "runtime"],
  "operators/reloader": ["api", "runtime"],
  "operators/tempo": ["api", "runtime"],
};

/** Tests may reach for the layer above that gives them a world to run in. */
const testsMayUse = ["devcluster", "apiserver", "runtime", "webapp", "reloader", "tempo"];

export interface Breach {
  readonly file: string;
  readonly imports: string;
}

/** Imports that point the wrong way, or into another package's inside. */
export function findBreaches(root: string): Breach[] {
  const breaches: Breach[] = [];
  for (const [folder, may] of Object.entries(allowed)) {
    for (const file of sources(join(root, folder))) {
      const isTest = /\.test(-support)?\.ts$|\/test\//.test(file);
      for (const specifier of importsOf(readFileSync(file, "utf8"))) {
        if (isBreach(folder, may, specifier, isTest) || leaves(root, folder, file, specifier)) {
          breaches.push({ file: relative(root, file), imports: specifier });
        }
      }
    }
  }
  return breaches;
}

function isBreach(folder: string, may: readonly string[], specifier: string, isTest: boolean): boolean {
  const match = /^@homeostat\/([^/]+)/.exec(specifier);
  if (!match) return false;
  const target = match[1]!;
  if (folder.endsWith(`/${target}`)) return !isTest;
  return !may.includes(target) && !(isTest && testsMayUse.includes(target));
}

/** A relative path that ends up outside the package. */
function leaves(root: string, folder: string, file: string, specifier: string): boolean {
  if (!specifier.startsWith(".")) return false;
  return relative(join(root, folder), join(file, "..", specifier)).startsWith("..");
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)].map((match) => match[1]!);
}

function* sources(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    if (name === "node_modules" || name === "dist") continue;
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* sources(path);
    else if (name.endsWith(".ts")) yield path;
  }
}
