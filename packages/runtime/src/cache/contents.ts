import { type KubeObject, type LabelMatcher, labelMatcher, parseLabelSelector, type Resource } from "@homeostat/api";
import { createIndexMap, type IndexFunction, type IndexMap, namespaceIndex, ownerIndex } from "./indexes.ts";
import { createLabelIndex } from "./label-index.ts";
import type { StoreListOptions } from "./store.ts";
import type { StoredObject } from "./stored-object.ts";

/**
 * Objects by key and the indexes over them. A store has one; a list that is being gathered has another, with indexes of
 * its own, so that it takes the store's place in one step however long it is.
 */
export interface Contents<T extends KubeObject> {
  readonly objects: ReadonlyMap<string, StoredObject<T>>;
  /** @returns what was there before */
  put(object: StoredObject<T>): StoredObject<T> | undefined;
  drop(object: StoredObject<T>): void;
  addIndex(name: string, values: IndexFunction<T>): void;
  /** In no order, without `limit`. */
  select(list: StoreListOptions): Iterable<StoredObject<T>>;
  /** In order of namespace and name. */
  inOrder(list: StoreListOptions): readonly StoredObject<T>[];
}

export function createContents<T extends KubeObject>(
  resource: Resource<T>,
  registered: ReadonlyMap<string, IndexFunction<T>>,
): Contents<T> {
  const objects = new Map<string, StoredObject<T>>();
  const owners = ownerIndex<T>();
  const namespaces = namespaceIndex<T>();
  const indexes = new Map<string, IndexMap<T>>();
  const labelled = createLabelIndex(objects);
  // Keys in order, until one comes or goes.
  let sorted: readonly string[] | undefined;

  const reindex = (old: StoredObject<T> | undefined, now: StoredObject<T> | undefined): void => {
    owners.update(old, now);
    labelled.update(old, now);
    if (!old || !now) {
      namespaces.update(old, now);
      sorted = undefined;
    }
    for (const map of indexes.values()) map.update(old, now);
  };

  const lookUp = (keys: readonly string[]): StoredObject<T>[] => keys.flatMap((key) => objects.get(key) ?? []);

  const indexNamed = (name: string): IndexMap<T> => {
    const found = indexes.get(name);
    if (found) return found;
    throw new Error(`${resource.plural}: there is no index ${JSON.stringify(name)}; register it with the watch`);
  };

  /** By the narrowest index; what it leaves open is checked object by object. */
  const candidates = (list: StoreListOptions, labels: LabelMatcher | undefined): Iterable<StoredObject<T>> => {
    const sets: ReadonlySet<string>[] = [];
    if (list.ownerUid !== undefined) sets.push(owners.keys(list.ownerUid));
    for (const { name, value } of [list.index ?? []].flat()) sets.push(indexNamed(name).keys(value));
    if (sets.length === 0 && list.namespace !== undefined) sets.push(namespaces.keys(list.namespace));
    if (labels) sets.push(...labelled.sets(labels, Math.min(objects.size, ...sets.map(({ size }) => size))));
    if (sets.length === 0) return objects.values();
    const [smallest, ...others] = sets.sort((a, b) => a.size - b.size);
    return lookUp([...smallest!].filter((key) => others.every((other) => other.has(key))));
  };

  const select = function* (list: StoreListOptions): Generator<StoredObject<T>, void, void> {
    const labels = matcherOf(list.labelSelector);
    for (const object of candidates(list, labels)) {
      if (list.namespace !== undefined && object.namespace !== list.namespace) continue;
      if (labels && !labels.matches(object.labels)) continue;
      yield object;
    }
  };

  const allInOrder = (list: StoreListOptions): readonly StoredObject<T>[] => {
    const everything =
      list.namespace === undefined && list.labelSelector === undefined && list.ownerUid === undefined && !list.index;
    if (everything) return lookUp((sorted ??= [...objects.values()].sort(byName).map(({ key }) => key)));
    return [...select(list)].sort(byName);
  };

  const contents: Contents<T> = {
    objects,
    put(object) {
      const old = objects.get(object.key);
      objects.set(object.key, object);
      reindex(old, object);
      return old;
    },
    drop(object) {
      objects.delete(object.key);
      reindex(object, undefined);
    },
    addIndex(name, values) {
      const map = createIndexMap<T>(values);
      for (const object of objects.values()) map.update(undefined, object);
      indexes.set(name, map);
    },
    select,
    inOrder(list) {
      const all = allInOrder(list);
      return list.limit === undefined ? all : all.slice(0, list.limit);
    },
  };
  for (const [name, values] of registered) contents.addIndex(name, values);
  return contents;
}

function matcherOf(selector: StoreListOptions["labelSelector"]): LabelMatcher | undefined {
  if (selector === undefined) return undefined;
  return typeof selector === "string" ? parseLabelSelector(selector) : labelMatcher({ matchLabels: selector });
}

/** By namespace, then by name; not by key, in which `/` would stand before some letters and after others. */
export function byName(
  a: { readonly namespace: string | undefined; readonly name: string },
  b: { readonly namespace: string | undefined; readonly name: string },
): number {
  if (a.namespace !== b.namespace) return (a.namespace ?? "") < (b.namespace ?? "") ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
