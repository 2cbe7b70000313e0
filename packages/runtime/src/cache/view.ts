import type { KubeObject, Resource } from "@homeostat/api";
import type { IndexFunction } from "./indexes.ts";
import type { Informer, InformerPool } from "./informer.ts";
import type { Feed } from "./namespaces.ts";
import { selectionId } from "./selection.ts";
import type { Store } from "./store.ts";
import { unionStore } from "./union-store.ts";

/** The objects of a kind as one wish selects them, over as many watches as that takes; shared by all with that wish. */
export interface View<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  readonly metadataOnly: boolean;
  readonly store: Store<T>;
  /** Undefined while it is not known yet which namespaces it has. */
  readonly informers: readonly Informer<T>[] | undefined;
  /** Whether its first list is there and told, in all of its watches. */
  readonly settled: boolean;
  readonly indexes: ReadonlyMap<string, IndexFunction<T>>;
  /** The part of it that has this namespace; undefined where it does not. */
  storeOf(namespace: string): Store<T> | undefined;
  addIndex(name: string, values: IndexFunction<T>): void;
  /** What it is made of from now on. */
  setFeeds(feeds: readonly Feed[] | undefined): void;
  /** Calls `listener` after each step of any of its watches, and when others take their place. */
  onProgress(listener: () => void): () => void;
  /** Calls `listener` when others take the place of its watches, before those are let go. */
  onChange(listener: () => void): () => void;
  /** Counts who needs it; it ends with the last. */
  retain(): void;
  release(): void;
}

export interface ViewOptions<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly metadataOnly: boolean;
  readonly pool: InformerPool;
  readonly onEnd: () => void;
}

export function createView<T extends KubeObject>({ resource, metadataOnly, pool, onEnd }: ViewOptions<T>): View<T> {
  let informers: readonly Informer<T>[] | undefined;
  const indexes = new Map<string, IndexFunction<T>>();
  const progress = new Set<() => void>();
  const changes = new Set<() => void>();
  const endProgress = new Map<Informer<T>, () => void>();
  let holders = 0;
  let deferred: readonly Feed[] | undefined;
  const isTelling = (): boolean => informers?.some(({ store }) => store.telling) ?? false;

  const progressed = (): void => {
    if (deferred && !isTelling()) view.setFeeds(deferred);
    for (const listener of progress) listener();
  };

  const open = (feed: Feed): Informer<T> => {
    const informer = pool.acquire(resource, { ...feed, metadataOnly });
    try {
      for (const [name, values] of indexes) informer.store.addIndex(name, values);
    } catch (error) {
      pool.release(informer);
      throw error;
    }
    endProgress.set(informer, informer.store.onProgress(progressed));
    return informer;
  };

  const close = (informer: Informer<T>): void => {
    endProgress.get(informer)?.();
    endProgress.delete(informer);
    pool.release(informer);
  };

  const covers = (informer: Informer<T>, namespace: string): boolean => {
    const { selection } = informer;
    if (selection.namespace !== undefined) return selection.namespace === namespace;
    // The one for all others.
    return !informers?.some((other) => other.selection.namespace === namespace);
  };

  const view: View<T> = {
    resource,
    metadataOnly,
    indexes,
    get store() {
      return store;
    },
    get informers() {
      return informers;
    },
    get settled() {
      return informers?.every(({ store }) => store.synced && !store.telling) ?? false;
    },
    storeOf(namespace) {
      const found = informers?.find((informer) => covers(informer, namespace));
      // One watch of everything is the view itself.
      return informers?.length === 1 && found ? view.store : found?.store;
    },
    addIndex(name, values) {
      for (const { store } of informers ?? []) store.addIndex(name, values);
      indexes.set(name, values);
    },
    setFeeds(feeds) {
      // A list that was not told to its end would be lost on those who follow.
      deferred = isTelling() ? feeds : undefined;
      if (deferred) return;
      const before = informers ?? [];
      const ids = new Map(before.map((informer) => [selectionId(resource, informer.selection), informer]));
      informers = feeds?.map((feed) => {
        const id = selectionId(resource, { ...feed, metadataOnly });
        const kept = ids.get(id);
        ids.delete(id);
        return kept ?? open(feed);
      });
      for (const listener of [...changes]) listener();
      for (const informer of ids.values()) close(informer);
      progressed();
    },
    onProgress(listener) {
      progress.add(listener);
      return () => progress.delete(listener);
    },
    onChange(listener) {
      changes.add(listener);
      return () => changes.delete(listener);
    },
    retain() {
      holders++;
    },
    release() {
      if (--holders > 0) return;
      for (const informer of informers ?? []) close(informer);
      informers = undefined;
      onEnd();
    },
  };
  const store = unionStore(resource, view);
  return view;
}
