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
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<StoredList<T>>;
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
  readonly status: SubresourceClient;
  subresource(name: string): SubresourceClient;
  readonly scale: ScaleClient;
}

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

export interface Scale extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number; readonly selector?: string };
}

export interface StoredList<T extends KubeObject> {
  readonly items: readonly Stored<T>[];
  readonly resourceVersion: string;
  /** Token of the next page; undefined on the last. */
  readonly continue: string | undefined;
  readonly remainingItemCount: number | undefined;
}

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
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: "NotOlderThan" | "Exact";
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: LabelSelection;
  readonly fieldSelector?: FieldSelection;
  readonly resourceVersion?: string;
  readonly allowWatchBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
}

export interface WriteOptions extends RequestOptions {
  /** Who writes, for ownership of fields. Default: the client's `fieldManager`. 1 to 128 characters. */
  readonly fieldManager?: string;
  /** Go through everything but store nothing. Default false. */
  readonly dryRun?: boolean;
  /** What the server does about unknown and duplicate fields. Default: the client's, `Strict` unless set otherwise. */
  readonly fieldValidation?: "Ignore" | "Warn" | "Strict";
}

export interface MergePatchOptions extends WriteOptions {
  /**
   * Fail with Conflict where the object has changed since the patch was made. The patch must then carry
   * `metadata.resourceVersion`, that of the object it was made from; without it nothing is sent. Default false.
   */
  readonly optimisticLock?: boolean;
}

export interface ApplyOptions extends WriteOptions {
  /** Take fields from other managers rather than fail. Default false. */
  readonly force?: boolean;
}

export interface DeleteOptions extends RequestOptions {
  readonly propagationPolicy?: "Foreground" | "Background" | "Orphan";
  readonly gracePeriodSeconds?: number;
  /** Delete only this one. @throws ApiError Conflict where it is another, or has another version */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
}
