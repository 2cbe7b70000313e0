/**
 * Paths at which two objects differ, for people: `spec.replicas`, `data["a.b"]`, `spec.containers[0].image`.
 * What every write changes (resourceVersion, generation, managedFields) is left out. A list that grew or shrank
 * differs as a whole from its first changed element on.
 *
 * @param cap most paths to tell; the search ends there
 */
export function changedPaths(before: unknown, after: unknown, cap = 8): string[] {
  const paths: string[] = [];
  compare("", before, after, paths, cap);
  return paths;
}

/** Value at a path of `changedPaths`; undefined where there is none. */
export function valueAt(object: unknown, path: string): unknown {
  let current = object;
  for (const step of steps(path)) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Record<string, unknown>)[step];
  }
  return current;
}

/** Whether two JSON values are equal; keys in any order, `undefined` as absent. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((value, index) => equalJson(value, b[index]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key in left) if (!equalJson(left[key], right[key])) return false;
  for (const key in right) if (right[key] !== undefined && left[key] === undefined) return false;
  return true;
}

const bookkeeping = new Set(["metadata.resourceVersion", "metadata.generation", "metadata.managedFields"]);

function compare(path: string, before: unknown, after: unknown, paths: string[], cap: number): void {
  if (paths.length >= cap || before === after || bookkeeping.has(path)) return;
  if (isMap(before) && isMap(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(join(path, key), before[key], after[key], paths, cap);
    }
  } else if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (let i = 0; i < before.length; i++) compare(`${path}[${i}]`, before[i], after[i], paths, cap);
  } else if (!equalJson(before, after)) {
    paths.push(path === "" ? "." : path);
  }
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function join(path: string, key: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

function steps(path: string): string[] {
  return [...path.matchAll(/\[("(?:[^"\\]|\\.)*")\]|\[(\d+)\]|([^.[\]]+)/g)].map(([, quoted, index, plain]) =>
    quoted === undefined ? (index ?? plain!) : (JSON.parse(quoted) as string),
  );
}
