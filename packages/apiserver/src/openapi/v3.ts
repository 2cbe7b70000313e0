import { createHash } from "node:crypto";
import { apiVersionOf, type JsonObject, parseApiVersion, type Resource } from "@homeostat/api";
import type { BuiltinResource, BuiltinSubresource } from "../schema/builtin-resource.ts";
import { type BuiltinTypes, builtinTypes } from "../schema/builtin-types.ts";
import { API_VERSION, KIND, METADATA } from "./descriptions.ts";
import { META, type OpenapiDocument, type Parameter, refTo, type SchemaObject, SECURITY_SCHEMES } from "./document.ts";
import { optionParameters } from "./parameters.ts";
import { type PathResource, type PathSubresource, resourcePaths } from "./paths.ts";
import { builtinSchemas } from "./schemas.ts";

/**
 * The OpenAPI v3 documents of the API, one for each group version. kubectl needs them for `apply`, `create`, `edit`,
 * `diff` and `explain`; server-side apply libraries read list types and defaults from them.
 *
 * Documents are made when asked for, in a few milliseconds each; the caller keeps them.
 */

export interface OpenapiOptions {
  /** Version in `info`. Default `v1.36`. */
  readonly version?: string;
  /** Default: the committed types. */
  readonly types?: BuiltinTypes;
}

/** A custom resource at one version. */
export interface CustomOpenapiResource {
  readonly resource: Resource;
  /** `openAPIV3Schema` of the version; undefined where it has none. */
  readonly schema: JsonObject | undefined;
}

const ALL_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
/** Referred to by every document's operations. */
const COMMON = [`${META}.APIResourceList`, `${META}.DeleteOptions`, `${META}.Patch`, `${META}.Status`];
const SCALE = "io.k8s.api.autoscaling.v1.Scale";

/** The document of a built-in group version, `apps/v1` or `v1`; of `resources` only those of that version count. */
export function openapiV3Document(
  groupVersion: string,
  resources: readonly BuiltinResource[],
  options: OpenapiOptions = {},
): OpenapiDocument {
  const types = options.types ?? builtinTypes();
  const { group, version } = parseApiVersion(groupVersion);
  const paths = resources
    .filter((resource) => apiVersionOf(resource) === groupVersion)
    .map((resource) => builtinPathResource(resource, types));
  const roots = new Set([...COMMON, `${META}.WatchEvent`, ...paths.flatMap(referred)]);
  return document(options, resourcePaths(paths, { group, version }), builtinSchemas(types, roots, { group, version }));
}

/** The document of a group version of custom resources. */
export function customOpenapiV3Document(
  group: string,
  version: string,
  resources: readonly CustomOpenapiResource[],
  options: OpenapiOptions = {},
): OpenapiDocument {
  const types = options.types ?? builtinTypes();
  const paths = resources.map(customPathResource);
  const hasScale = resources.some(({ resource }) => resource.subresources?.includes("scale"));
  const shared = builtinSchemas(
    types,
    [...COMMON, `${META}.ObjectMeta`, `${META}.ListMeta`, ...(hasScale ? [SCALE] : [])],
    { group, version },
  );
  const own = Object.fromEntries(resources.flatMap((resource, index) => customSchemas(resource, paths[index]!)));
  return document(options, resourcePaths(paths, { group, version }), { ...own, ...shared });
}

/** A document as it is sent, with what names this state of it. */
export interface SerializedOpenapi {
  readonly body: string;
  /** SHA-512 of the body, in upper case hexadecimal, as upstream's hashes look. */
  readonly hash: string;
}

export function serializeOpenapi(documentOrIndex: object): SerializedOpenapi {
  const body = JSON.stringify(documentOrIndex);
  return { body, hash: createHash("sha512").update(body).digest("hex").toUpperCase() };
}

/** `apis/apps/v1`, or `api/v1` for the core group: how the index and the URLs name a document. */
export function openapiV3Path(groupVersion: string): string {
  return groupVersion.includes("/") ? `apis/${groupVersion}` : `api/${groupVersion}`;
}

/** The answer to `/openapi/v3`: where the documents are. `hashes` is by group version. */
export function openapiV3Index(hashes: ReadonlyMap<string, string>): {
  paths: Record<string, { serverRelativeURL: string }>;
} {
  const entries = [...hashes]
    .map(([groupVersion, hash]) => [openapiV3Path(groupVersion), hash] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    paths: Object.fromEntries(
      entries.map(([path, hash]) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }]),
    ),
  };
}

function document(
  options: OpenapiOptions,
  paths: OpenapiDocument["paths"],
  schemas: OpenapiDocument["components"]["schemas"],
): OpenapiDocument {
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: options.version ?? "v1.36" },
    paths,
    components: { schemas, securitySchemes: SECURITY_SCHEMES },
  };
}

const referred = (resource: PathResource): string[] => [
  resource.definition,
  ...(resource.listDefinition ? [resource.listDefinition] : []),
  ...resource.subresources.filter(({ connect }) => !connect).map(({ definition }) => definition),
];

function builtinPathResource(resource: BuiltinResource, types: BuiltinTypes): PathResource {
  return {
    ...resource,
    listDefinition: resource.listDefinition,
    subresources: resource.subresources.map((subresource) => builtinPathSubresource(resource, subresource, types)),
    custom: false,
  };
}

function builtinPathSubresource(
  resource: BuiltinResource,
  subresource: BuiltinSubresource,
  types: BuiltinTypes,
): PathSubresource {
  const text = resource.kind === "Pod" && subresource.name === "log";
  return {
    ...subresource,
    connect: subresource.connect ?? false,
    parameters: queryOf(
      text ? "io.k8s.api.core.v1.PodLogOptions" : subresource.definition,
      subresource.connect || text,
      types,
    ),
    text,
  };
}

function queryOf(definition: string, isOptions: boolean | undefined, types: BuiltinTypes): readonly Parameter[] {
  const found = isOptions ? types.find(definition) : undefined;
  return found ? optionParameters(found) : [];
}

function customPathResource({ resource }: CustomOpenapiResource): PathResource {
  const definition = customDefinition(resource, resource.kind);
  const own = { group: resource.group, version: resource.version, kind: resource.kind, definition };
  const scale = { group: "autoscaling", version: "v1", kind: "Scale", definition: SCALE };
  return {
    group: resource.group,
    version: resource.version,
    plural: resource.plural,
    kind: resource.kind,
    namespaced: resource.scope === "Namespaced",
    verbs: ALL_VERBS,
    definition,
    listDefinition: customDefinition(resource, resource.listKind),
    subresources: (resource.subresources ?? []).map((name) => ({
      name,
      ...(name === "scale" ? scale : own),
      verbs: ["get", "patch", "update"],
      connect: false,
      parameters: [],
      text: false,
    })),
    custom: true,
  };
}

/** `stable.example.com` → `com.example.stable.v1.CronTab`. */
function customDefinition(resource: Resource, kind: string): string {
  return `${resource.group.split(".").reverse().join(".")}.${resource.version}.${kind}`;
}

function customSchemas({ resource, schema }: CustomOpenapiResource, path: PathResource): [string, SchemaObject][] {
  const { group, version } = resource;
  return [
    [
      path.definition,
      { ...customObject(schema), "x-kubernetes-group-version-kind": [{ group, kind: resource.kind, version }] },
    ],
    [
      path.listDefinition!,
      {
        description: `A list of objects of kind ${resource.kind}.`,
        type: "object",
        properties: {
          apiVersion: { description: API_VERSION, type: "string" },
          items: { description: "The objects.", type: "array", items: refTo(path.definition) },
          kind: { description: KIND, type: "string" },
          metadata: { allOf: [refTo(`${META}.ListMeta`)], description: "Version and paging of the list." },
        },
        required: ["items"],
        "x-kubernetes-group-version-kind": [{ group, kind: resource.listKind, version }],
      },
    ],
  ];
}

/** The definition's schema with what every object has; metadata is never the author's to describe. */
function customObject(schema: JsonObject | undefined): SchemaObject {
  const given = (schema?.["properties"] ?? {}) as JsonObject;
  const properties: SchemaObject = {
    ...given,
    apiVersion: { description: API_VERSION, type: "string" },
    kind: { description: KIND, type: "string" },
    metadata: { allOf: [refTo(`${META}.ObjectMeta`)], description: METADATA },
  };
  return { type: "object", ...(schema ?? { "x-kubernetes-preserve-unknown-fields": true }), properties };
}
