import { apiVersionOf, type KubeObject, type Resource, type Stored } from "@homeostat/api";
import { isOpenBrace, keyIs, scanMembers, skipValue } from "./scanner.ts";

/** Path of a field to leave out: with dots, or as a list where a name has dots of its own. */
export type FieldPath = string | readonly string[];

/** What is kept of each object that arrives. managedFields are left out in any case. */
export interface Projection<T extends KubeObject = KubeObject> {
  /**
   * Fields to leave out (`["data", "spec.template"]`), cut from the bytes without parsing. What is cut is not in the
   * store, for nobody: an object written back whole would lose it, so write by apply or patch. Default: none.
   */
  readonly drop?: readonly FieldPath[];
  /**
   * Makes of an object what is kept of it: its own copy, which may be changed in place. Runs after `drop`. It costs
   * parsing and writing each object once, so prefer `drop`. Identity (name, namespace, uid, resourceVersion) must
   * stay. One that throws fails the list or watch, which is tried again. Default: none.
   */
  readonly transform?: (object: Stored<T>) => KubeObject;
}

/** Bytes of an object → bytes of what is kept of it. */
export type Projector = (bytes: Buffer, start: number, end: number) => Buffer;

const identity = ["kind", "apiVersion", "metadata"];
const identityFields = ["name", "namespace", "uid", "resourceVersion", "generation", "deletionTimestamp"];

/** @returns undefined where everything is kept @throws Error where identity would be left out */
export function createProjector<T extends KubeObject>(
  resource: Resource<T>,
  { drop = [], transform }: Projection<T>,
): Projector | undefined {
  const paths = drop.map((path) => (typeof path === "string" ? path.split(".") : [...path]));
  for (const path of paths)
    if (
      path.length === 0 ||
      (path.length === 1 && identity.includes(path[0]!)) ||
      (path.length === 2 && path[0] === "metadata" && identityFields.includes(path[1]!))
    )
      throw new Error(`cache of ${resource.plural}: drop: ${path.join(".") || "an empty path"} cannot be left out`);
  if (paths.length === 0 && !transform) return undefined;
  return (bytes, start, end) => {
    const cut = paths.length === 0 ? bytes.subarray(start, end) : dropFields(bytes, start, end, paths);
    return transform ? transformed(resource, transform, cut) : cut;
  };
}

function transformed<T extends KubeObject>(
  resource: Resource<T>,
  transform: (object: Stored<T>) => KubeObject,
  bytes: Buffer,
): Buffer {
  const object = JSON.parse(bytes.toString("utf8")) as Stored<T>;
  const kept = transform({ ...object, apiVersion: apiVersionOf(resource), kind: resource.kind });
  // Whoever stores it puts the kind back.
  const { apiVersion: _, kind: __, ...rest } = kept;
  return Buffer.from(JSON.stringify(rest));
}

/** A copy of the object without these fields. Fields that are not there are no error. */
export function dropFields(bytes: Buffer, start: number, end: number, paths: readonly (readonly string[])[]): Buffer {
  const parts: Buffer[] = [];
  let copied = start;
  const cut = (from: number, to: number): void => {
    parts.push(bytes.subarray(copied, from));
    copied = to;
  };
  const visit = (open: number, within: readonly (readonly string[])[]): number => {
    let kept = 0;
    // Where members left out at the very beginning start: they go with the comma after them, later ones with the one before.
    let leading = -1;
    let before = -1;
    const close = scanMembers(bytes, open, end, (keyStart, keyEnd, value) => {
      const matching = within.filter(([name]) => keyIs(bytes, keyStart, keyEnd, name!));
      if (matching.some((path) => path.length === 1)) {
        const valueEnd = skipValue(bytes, value, end);
        if (kept > 0) cut(before, valueEnd);
        else if (leading < 0) leading = keyStart - 1;
        before = valueEnd;
        return valueEnd;
      }
      if (kept++ === 0 && leading >= 0) cut(leading, keyStart - 1);
      const deeper = matching.map((path) => path.slice(1));
      before = deeper.length > 0 && isOpenBrace(bytes, value) ? visit(value, deeper) : skipValue(bytes, value, end);
      return before;
    });
    if (kept === 0 && leading >= 0) cut(leading, before);
    return close;
  };
  visit(start, paths);
  cut(end, end);
  return Buffer.concat(parts);
}
