import type { KubeObject } from "@homeostat/api";
import type { CachedObject } from "./store.ts";
import type { StoredObject } from "./stored-object.ts";

/** Finds keys of objects by a value that a pure function tells of them. */
export interface Index<T extends KubeObject> {
  keys(value: string): ReadonlySet<string>;
  /** The object of a key changed; undefined where it was not there, or is not any more. */
  update(old: StoredObject<T> | undefined, now: StoredObject<T> | undefined): void;
}

export type IndexFunction<T extends KubeObject> = (object: CachedObject<T>) => Iterable<string>;

const none: ReadonlySet<string> = new Set();

/** @param unchanged tells cheaply that both versions have the same values. Default: they are always asked. */
export function createIndex<T extends KubeObject>(
  values: (object: StoredObject<T>) => Iterable<string>,
  unchanged: (old: StoredObject<T>, now: StoredObject<T>) => boolean = () => false,
): Index<T> {
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
export const ownerIndex = <T extends KubeObject>(): Index<T> =>
  createIndex(
    (object) => (object.hasOwners ? object.ownerReferences.map(({ uid }) => uid) : []),
    (old, now) => now.sameOwners(old),
  );

/** By namespace, which never changes. */
export const namespaceIndex = <T extends KubeObject>(): Index<T> =>
  createIndex(
    ({ namespace }) => (namespace === undefined ? [] : [namespace]),
    () => true,
  );
