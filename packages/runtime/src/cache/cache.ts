import type { KubeObject, Resource } from "@homeostat/api";
import type { Store, StoreHandler } from "./store.ts";

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
  /** The store of a kind that is watched already with the same selection; undefined otherwise. */
  store<T extends KubeObject>(resource: Resource<T>): Store<T> | undefined;
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
}

export interface CacheWatch<T extends KubeObject> {
  readonly store: Store<T>;
  /** Resolves when the first list is in the store and this handler was told all of it; rejects when `signal` aborts. */
  synced(signal?: AbortSignal): Promise<void>;
  /** Gives up this handle; the watch ends with the last one. */
  stop(): void;
}
