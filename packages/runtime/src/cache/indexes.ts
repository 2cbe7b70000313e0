import type { KubeObject } from "@homeostat/api";
import type { CachedObject } from "./store.ts";
import type { StoredObject } from "./stored-object.ts";

/** Values of an object. Must be pure: it is called for the old and the new version of each change. */
export type IndexFunction<T extends KubeObject> = (object: CachedObject<T>) => Iterable<string>;

/** What a store is asked by: objects for which the index of this name has this value. */
export interface IndexTerm {
  readonly name: string;
  readonly value: string;
}

/** An index as a value: registered with a watch, asked by in `list` and `entries`. */
export interface Index<T extends KubeObject = KubeObject> {
  /** Unique among those of a kind. */
  readonly name: string;
  readonly values: IndexFunction<T>;
  /** Asks for objects that have this value. */
  is(value: string): IndexTerm;
}

/**
 * Makes an index: `const byNode = index<Pod>("node", (pod) => [pod.object().spec.nodeName ?? ""])`, then
 * `watch(Pod, { indexes: [byNode] })` and `store.list({ index: byNode.is("n1") })`. What `values` reads of metadata
 * costs nothing; `object()` parses each version once.
 */
export function index<T extends KubeObject>(name: string, values: IndexFunction<T>): Index<T> {
  return { name, values, is: (value) => ({ name, value }) };
}

/**
 * An index over one field by its path, `fieldIndex("spec.nodeName")`, read from the bytes without parsing the object. It
 * bears the name of the field, so that reads with a field selector are answered by it. An absent field is the empty
 * value, as it is for field selectors.
 */
export function fieldIndex<T extends KubeObject>(field: string): Index<T> {
  const path = field.split(".");
  return index<T>(field, (object) => {
    const value = object.field ? object.field(path) : valueAt(object.object(), path);
    return [typeof value === "object" || value === undefined ? "" : String(value)];
  });
}

function valueAt(object: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], object);
}

/** Finds keys of objects by a value that a pure function tells of them. */
export interface IndexMap<T extends KubeObject> {
  keys(value: string): ReadonlySet<string>;
  /** The object of a key changed; undefined where it was not there, or is not any more. */
  update(old: StoredObject<T> | undefined, now: StoredObject<T> | undefined): void;
}

const none: ReadonlySet<string> = new Set();

/** @param unchanged tells cheaply that both versions have the same values. Default: they are always asked. */
export function createIndexMap<T extends KubeObject>(
  values: (object: StoredObject<T>) => Iterable<string>,
  unchanged: (old: StoredObject<T>, now: StoredObject<T>) => boolean = () => false,
): IndexMap<T> {
  const byValue = new Map<string, Set<string>>();

  const remove = (value: string, key: string): void => {
    const keys = byValue.get(value);
    if (keys?.delete(key) && keys.size === 0) byValue.delete(value);
  };
  const add = (value: string, key: string): void => {
    const keys = byValue.get(value);
    if (keys) keys.add(key);
    else byValue.set(value, new Set([key]));
  };

  return {
    keys: (value) => byValue.get(value) ?? none,
    update(old, now) {
      if (old && now && unchanged(old, now)) return;
      if (old) for (const value of values(old)) remove(value, old.key);
      if (now) for (const value of values(now)) add(value, now.key);
    },
  };
}

/** By uid of an owner. */
export const ownerIndex = <T extends KubeObject>(): IndexMap<T> =>
  createIndexMap(
    (object) => (object.hasOwners ? object.ownerReferences.map(({ uid }) => uid) : []),
    (old, now) => now.sameOwners(old),
  );

/** By namespace, which never changes. */
export const namespaceIndex = <T extends KubeObject>(): IndexMap<T> =>
  createIndexMap(
    ({ namespace }) => (namespace === undefined ? [] : [namespace]),
    () => true,
  );
