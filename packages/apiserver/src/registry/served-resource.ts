import type { Clock, JsonObject, Resource, StatusCause } from "@homeostat/api";
import type { UserInfo } from "../auth/user-info.ts";
import type { ObjectSchema } from "../schema/object-schema.ts";
import type { TableColumns } from "../tables/columns.ts";

/** A resource at one version, as the server serves it. */
export interface ServedResource {
  readonly resource: Resource;
  readonly verbs: readonly Verb[];
  readonly subresources: ReadonlyMap<string, ServedSubresource>;
  readonly schema: ObjectSchema;
  readonly strategy: Strategy;
  readonly columns: TableColumns;
  /** Version its objects are stored at; another one than `resource.version` means conversion on the way. */
  readonly storageVersion: string;
  /** Under whose name its objects are stored, where two groups show the same objects (Events). Default: its own. */
  readonly storedAs?: { readonly group: string; readonly version: string; readonly plural: string };
  /** Defined by a CustomResourceDefinition. */
  readonly custom: boolean;
  /** Text of the `Warning` every request for a deprecated version carries. */
  readonly deprecation?: string | undefined;
  /** Of a custom kind: the `openAPIV3Schema` its definition gives this version, for the published OpenAPI. */
  readonly openapiSchema?: JsonObject;
  /**
   * Turns an object of another version of this kind into this version. With strategy None only `apiVersion` changes.
   */
  convert(object: JsonObject): Promise<JsonObject>;
  /** The same for several objects, where one call for all is cheaper than one for each: with a conversion webhook. */
  convertAll?(objects: readonly JsonObject[]): Promise<JsonObject[]>;
}

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

export interface ServedSubresource {
  readonly name: string;
  readonly verbs: readonly Verb[];
  /** Kind of what it reads and writes, where it is not the resource's own. */
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
}

/** What a strategy may know of the request. */
export interface StrategyContext {
  readonly clock: Clock;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** The subresource written through, undefined for the object itself. */
  readonly subresource: string | undefined;
}

/**
 * The rules of a kind that its schema cannot state. All functions are pure but for `object`, which they change in
 * place. Source: the registry strategies of kube-apiserver.
 */
export interface Strategy {
  /** Whether `metadata.generation` counts changes of the object. */
  readonly generation: boolean;
  /** Whether `status` is written only through its subresource. */
  readonly status: boolean;
  /** Whether a PUT may leave out `metadata.resourceVersion`. */
  readonly unconditionalUpdate: boolean;
  /** Whether a PUT may create. */
  readonly createOnUpdate: boolean;
  /** Whether a DELETE answers with the object rather than a Status. */
  readonly deleteReturnsObject: boolean;
  /** Undefined when the name is good, else what is wrong with it. */
  nameProblem(name: string): string | undefined;
  prepareForCreate?(object: JsonObject, context: StrategyContext): void;
  prepareForUpdate?(object: JsonObject, old: JsonObject, context: StrategyContext): void;
  validate?(object: JsonObject, context: StrategyContext): StatusCause[];
  validateUpdate?(object: JsonObject, old: JsonObject, context: StrategyContext): StatusCause[];
  /** Checks whose code is loaded by their first use. After the others, on creates and, with `old`, on updates. */
  validateLate?(object: JsonObject, old: JsonObject | undefined, context: StrategyContext): Promise<StatusCause[]>;
  /** Texts for `Warning` headers. */
  warnings?(object: JsonObject, old?: JsonObject): string[];
  /** Values of the field selectors the kind supports beyond metadata.name and metadata.namespace. */
  fields?(object: JsonObject): Record<string, string>;
  /** Names of those, for checking a selector before there is an object. */
  readonly fieldNames?: readonly string[];
  /** Grace period of a delete in seconds; undefined or 0: at once. */
  gracePeriodSeconds?(object: JsonObject, requested: number | undefined): number | undefined;
  /** Whether what a write takes (cluster IPs, node ports) must be handed out before storing and given back after deleting. */
  readonly allocator?: Allocator;
}

export interface Allocator {
  /** Fills in what the object needs. Returns what is wrong, if it asks for what cannot be had. */
  allocate(object: JsonObject, old: JsonObject | undefined, context: StrategyContext): StatusCause[];
  release(object: JsonObject): void;
  /** Learns of an object found in a storage at start. */
  adopt(object: JsonObject): void;
}
