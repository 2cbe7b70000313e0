import type { z } from "zod";
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  CustomResourceSubresourceScale,
  JSONSchemaProps,
  ValidationRule,
} from "../groups/apiextensions-v1.ts";
import type { Json, KubeObject } from "../object.ts";
import { apiVersionOf, type Resource, type Scope } from "../resource.ts";
import { customResourceDefinition } from "./crd.ts";
import { type CustomResourceParser, parseCustomResource } from "./parse.ts";
import { mayBeAbsent, structuralSchema } from "./structural.ts";

/** All of `T` readonly, as objects of the API are typed; JSON of unknown shape stays as `Json` has it. */
export type DeepReadonly<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer E)[]
    ? Json extends E
      ? T
      : readonly DeepReadonly<E>[]
    : T extends object
      ? string extends keyof T
        ? Readonly<Record<string, ReadonlyValue<T>>>
        : { readonly [K in keyof T]: DeepReadonly<T[K]> }
      : T;

type ReadonlyValue<T> = T extends Readonly<Record<string, infer V>> ? (Json extends V ? V : DeepReadonly<V>) : never;

type NoSchema = undefined;
type Read<S> = S extends z.ZodType ? DeepReadonly<z.output<S>> : never;
type Write<S> = S extends z.ZodType ? DeepReadonly<z.input<S>> : never;
/** A field that is optional exactly where its schema is. */
type Field<Name extends string, Value> = undefined extends Value
  ? { readonly [K in Name]?: Value }
  : { readonly [K in Name]: Value };
type StatusField<S, Value> = S extends NoSchema ? unknown : { readonly status?: Value };

/** Objects as the server hands them out: what has a default is there. */
export type CustomResource<Spec extends z.ZodType, Status extends z.ZodType | NoSchema = NoSchema> = KubeObject &
  Field<"spec", Read<Spec>> &
  StatusField<Status, Read<Status>>;

/** Objects as they may be written: what has a default may be left out. */
export type CustomResourceInput<Spec extends z.ZodType, Status extends z.ZodType | NoSchema = NoSchema> = KubeObject &
  Field<"spec", Write<Spec>> &
  StatusField<Status, Write<Status>>;

export interface ResourceDefinition<Spec extends z.ZodType, Status extends z.ZodType | NoSchema = NoSchema> {
  /** API group: a domain of yours, `example.com`. */
  readonly group: string;
  readonly version: string;
  /** CamelCase. */
  readonly kind: string;
  /** Lower case. Default: the kind in lower case and the plural, by the rules of English. */
  readonly plural?: string;
  /** Lower case. Default: the kind in lower case. */
  readonly singular?: string;
  /** What people may type for it. Default none. */
  readonly shortNames?: readonly string[];
  /** Groups of kinds it belongs to, `all` for one. Default none. */
  readonly categories?: readonly string[];
  /** Default `Namespaced`. */
  readonly scope?: Scope;
  /** Said by `kubectl explain`. Default none. */
  readonly description?: string;
  readonly spec: Spec;
  /** Turns the status subresource on. Every field in it should be optional: objects start without a status. */
  readonly status?: Status;
  /** Columns of `kubectl get` beside the name. Default: the age. Where some are given, add {@link ageColumn} to keep it. */
  readonly printerColumns?: readonly CustomResourceColumnDefinition[];
  readonly subresources?: { readonly scale?: CustomResourceSubresourceScale };
  /** CEL rules about the whole object; `self.metadata` has only the name. For rules about a part see `rules()`. */
  readonly rules?: readonly ValidationRule[];
  /** Paths that field selectors may use: `.spec.color`. Needs Kubernetes 1.31. Default none. */
  readonly selectableFields?: readonly string[];
  /** Whether the server warns who uses this version; a text replaces the server's own. Default false. */
  readonly deprecated?: boolean | string;
}

/** A resource that knows its schema. */
export interface DefinedResource<T extends KubeObject = KubeObject, Input extends KubeObject = T> extends Resource<T> {
  readonly scope: Scope;
  /** The structural schema of whole objects. */
  readonly schema: JSONSchemaProps;
  /** What the CRD says of this version besides the schema. */
  readonly columns: readonly CustomResourceColumnDefinition[];
  readonly scale?: CustomResourceSubresourceScale;
  readonly selectableFields: readonly string[];
  readonly deprecated: boolean | string;
  /** The CustomResourceDefinition to apply. Several versions of a kind: see {@link customResourceDefinition}. */
  crd(): CustomResourceDefinition;
  /**
   * Completes an object to be written: sets `apiVersion` and `kind`, leaves defaults to the server. Its type is that of
   * objects read, so that clients take it; fields with a default may really be missing until it is read back.
   */
  object(input: Input): T;
  /**
   * Checks an object as the server would and returns it with defaults filled in and unknown fields dropped. For tests
   * of pure code: CEL rules and list uniqueness are checked by a server only. Throws `ApiError` (422) with a cause per finding.
   */
  parse(object: unknown): T;
  /** Only for the type system: never present at run time. */
  readonly __input?: Input;
}

/** What may be written of a resource: `InputOf<typeof WebApp>`. */
export type InputOf<R> = R extends DefinedResource<KubeObject, infer Input> ? Input : never;

/** The column `kubectl get` shows by default. */
export const ageColumn: CustomResourceColumnDefinition = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
};

/** A column with the status of one condition. */
export function conditionColumn(type: string, name = type): CustomResourceColumnDefinition {
  return { name, type: "string", jsonPath: `.status.conditions[?(@.type=="${type}")].status` };
}

/**
 * Defines a kind once: the returned value addresses it over the API, yields its CustomResourceDefinition, and types its
 * objects.
 *
 *     export const WebApp = defineResource({
 *       group: "example.com", version: "v1", kind: "WebApp",
 *       spec: z.object({ image: z.string(), replicas: z.int().min(0).default(1) }),
 *       status: z.object({ conditions: conditions().optional() }),
 *     });
 *     export type WebApp = ObjectOf<typeof WebApp>;
 *
 * Further versions are further `defineResource` calls with the same group and kind, put together by
 * {@link customResourceDefinition}. Throws `SchemaError` where the schema says what a CRD cannot.
 */
export function defineResource<const Spec extends z.ZodType, const Status extends z.ZodType | NoSchema = NoSchema>(
  definition: ResourceDefinition<Spec, Status>,
): DefinedResource<CustomResource<Spec, Status>, CustomResourceInput<Spec, Status>> {
  const { group, version, kind, shortNames, categories } = definition;
  const lower = kind.toLowerCase();
  const parser: CustomResourceParser = { group, version, kind, spec: definition.spec, status: definition.status };
  const subresources = [...(definition.subresources?.scale ? ["scale"] : []), ...(definition.status ? ["status"] : [])];
  const resource: DefinedResource<CustomResource<Spec, Status>, CustomResourceInput<Spec, Status>> = {
    group,
    version,
    kind,
    plural: definition.plural ?? pluralOf(lower),
    singular: definition.singular ?? lower,
    listKind: `${kind}List`,
    scope: definition.scope ?? "Namespaced",
    ...(shortNames?.length ? { shortNames } : {}),
    ...(categories?.length ? { categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
    schema: rootSchema(definition),
    columns: definition.printerColumns ?? [ageColumn],
    ...(definition.subresources?.scale ? { scale: definition.subresources.scale } : {}),
    selectableFields: definition.selectableFields ?? [],
    deprecated: definition.deprecated ?? false,
    crd: () => customResourceDefinition([resource]),
    object: (input) =>
      ({ ...input, apiVersion: apiVersionOf({ group, version }), kind }) as unknown as CustomResource<Spec, Status>,
    parse: (object) => parseCustomResource(parser, object) as unknown as CustomResource<Spec, Status>,
  };
  return resource;
}

function rootSchema(definition: ResourceDefinition<z.ZodType, z.ZodType | NoSchema>): JSONSchemaProps {
  const { spec, status, rules } = definition;
  return {
    ...(definition.description === undefined ? {} : { description: definition.description }),
    type: "object",
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      spec: structuralSchema(spec, "spec"),
      ...(status ? { status: structuralSchema(status, "status") } : {}),
    },
    ...(mayBeAbsent(spec) ? {} : { required: ["spec"] }),
    ...(rules?.length ? { "x-kubernetes-validations": rules } : {}),
  };
}

/** English, as far as kinds need it: `policy` → `policies`, `box` → `boxes`. */
function pluralOf(singular: string): string {
  if (/(s|x|z|ch|sh)$/.test(singular)) return `${singular}es`;
  if (/[^aeiou]y$/.test(singular)) return `${singular.slice(0, -1)}ies`;
  return `${singular}s`;
}
