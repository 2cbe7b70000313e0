import type { KubeObject, Resource } from "@homeostat/api";
import type { CachedObject, Store, StoreHandler } from "./store.ts";

/**
 * One store per kind (and selection), shared by all who watch it. A kind is watched from the first `watch` of it until
 * the last handle is stopped.
 */
export interface Cache {
  /**
   * Starts (or joins) the watch of a kind. A handler that joins late is first told every object as `added` with
   * `initial`, so that it misses nothing.
   */
  watch<T extends KubeObject>(resource: Resource<T>, options?: CacheWatchOptions<T>): CacheWatch<T>;
  /**
   * The store of a kind that is watched already, unselected and with all namespaces (or the one asked for); undefined
   * otherwise. It holds whole objects.
   */
  store<T extends KubeObject>(resource: Resource<T>, options?: { readonly namespace?: string }): Store<T> | undefined;
  /** Ends all watches. */
  stop(): Promise<void>;
}

export interface CacheWatchOptions<T extends KubeObject> {
  readonly handler?: StoreHandler<T>;
  /** Default: all namespaces. */
  readonly namespace?: string;
  /** Server-side selection. */
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Keep only metadata. Default false. */
  readonly metadataOnly?: boolean;
  /** Indexes for `StoreListOptions.index`: values of an object by name of the index. Functions must be pure. */
  readonly indexes?: Readonly<Record<string, (object: CachedObject<T>) => Iterable<string>>>;
  /** Tell every object again as `updated` with `resync` after so many milliseconds, times 0.9 to 1.1. Default: never. */
  readonly resyncMs?: number;
}

export interface CacheWatch<T extends KubeObject> {
  readonly store: Store<T>;
  /** Resolves when the first list is in the store and this handler was told all of it; rejects when `signal` aborts. */
  synced(signal?: AbortSignal): Promise<void>;
  /** Gives up this handle; the watch ends with the last one. */
  stop(): void;
}
