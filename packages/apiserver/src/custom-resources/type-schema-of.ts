import type { Field, ScalarType, StructType, TypeSchema } from "../schema/type-schema.ts";
import { untyped } from "../schema/type-schema.ts";
import type { StructuralSchema } from "./structural-schema.ts";

export interface TypeSchemaOptions {
  /** Type of `metadata`, of the root and of embedded resources: the generated ObjectMeta. */
  readonly objectMeta: TypeSchema;
}

/**
 * The types of a custom kind as server-side apply needs them: which lists are merged by key or value, which objects
 * are owned as a whole, where undeclared fields may be. Source: KEP-555, `x-kubernetes-list-type`, `-map-type`.
 */
export function typeSchemaOf(schema: StructuralSchema, options: TypeSchemaOptions): TypeSchema {
  return objectType(schema, options, true);
}

const text: ScalarType = { kind: "scalar", scalar: "string" };

function typeOf(schema: StructuralSchema, options: TypeSchemaOptions): TypeSchema {
  if (schema.intOrString) return { kind: "scalar", scalar: "intOrString" };
  switch (schema.type) {
    case undefined:
      // Without a type it is anything, unless properties say that it is an object after all.
      return schema.properties.size > 0 ? objectType(schema, options, false) : untyped;
    case "object":
      return objectType(schema, options, false);
    case "array":
      return {
        kind: "list",
        item: schema.items ? typeOf(schema.items, options) : untyped,
        listType: schema.listType,
        keys: schema.listType === "map" ? schema.listMapKeys : [],
      };
    default:
      return { kind: "scalar", scalar: schema.type };
  }
}

function objectType(schema: StructuralSchema, options: TypeSchemaOptions, isRoot: boolean): TypeSchema {
  if (schema.additionalProperties !== undefined && schema.properties.size === 0 && !isRoot) {
    const value = schema.additionalProperties === "any" ? untyped : typeOf(schema.additionalProperties, options);
    return { kind: "map", value, atomic: schema.atomicMap };
  }
  const fields = new Map<string, Field>();
  if (isRoot || schema.embeddedResource) {
    fields.set("apiVersion", { type: text }).set("kind", { type: text }).set("metadata", { type: options.objectMeta });
  }
  for (const [name, property] of schema.properties) {
    if (!fields.has(name)) fields.set(name, fieldOf(name, property, schema, options));
  }
  return structOf(fields, schema);
}

function fieldOf(
  name: string,
  property: StructuralSchema,
  parent: StructuralSchema,
  options: TypeSchemaOptions,
): Field {
  return {
    type: typeOf(property, options),
    ...(property.default === undefined ? {} : { default: property.default }),
    ...(parent.required.includes(name) ? { required: true } : {}),
  };
}

function structOf(fields: ReadonlyMap<string, Field>, schema: StructuralSchema): StructType {
  return {
    kind: "struct",
    field: (name) => fields.get(name),
    names: [...fields.keys()],
    atomic: schema.atomicMap,
    preserveUnknown: schema.preserveUnknown,
  };
}
