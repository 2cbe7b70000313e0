import { existsSync, readdirSync, realpathSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";

/** A kubectl on this machine. */
export interface KubectlBinary {
  readonly path: string;
  /** Minor version where the name tells it: `kubectl.1.33` is 33. */
  readonly minor: number | undefined;
}

/** The oldest kubectl the suites are for. */
export const oldestMinor = 27;

/**
 * The kubectls to be found, newest first: the one that `HOMEOSTAT_KUBECTL` names and no other; else `kubectl.1.*` on
 * the PATH, or beside where a `kubectl` there leads to, as cloud SDKs keep them; else plain `kubectl`.
 */
export function findKubectls(env: Readonly<Record<string, string | undefined>>): readonly KubectlBinary[] {
  const named = env["HOMEOSTAT_KUBECTL"];
  if (named) return [binary(named)];
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "" && existsSync(folder));
  const plain = folders.map((folder) => join(folder, "kubectl")).filter((path) => existsSync(path));
  const beside = plain.map((path) => dirname(realpathSync(path)));
  const versioned = [...new Set([...folders, ...beside])].flatMap((folder) =>
    entries(folder)
      .filter((name) => /^kubectl\.1\.\d+$/.test(name))
      .map((name) => binary(join(folder, name))),
  );
  const newest = new Map(versioned.toReversed().map((one) => [one.minor, one]));
  const usable = [...newest.values()].filter(({ minor = 0 }) => minor >= oldestMinor);
  if (usable.length > 0) return usable.toSorted((a, b) => b.minor! - a.minor!);
  return plain.slice(0, 1).map(binary);
}

function binary(path: string): KubectlBinary {
  const version = /\.1\.(\d+)$/.exec(basename(path))?.[1];
  return { path, minor: version === undefined ? undefined : Number(version) };
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A folder on the PATH that cannot be read offers nothing.
    return [];
  }
}
