/**
 * The shapes every Kubernetes object shares. Objects are plain JSON: no classes, no serializers; times are RFC 3339
 * strings; what a caller is handed is the caller's own copy.
 *
 * Source: API conventions, "Objects" and "Metadata".
 */

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A JSON object whose fields are not known here. */
export type JsonObject = { [key: string]: Json };

/** A reference to an owner, which lives in the same namespace or is cluster-scoped. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  /** At most one owner of an object is its managing controller. Default false. */
  readonly controller?: boolean;
  /** Foreground deletion of the owner waits for this object. Default false. */
  readonly blockOwnerDeletion?: boolean;
}

/** What one field manager owns of an object. Source: KEP-555, server-side apply. */
export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: "Apply" | "Update";
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: "FieldsV1";
  readonly fieldsV1?: JsonObject;
  readonly subresource?: string;
}

/** Metadata of a persisted object. */
export interface ObjectMeta {
  readonly name?: string;
  /** Prefix of a name the server completes with five random characters; used when `name` is empty. */
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  /** Opaque to clients, except that two of one resource may be compared as integers (KEP-5504). */
  readonly resourceVersion?: string;
  /** Counts changes of the desired state; absent for kinds that do not count. */
  readonly generation?: number;
  readonly creationTimestamp?: string | null;
  readonly deletionTimestamp?: string;
  /** Seconds, as in Kubernetes. */
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
  readonly selfLink?: string;
}

/** Any Kubernetes object. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
}

/** An object as the server hands it out: identity is always there. */
export type Stored<T extends KubeObject = KubeObject> = T & {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta & { readonly name: string; readonly uid: string; readonly resourceVersion: string };
};

export interface ListMeta {
  readonly resourceVersion?: string;
  /** Token of the next page; absent on the last. */
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface KubeList<T extends KubeObject = KubeObject> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ListMeta;
  readonly items: readonly T[];
}

/** Names one object of a kind; cluster-scoped objects have no namespace. */
export interface NamespacedName {
  readonly namespace?: string;
  readonly name: string;
}

/** One event of a watch. Source: API concepts, "Efficient detection of changes". */
export type WatchEvent<T extends KubeObject = KubeObject> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly object: KubeObject }
  | { readonly type: "ERROR"; readonly object: import("./status.ts").Status };
