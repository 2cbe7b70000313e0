import type {
  Json,
  JsonObject,
  KubeObject,
  LabelSelector,
  NamespacedName,
  Resource,
  Status,
  Stored,
  WatchEvent,
} from "@homeostat/api";
import type { Logger } from "../log.ts";

/**
 * Everything an operator asks of an API server. Writes return a new object and never touch their argument; every
 * failure is an `ApiError` with the server's Status, or the transport's own error where there was no answer.
 *
 * Server-side apply is the usual way to write: it says what is wanted and owns just that.
 */
export interface Client {
  /** @throws ApiError NotFound */
  get<T extends KubeObject>(resource: Resource<T>, key: NamespacedName, options?: ReadOptions): Promise<Stored<T>>;
  /** Like `get`, undefined where there is nothing. */
  find<T extends KubeObject>(
    resource: Resource<T>,
    key: NamespacedName,
    options?: ReadOptions,
  ): Promise<Stored<T> | undefined>;
  /** Everything selected, from the cache where it can answer; from the server one page where `limit` is given. */
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<StoredList<T>>;
  /** @throws ApiError AlreadyExists, Invalid (422) with every field that is wrong */
  create<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<Stored<T>>;
  /** Replaces the object. With `metadata.resourceVersion` set it is an optimistic lock. @throws ApiError Conflict */
  update<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<Stored<T>>;
  /** RFC 6902. */
  patchJson<T extends KubeObject>(
    resource: Resource<T>,
    key: NamespacedName,
    operations: readonly JsonPatchOperation[],
    options?: WriteOptions,
  ): Promise<Stored<T>>;
  /** RFC 7386: what is `null` is removed, lists are replaced whole. `patch` (the function) makes one of two states. */
  patchMerge<T extends KubeObject>(
    resource: Resource<T>,
    key: NamespacedName,
    patch: JsonObject,
    options?: MergePatchOptions,
  ): Promise<Stored<T>>;
  /** Only built-in kinds know it. @throws ApiError UnsupportedMediaType for custom ones */
  patchStrategic<T extends KubeObject>(
    resource: Resource<T>,
    key: NamespacedName,
    patch: JsonObject,
    options?: WriteOptions,
  ): Promise<Stored<T>>;
  /** Server-side apply. @throws ApiError Conflict naming the other manager, unless `force` */
  apply<T extends KubeObject>(resource: Resource<T>, object: T, options?: ApplyOptions): Promise<Stored<T>>;
  /** Answers with the object while it waits for finalizers or a grace period, else with the server's Status. */
  delete<T extends KubeObject>(
    resource: Resource<T>,
    key: NamespacedName,
    options?: DeleteOptions,
  ): Promise<Stored<T> | Status>;
  /**
   * Deletes what the selectors choose, of namespaced kinds in the one `namespace`, which must be given. Cached reads
   * that follow wait for those objects to go that nothing holds; with finalizers, or pods in their grace, they do not.
   * @throws Error where a selector is given as `undefined`: left out it means all, and `null` means none
   */
  deleteAll<T extends KubeObject>(resource: Resource<T>, options?: ListOptions & DeleteOptions): Promise<void>;
  /** One watch request; ends when the server ends it. For a lasting view use a cache. */
  watch<T extends KubeObject>(resource: Resource<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** `subresource("status")`. Writes there leave `generation` alone. */
  readonly status: SubresourceClient;
  /** By its name in the API: `approval`, `ephemeralcontainers`, `eviction`, `token` … */
  subresource(name: string): SubresourceClient;
  /** Replicas, whatever the kind. */
  readonly scale: ScaleClient;
}

/** Part of an object that has an address of its own. As with objects, writes return and never touch their argument. */
export interface SubresourceClient {
  get<T extends KubeObject>(resource: Resource<T>, key: NamespacedName, options?: ReadOptions): Promise<Stored<T>>;
  /** POST, as `eviction`, `binding` and `token` want it; `body` is of the subresource's own kind. */
  create<B extends KubeObject>(resource: Resource, key: NamespacedName, body: B, options?: WriteOptions): Promise<B>;
  /** `object` is of the kind itself (`status`, `approval`), or says its own kind (`scale`: autoscaling/v1 Scale). */
  update<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<Stored<T>>;
  patchJson<T extends KubeObject>(
    resource: Resource<T>,
    key: NamespacedName,
    operations: readonly JsonPatchOperation[],
    options?: WriteOptions,
  ): Promise<Stored<T>>;
  patchMerge<T extends KubeObject>(
    resource: Resource<T>,
    key: NamespacedName,
    patch: JsonObject,
    options?: MergePatchOptions,
  ): Promise<Stored<T>>;
  apply<T extends KubeObject>(resource: Resource<T>, object: T, options?: ApplyOptions): Promise<Stored<T>>;
}

/** autoscaling/v1 Scale, of the objects that have the subresource. */
export interface ScaleClient {
  get(resource: Resource, key: NamespacedName, options?: ReadOptions): Promise<Scale>;
  /** Sets the wanted number of replicas. */
  set(resource: Resource, key: NamespacedName, replicas: number, options?: WriteOptions): Promise<Scale>;
}

/** What autoscaling/v1 knows of an object that scales. `selector` is in the API's grammar. */
export interface Scale extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number; readonly selector?: string };
}

/** What a list is answered with. */
export interface StoredList<T extends KubeObject> {
  readonly items: readonly Stored<T>[];
  /** Of the whole list: where a watch goes on. */
  readonly resourceVersion: string;
  /** Token of the next page; undefined on the last. */
  readonly continue: string | undefined;
  /** How many are left after this page, where the server says so. */
  readonly remainingItemCount: number | undefined;
}

/** One step of RFC 6902; `path` and `from` are JSON pointers. */
export type JsonPatchOperation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: Json }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "move" | "copy"; readonly from: string; readonly path: string };

/** What every request takes. */
export interface RequestOptions {
  /** Ends the request with the signal's reason. Default: it has no deadline. */
  readonly signal?: AbortSignal;
  /** Where warnings of the server about this request are told, such as a reconcile's log. Default: the client's. */
  readonly log?: Logger;
}

/** What reads take besides. */
export interface ReadOptions extends RequestOptions {
  /**
   * `cache` (default where the client has one that watches the kind) waits for the client's own writes to arrive;
   * `live` always asks the server.
   */
  readonly from?: "cache" | "live";
  /** Whether a read from the cache waits for this client's own writes. Default true. */
  readonly readYourWrites?: boolean;
}

/**
 * What labels are wanted: text in the API's grammar, labels that must all be equal, or a LabelSelector as objects
 * carry it. `{}` and `""` match everything; `null`, as in Go, nothing: an object without a selector selects nothing.
 */
export type LabelSelection = string | Readonly<Record<string, string>> | LabelSelector | null;

/** What fields are wanted: text (`metadata.name=a,status.phase!=Running`), or values that must all be equal; `null` matches nothing. */
export type FieldSelection = string | Readonly<Record<string, string>> | null;

/** What is listed, and in which pages. */
export interface ListOptions extends ReadOptions {
  /** Default: all namespaces. */
  readonly namespace?: string;
  /** Default: all. */
  readonly labelSelector?: LabelSelection;
  /**
   * A cache answers names, namespaces, and equality of fields that an index of the same name is registered for; what
   * else is asked goes to the server. Default: all.
   */
  readonly fieldSelector?: FieldSelection;
  /**
   * Size of a page, for which the server is asked; where the cache's `unwatched` is not `live`, the most that it answers.
   * Default: the server decides.
   */
  readonly limit?: number;
  /** The `continue` of the page before. Asks the server. Default: from the beginning. */
  readonly continue?: string;
  /** Asks the server for this state, or one not older. Default: the newest. */
  readonly resourceVersion?: string;
  /** What `resourceVersion` means. Default: not older. @throws ApiError Expired (410) where the version is gone */
  readonly resourceVersionMatch?: "NotOlderThan" | "Exact";
}

/** One watch request. Source: Kubernetes API concepts, "Efficient detection of changes". */
export interface WatchOptions {
  /** Default: all. */
  readonly namespace?: string;
  /** Default: all. */
  readonly labelSelector?: LabelSelection;
  /** Default: all. */
  readonly fieldSelector?: FieldSelection;
  /** Changes after this version. Default: what exists as ADDED, then changes. */
  readonly resourceVersion?: string;
  /** Ask for events that carry a version and nothing else. Default false. */
  readonly allowWatchBookmarks?: boolean;
  /** Stream what exists first, ended by a bookmark (KEP-3157). Ask for bookmarks, too. Default false. */
  readonly sendInitialEvents?: boolean;
  /** When the server ends the watch, in seconds. Default: the server decides. */
  readonly timeoutSeconds?: number;
  /** Ends the watch. Default: the server does. */
  readonly signal?: AbortSignal;
}

/** What writes take besides. */
export interface WriteOptions extends RequestOptions {
  /** Who writes, for ownership of fields. Default: the client's `fieldManager`. 1 to 128 characters. */
  readonly fieldManager?: string;
  /** Go through everything but store nothing. Default false. */
  readonly dryRun?: boolean;
  /** What the server does about unknown and duplicate fields. Default: the client's, `Strict` unless set otherwise. */
  readonly fieldValidation?: "Ignore" | "Warn" | "Strict";
}

/** What merge patches take besides. */
export interface MergePatchOptions extends WriteOptions {
  /**
   * Fail with Conflict where the object has changed since the patch was made. The patch must then carry
   * `metadata.resourceVersion`, that of the object it was made from; without it nothing is sent. Default false.
   */
  readonly optimisticLock?: boolean;
}

/** What server-side apply takes besides. Source: KEP-555. */
export interface ApplyOptions extends WriteOptions {
  /** Take fields from other managers rather than fail. Default false. */
  readonly force?: boolean;
}

/** How something is deleted. */
export interface DeleteOptions extends RequestOptions {
  /**
   * What becomes of objects it owns: deleted before it, after it, or kept. Default: the kind's, mostly
   * `Background`.
   */
  readonly propagationPolicy?: "Foreground" | "Background" | "Orphan";
  /** Seconds a pod is given to end; 0: none. Default: the object's. */
  readonly gracePeriodSeconds?: number;
  /** Delete only this one. @throws ApiError Conflict where it is another, or has another version */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  /** Go through everything but delete nothing. Default false. */
  readonly dryRun?: boolean;
}
