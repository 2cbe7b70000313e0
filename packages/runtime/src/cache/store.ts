import type { KubeObject, NamespacedName, OwnerReference, Resource, Stored } from "@homeostat/api";
import type { IndexTerm } from "./indexes.ts";

/**
 * A view of the objects of one kind, kept up to date by a reflector. It holds bytes: metadata is scanned when an object
 * arrives, the rest is parsed only when somebody asks, and what is handed out is the asker's own copy. Reads are
 * synchronous and never ask the server.
 */
export interface Store<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  /** Whether the initial list has arrived. Until then reads see a part. */
  readonly synced: boolean;
  readonly size: number;
  /**
   * Newest version up to which this view is known to contain everything: of an event, a bookmark or the list; of several
   * watches under one view, the oldest of theirs. Undefined before the list.
   */
  readonly resourceVersion?: string | undefined;
  /** Calls `listener` after each step of the view (event, bookmark, list). The returned function ends that. */
  onProgress?(listener: () => void): () => void;
  /** Parses; undefined where there is nothing. */
  get(key: NamespacedName): Stored<T> | undefined;
  /** Parses what it returns, in order of namespace and name. Select first, by what needs no parsing. */
  list(options?: StoreListOptions): Stored<T>[];
  /** Without parsing. */
  peek(key: NamespacedName): CachedObject<T> | undefined;
  /** Without parsing, in no order (unless `limit` is given, which takes the first ones in order). */
  entries(options?: StoreListOptions): Iterable<CachedObject<T>>;
  /** Names of the indexes that `list` and `entries` can be asked by. Absent: none. */
  readonly indexNames?: readonly string[];
}

/** What of a store is listed; all that is given must hold. */
export interface StoreListOptions {
  /** Default: all that are watched. */
  readonly namespace?: string;
  /** A selector in the API's grammar, or labels that must all be equal. */
  readonly labelSelector?: string | Readonly<Record<string, string>>;
  /** Only objects that name this uid among their owners; answered by an index. */
  readonly ownerUid?: string;
  /**
   * A registered index and the value looked for, or several that must all hold; `byNode.is("n1")` makes one of an index.
   * Throws where no such index is registered, naming it.
   */
  readonly index?: IndexTerm | readonly IndexTerm[];
  /** At most so many, the first in order of namespace and name, of those that match all the rest. Default: all. */
  readonly limit?: number;
}

/** An object as the cache holds it: its metadata is at hand, the whole is parsed on demand. */
export interface CachedObject<T extends KubeObject = KubeObject> {
  /** What was scanned on arrival; reading it parses nothing. */
  readonly metadata: CachedMetadata;
  /**
   * Field manager of the newest entry of managedFields that is not about the status subresource, noted before they were
   * cut; undefined where there was none.
   */
  readonly writer?: string;
  /** The same of the entries that are about it. */
  readonly statusWriter?: string;
  /** Paths that differ from `old` (`spec.replicas`), at most eight, told from the bytes; where a store can. */
  changedPaths?(old: CachedObject<T>): readonly string[];
  /** Whether nothing but the resourceVersion (and managedFields) differs from `old`, told from the bytes; where a store can. */
  sameContent?(old: CachedObject<T>): boolean;
  /** The value at a path (`["spec", "nodeName"]`), read from the bytes without parsing the rest; where a store can. */
  field?(path: readonly string[]): unknown;
  /** Parses anew on every call: the result is the caller's own. */
  object(): Stored<T>;
}

/** What is known of an object without parsing it. Labels, annotations and lists are read from the bytes on access. */
export interface CachedMetadata {
  /** `namespace/name`, or `name`: the same string for the same object, always. */
  readonly key: string;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number | undefined;
  readonly deletionTimestamp: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ownerReferences: readonly OwnerReference[];
  readonly finalizers: readonly string[];
}

/** A change of a store, told after it was made. */
export type StoreEvent<T extends KubeObject = KubeObject> =
  /** `initial`: known from the first list rather than seen to be created. */
  | { readonly type: "added"; readonly object: CachedObject<T>; readonly initial: boolean }
  /** `resync`: nothing changed, told again on purpose. */
  | {
      readonly type: "updated";
      readonly object: CachedObject<T>;
      readonly old: CachedObject<T>;
      readonly resync: boolean;
    }
  /** `stale`: learnt from a new list, so the last state may not be the one deleted. */
  | { readonly type: "deleted"; readonly object: CachedObject<T>; readonly stale: boolean };

/**
 * Called in the turn in which the store changed, one handler after another: it must be quick, and hand real work to a
 * queue. One that throws, or whose promise rejects, is logged and disturbs nobody else; a promise is not waited for.
 */
export type StoreHandler<T extends KubeObject = KubeObject> = (event: StoreEvent<T>) => void;
