import type { KubeObject, NamespacedName } from "./object.ts";

export type Scope = "Namespaced" | "Cluster";

/**
 * A kind of object as a value: everything needed to address it over the API, and (as a type parameter) what its
 * objects look like. Built-ins (`ConfigMap`, `Deployment` …) and the results of `defineResource` are such values.
 */
export interface Resource<T extends KubeObject = KubeObject> {
  /** API group; the core group is `""`. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Plural name in lower case, as in URLs. */
  readonly plural: string;
  readonly singular: string;
  /** Kind of its lists. */
  readonly listKind: string;
  readonly scope: Scope;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** Names of its subresources (`status`, `scale` …). */
  readonly subresources?: readonly string[];
  /** Only for the type system: never present at run time. */
  readonly __object?: T;
}

/** The object type of a resource value: `ObjectOf<typeof ConfigMap>`. */
export type ObjectOf<R> = R extends Resource<infer T> ? T : never;

/**
 * An object of a kind, which says so itself: `objectOf(ConfigMap, { metadata: { name: "settings" }, data })`. What the
 * kind requires, its type asks for. Kinds of one's own have `object()`, which checks the schema, too.
 */
export function objectOf<T extends KubeObject>(
  resource: Resource<T>,
  fields: Omit<T, "apiVersion" | "kind">,
): T & { readonly apiVersion: string; readonly kind: string } {
  // Where `T` is known, these are all of its fields.
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...(fields as T) };
}

/** What names an object within its kind. @throws Error where it has no name */
export function keyOf({ kind = "object", metadata }: KubeObject): NamespacedName {
  const { name, namespace } = metadata ?? {};
  if (!name) throw new Error(`${kind} has no metadata.name: give it one, or take the key of what the server answered`);
  return namespace ? { namespace, name } : { name };
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** `apps/v1`, or `v1` for the core group. */
export function apiVersionOf(resource: { readonly group: string; readonly version: string }): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

/** Splits `apps/v1` into group and version; a bare `v1` is of the core group. */
export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf("/");
  return slash < 0
    ? { group: "", version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** `deployments.apps`, or `configmaps` for the core group: how the API's messages name a resource. */
export function groupResource(resource: { readonly group: string; readonly plural: string }): string {
  return resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
}

/** URL path of a resource's collection, of one object, or of a subresource of it. Names are percent-encoded. */
export function resourcePath(
  resource: Pick<Resource, "group" | "version" | "plural" | "scope">,
  target: { readonly namespace?: string; readonly name?: string; readonly subresource?: string } = {},
): string {
  let path = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  if (resource.scope === "Namespaced" && target.namespace)
    path += `/namespaces/${encodeURIComponent(target.namespace)}`;
  path += `/${resource.plural}`;
  if (target.name !== undefined) path += `/${encodeURIComponent(target.name)}`;
  if (target.subresource !== undefined) path += `/${target.subresource}`;
  return path;
}
