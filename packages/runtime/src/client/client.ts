import type {
  Json,
  JsonObject,
  KubeObject,
  NamespacedName,
  Resource,
  Status,
  Stored,
  WatchEvent,
} from "@homeostat/api";

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
  /** RFC 7386. */
  patchMerge<T extends KubeObject>(
    resource: Resource<T>,
    key: NamespacedName,
    patch: JsonObject,
    options?: WriteOptions,
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
    options?: WriteOptions,
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

export interface ReadOptions {
  /**
   * `cache` (default where the client has one that watches the kind) waits for the client's own writes to arrive;
   * `live` always asks the server.
   */
  readonly from?: "cache" | "live";
  readonly signal?: AbortSignal;
}

export interface ListOptions extends ReadOptions {
  /** Default: all namespaces. */
  readonly namespace?: string;
  /** A selector in the API's grammar, or labels that must all be equal. */
  readonly labelSelector?: string | Readonly<Record<string, string>>;
  /** `metadata.name=a,status.phase!=Running` */
  readonly fieldSelector?: string;
  /** Live lists only: page size. Default: the server decides. */
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: "NotOlderThan" | "Exact";
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string | Readonly<Record<string, string>>;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly allowWatchBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
}

export interface WriteOptions {
  /** Who writes, for ownership of fields. Default: the client's `fieldManager`. At most 128 characters. */
  readonly fieldManager?: string;
  /** Go through everything but store nothing. Default false. */
  readonly dryRun?: boolean;
  /** What the server does about unknown and duplicate fields. Default: the client's, `Strict` unless set otherwise. */
  readonly fieldValidation?: "Ignore" | "Warn" | "Strict";
  readonly signal?: AbortSignal;
}

export interface ApplyOptions extends WriteOptions {
  /** Take fields from other managers rather than fail. Default false. */
  readonly force?: boolean;
}

export interface DeleteOptions {
  readonly propagationPolicy?: "Foreground" | "Background" | "Orphan";
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}
