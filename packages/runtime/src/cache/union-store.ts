import type { KubeObject, Resource, Stored } from "@homeostat/api";
import { byName } from "./contents.ts";
import type { Informer } from "./informer.ts";
import { compareResourceVersions } from "./resource-version.ts";
import type { CachedObject, Store, StoreListOptions } from "./store.ts";

/** What a union is made of at the moment. */
export interface UnionParts<T extends KubeObject> {
  /** Undefined: not known yet. Each object is in one of them at most. */
  readonly informers: readonly Informer<T>[] | undefined;
  /** Calls `listener` after each step of any of them, and when others take their place. */
  onProgress(listener: () => void): () => void;
}

/** One view over several watches, of one or more namespaces each. */
export function unionStore<T extends KubeObject>(resource: Resource<T>, parts: UnionParts<T>): Store<T> {
  const stores = (): readonly Store<T>[] => (parts.informers ?? []).map(({ store }) => store);
  /** Those that may hold objects of the namespace. */
  const within = (namespace: string | undefined): readonly Store<T>[] => {
    const { informers = [] } = parts;
    // Nearly always there is one.
    if (informers.length === 1) return [informers[0]!.store];
    return informers
      .filter(({ selection }) => [undefined, selection.namespace].includes(namespace) || !selection.namespace)
      .map(({ store }) => store);
  };

  const inOrder = (list: StoreListOptions): CachedObject<T>[] => {
    const all = within(list.namespace).flatMap((store) => [...store.entries(list)]);
    all.sort((a, b) => byName(a.metadata, b.metadata));
    return list.limit === undefined ? all : all.slice(0, list.limit);
  };

  return {
    resource,
    get synced() {
      return parts.informers !== undefined && stores().every(({ synced }) => synced);
    },
    get size() {
      return stores().reduce((sum, { size }) => sum + size, 0);
    },
    get resourceVersion() {
      let oldest: string | undefined;
      for (const { resourceVersion } of stores()) {
        if (resourceVersion === undefined) return undefined;
        if (oldest === undefined || compareResourceVersions(resourceVersion, oldest) < 0) oldest = resourceVersion;
      }
      return oldest;
    },
    get indexNames() {
      return stores()[0]?.indexNames ?? [];
    },
    onProgress: (listener) => parts.onProgress(listener),
    get(key) {
      for (const store of within(key.namespace)) {
        const found = store.get(key);
        if (found) return found;
      }
      return undefined;
    },
    peek(key) {
      for (const store of within(key.namespace)) {
        const found = store.peek(key);
        if (found) return found;
      }
      return undefined;
    },
    list(list = {}): Stored<T>[] {
      const among = within(list.namespace);
      return among.length === 1 ? among[0]!.list(list) : inOrder(list).map((object) => object.object());
    },
    *entries(list = {}) {
      if (list.limit !== undefined) yield* inOrder(list);
      else for (const store of within(list.namespace)) yield* store.entries(list);
    },
  };
}
