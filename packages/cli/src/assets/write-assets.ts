import { createHash } from "node:crypto";
import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fileError } from "../errors.ts";
import { shellQuote } from "../up/shell-quote.ts";

export interface AssetOptions {
  /** Absolute. */
  readonly directory: string;
  /** Absolute path of Node. */
  readonly node: string;
  readonly pid: number;
}

/** What the executables start, in the checkout and in what is built of it. */
const entry = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./run.ts" : "./run.js", import.meta.url));

/** Where executables that start this Node with these sources are kept, apart from those of other installations. */
export function assetDirectory(variables: Readonly<Record<string, string | undefined>>, node: string): string {
  const cache = variables["XDG_CACHE_HOME"] || join(variables["HOME"] || "/tmp", ".cache");
  const own = createHash("sha256").update(`${node}\n${entry}`).digest("hex").slice(0, 12);
  return join(cache, "homeostat", "assets", own);
}

/**
 * Writes `etcd`, `kube-apiserver` and `kubectl` as test environments look for them below KUBEBUILDER_ASSETS. What is
 * there is replaced in one step, so that processes that start at the same time find whole files.
 *
 * @throws CommandError when the directory cannot be written
 */
export async function writeAssets({ directory, node, pid }: AssetOptions): Promise<void> {
  const start = (name: string): string => `exec ${shellQuote(node)} ${shellQuote(entry)} ${name} "$@"`;
  const programs = { etcd: start("etcd"), "kube-apiserver": start("kube-apiserver"), kubectl: findKubectl };
  try {
    await mkdir(directory, { recursive: true });
    for (const [name, program] of Object.entries(programs)) {
      const temporary = join(directory, `.${name}.${pid}`);
      await writeFile(temporary, `#!/bin/sh\n${program}\n`);
      await chmod(temporary, 0o755);
      await rename(temporary, join(directory, name));
    }
  } catch (error) {
    throw fileError("write the executables to", directory, error, "choose another directory with --dir");
  }
}

/** The machine's kubectl: the first on the PATH that is not this file. */
const findKubectl = `self=$(cd "$(dirname "$0")" && pwd -P)
IFS=:
for folder in $PATH; do
  [ -x "$folder/kubectl" ] && [ "$(cd "$folder" && pwd -P)" != "$self" ] && exec "$folder/kubectl" "$@"
done
echo "kubectl: there is none on the PATH: install it, see https://kubernetes.io/docs/tasks/tools" >&2
exit 127`;
