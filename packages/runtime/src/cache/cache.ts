import type { KubeObject, Resource } from "@homeostat/api";
import type { Index, IndexFunction } from "./indexes.ts";
import type { NamespaceSelection } from "./namespaces.ts";
import type { Store, StoreHandler } from "./store.ts";

/**
 * What a process knows of a cluster: one store per kind (and selection), kept up to date by a watch, shared by all who
 * want it. A kind is watched from the first `watch` of it until the last handle is stopped.
 *
 * Source: controller-runtime `pkg/cache`.
 */
export interface Cache {
  /**
   * Starts (or joins) the watch of a kind; never blocks. A handler that joins late is first told every object as `added`
   * with `initial`, so that it misses nothing.
   *
   * @throws Error where the cache was stopped, an index is registered already with another function, or a selector
   *   cannot be read
   */
  watch<T extends KubeObject>(resource: Resource<T>, options?: CacheWatchOptions<T>): CacheWatch<T>;
  /**
   * The store that can answer for a kind now: of all that the cache holds of it, of the namespace asked for, or of the
   * one object asked for by name. Undefined where nobody watches that, or a selection of one's own, or only metadata
   * where that is not enough. It may not be in sync yet.
   */
  store<T extends KubeObject>(resource: Resource<T>, of?: CacheRead): Store<T> | undefined;
  /** What `ensure` does for a kind that nobody watches. */
  readonly unwatched: UnwatchedReads;
  /**
   * The store to answer a read from, in sync; undefined where the server is to be asked. What it does for a kind that
   * nobody watches is `unwatched`'s word: the server is asked, a watch is begun and waited for, or the read fails.
   *
   * @throws CacheError `NOT_STARTED`, `STOPPED`, `NOT_CACHED`, `UNKNOWN_NAMESPACE`, or `TIMEOUT` where `signal` is
   *   aborted first (the watch goes on)
   */
  ensure<T extends KubeObject>(
    resource: Resource<T>,
    read?: CacheRead,
    signal?: AbortSignal,
  ): Promise<Store<T> | undefined>;
  /**
   * Ends the watches of a kind, whoever wanted them: their handles are stopped and their handlers told nothing more. The
   * next `watch`, or read that watches, begins anew.
   */
  remove(resource: Resource): void;
  /**
   * Watches other namespaces from now on, wherever neither a watch nor `byKind` says which: objects of namespaces that
   * are no longer among them are told as deleted and `stale`, those of new ones as added and `initial`. While a new
   * namespace is listed the stores concerned are not in sync.
   *
   * @param namespaces undefined: all
   * @throws where a selector cannot be read
   */
  setNamespaces(namespaces: NamespaceSelection | undefined): void;
  /** Ends all watches. */
  stop(): Promise<void>;
}

/**
 * - `live`: the server is asked, each time;
 * - `watch`: the kind is watched from then on, all of it that the cache's options select; the read waits for the list;
 * - `fail`: the read fails, naming the kind: nothing is watched by accident.
 */
export type UnwatchedReads = "live" | "watch" | "fail";

/** What of a kind is to be read. */
export interface CacheRead {
  /** Default: all namespaces that the cache holds. */
  readonly namespace?: string;
  /** One object: watches by name can answer it, too. */
  readonly name?: string;
  /** Metadata is enough: what is watched of metadata alone can answer it, too. Default false. */
  readonly metadataOnly?: boolean;
}

/** What of a kind is watched. Where it says nothing, the cache's options do. */
export interface CacheSelection {
  /** One namespace. Default: those of the cache. */
  readonly namespace?: string;
  /** Several; see {@link NamespaceSelection}. Not together with `namespace`. Default: those of the cache. */
  readonly namespaces?: NamespaceSelection;
  /**
   * One object by its name (with `namespace`, where the kind has one): permission for this object suffices
   * (`resourceNames`). Default: all.
   */
  readonly name?: string;
  /** Selection by the server. Default: the cache's; `""`: none. */
  readonly labelSelector?: string;
  /** By the server, by the fields the kind can be selected by. Default: the cache's; `""`: none. */
  readonly fieldSelector?: string;
}

/** What is watched, and what is done with it. */
export interface CacheWatchOptions<T extends KubeObject> extends CacheSelection {
  /** Told of every object and change; see {@link StoreHandler}. Default: the store is kept, nobody is told. */
  readonly handler?: StoreHandler<T>;
  /**
   * Metadata is enough: nothing else is sent by the server or kept, unless somebody watches whole objects of the same
   * selection, which then serve both. Default: as the cache's `byKind` says, else false.
   */
  readonly metadataOnly?: boolean;
  /**
   * Indexes for `StoreListOptions.index`: those made by `index` or `fieldIndex`, or functions by name. Functions must be
   * pure. The same one may be registered many times.
   */
  readonly indexes?: readonly Index<T>[] | Readonly<Record<string, IndexFunction<T>>>;
  /**
   * Tell every object again as `updated` with `resync` after so many milliseconds, times 0.9 to 1.1; the server is not
   * asked. Default: never.
   */
  readonly resyncMs?: number;
}

/** A handle on what is watched, for as long as somebody wants it. Source: client-go's shared informers. */
export interface CacheWatch<T extends KubeObject> {
  /**
   * What is watched. Another one after `reselect`, and where whole objects come to be watched beside metadata: read it
   * anew rather than keep it.
   */
  readonly store: Store<T>;
  /** Resolves when the first list is in the store and this handler was told all of it; rejects when `signal` aborts. */
  synced(signal?: AbortSignal): Promise<void>;
  /**
   * Watches another selection from now on. The former is followed until the new one is in sync; then the handler is told
   * what differs: objects that are new to it as `added` and `initial`, those not selected any more as `deleted` and
   * `stale`. Resolves when all of that was told; rejects when it is called again before, or the watch is stopped.
   */
  reselect(selection: CacheSelection): Promise<void>;
  /** Gives up this handle; the watch ends with the last one. Idempotent. */
  stop(): void;
}
