import type { $ZodType, $ZodTypes } from "zod/v4/core";
import { SchemaError } from "../errors.ts";
import type { JSONSchemaProps, ValidationRule } from "../groups/apiextensions-v1.ts";
import type { Json } from "../object.ts";
import { applyChecks } from "./checks.ts";
import { zod } from "./on-demand.ts";
import { convertIntersection, convertUnion } from "./union.ts";

/**
 * Zod schema → structural schema of a CustomResourceDefinition.
 *
 * Zod's own `z.toJSONSchema` speaks JSON Schema, of which a structural schema is a narrow part: types at every level, unions
 * only as bare validations beside the types, no `$ref`, no `additionalProperties: false`, its own keywords for
 * int-or-string and kept fields, RE2 patterns. Correcting all that afterwards would lose the path at which something
 * cannot be said, so the schema is walked here and every refusal names its path and a way out.
 *
 * Source: apiextensions, "Specifying a structural schema".
 */
export type SchemaNode = { -readonly [K in keyof JSONSchemaProps]: JSONSchemaProps[K] };

/**
 * Converts `schema`; `path` is where it stands, for messages. Throws `SchemaError`.
 * @param above schemas this one stands in, to notice one that contains itself
 */
export function structuralSchema(schema: $ZodType, path: string, above: readonly $ZodType[] = []): SchemaNode {
  if (above.includes(schema)) throw new SchemaError(path, waysOut["lazy"]!);
  const meta = metaOf(schema);
  const within = [...above, schema];
  const node =
    meta["x-kubernetes-int-or-string"] === true
      ? intOrStringNode(schema as $ZodTypes)
      : convert(schema as $ZodTypes, path, within);
  return withMeta(node, meta);
}

/** Whether an object may be sent without this field: optional, or the server fills it in. */
export function mayBeAbsent(schema: $ZodType): boolean {
  return schema._zod.optin !== undefined;
}

function convert(schema: $ZodTypes, path: string, within: readonly $ZodType[]): SchemaNode {
  const definition = schema._zod.def;
  switch (definition.type) {
    case "string":
    case "number":
    case "boolean": {
      const node: SchemaNode = { type: definition.type };
      applyChecks(definition, node, path);
      return node;
    }
    case "enum":
      return enumNode(Object.values(definition.entries), path);
    case "literal":
      return enumNode(definition.values, path);
    case "any":
    case "unknown":
      return { "x-kubernetes-preserve-unknown-fields": true };
    case "array": {
      const node: SchemaNode = { type: "array", items: structuralSchema(definition.element, `${path}[]`, within) };
      applyChecks(definition, node, path);
      checkListKeys(schema, node, path);
      return node;
    }
    case "object":
      return objectNode(definition, path, within);
    case "record":
      return recordNode(definition, path, within);
    case "union":
      return convertUnion(definition.options, path, within);
    case "intersection":
      return convertIntersection([definition.left, definition.right], path, within);
    case "optional":
    case "nonoptional":
    case "readonly":
      return structuralSchema(definition.innerType, path, within);
    case "nullable":
      return { ...structuralSchema(definition.innerType, path, within), nullable: true };
    case "default":
    case "prefault":
      return { ...structuralSchema(definition.innerType, path, within), default: checkedDefault(definition, path) };
    default:
      throw new SchemaError(path, waysOut[definition.type] ?? `z.${definition.type}() has no counterpart in a CRD`);
  }
}

/** What to do instead, for what a CRD cannot say. */
const waysOut: Readonly<Record<string, string>> = {
  date: "objects are JSON, which has no dates: use z.iso.datetime()",
  bigint: "objects are JSON, which has no bigint: use z.int()",
  transform: "a schema cannot change values: keep the plain type here and convert where it is used",
  pipe: "a schema cannot change values: keep the plain type here and convert where it is used",
  catch: "the server has no catch(): use default(), or accept the failure",
  lazy: "recursive schemas have no end in a CRD: repeat the levels you need, or use preserveUnknownFields() below them",
  tuple: "lists have one type of element: use z.object() with named fields",
  set: "objects are JSON, which has no sets: use listSet(...)",
  map: "objects are JSON, which has no maps: use z.record(z.string(), ...) or listMap(...)",
  null: "a field cannot be only null: use nullable() on a type",
  undefined: "a field cannot be only undefined: use optional() on a type",
  custom: "z.custom() cannot be seen into: use a type, or preserveUnknownFields()",
  template_literal: "template literals have no counterpart in a CRD: use z.string().regex(...)",
};

function objectNode(
  definition: Extract<$ZodTypes["_zod"]["def"], { type: "object" }>,
  path: string,
  within: readonly $ZodType[],
): SchemaNode {
  const node: SchemaNode = { type: "object" };
  const properties: Record<string, JSONSchemaProps> = {};
  const required: string[] = [];
  for (const [name, field] of Object.entries(definition.shape)) {
    properties[name] = structuralSchema(field, path === "" ? name : `${path}.${name}`, within);
    if (!mayBeAbsent(field)) required.push(name);
  }
  if (Object.keys(properties).length > 0) node.properties = properties;
  if (required.length > 0) node.required = required;
  applyChecks(definition, node, path);
  const rest = definition.catchall?._zod.def.type;
  if (rest === "unknown" || rest === "any") node["x-kubernetes-preserve-unknown-fields"] = true;
  else if (rest !== undefined && rest !== "never") {
    throw new SchemaError(
      path,
      "an object has either named fields or a type for all others: move the others into a z.record() of their own",
    );
  }
  return node;
}

function recordNode(
  definition: Extract<$ZodTypes["_zod"]["def"], { type: "record" }>,
  path: string,
  within: readonly $ZodType[],
): SchemaNode {
  const key = definition.keyType._zod.def as {
    readonly type: string;
    readonly checks?: readonly unknown[];
    readonly check?: string;
  };
  if (key.type !== "string")
    throw new SchemaError(path, `keys of a map are plain strings, not z.${key.type}(): use z.object() for known keys`);
  if (key.check !== undefined || (key.checks?.length ?? 0) > 0) {
    throw new SchemaError(
      path,
      "a CRD cannot check the keys of a map: use z.string() and a CEL rule, self.all(key, ...)",
    );
  }
  const node: SchemaNode = {
    type: "object",
    additionalProperties: structuralSchema(definition.valueType, `${path}{}`, within),
  };
  applyChecks(definition, node, path);
  return node;
}

/** `enum` with the type all values share. */
export function enumNode(values: readonly unknown[], path: string): SchemaNode {
  const types = new Set(values.map((value) => (Number.isInteger(value) ? "integer" : typeof value)));
  const [type] = types;
  if (types.size !== 1 || (type !== "string" && type !== "integer" && type !== "number" && type !== "boolean")) {
    throw new SchemaError(
      path,
      `the values ${values.map(String).join(", ")} are not all strings, numbers or booleans: keep to one of these`,
    );
  }
  return { type, enum: [...new Set(values)] as Json[] };
}

/** Integer or string, with what either may be; the type stays open, since the keyword stands for both. */
function intOrStringNode(schema: $ZodTypes): SchemaNode {
  const definition = schema._zod.def;
  const options = definition.type === "union" ? definition.options : [];
  return joinIntAndString(options.map((option) => convert(option as $ZodTypes, "", [])));
}

/** Bounds count for the integer only and lengths for the string only, so both can stand side by side. */
export function joinIntAndString(nodes: readonly SchemaNode[]): SchemaNode {
  const validations = nodes.map(({ type: _, format: __, ...validation }) => validation);
  return Object.assign(
    { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] },
    ...validations,
  );
}

function checkedDefault(
  definition: { readonly innerType: $ZodType; readonly defaultValue: unknown },
  path: string,
): Json {
  const value = definition.defaultValue;
  const result = zod().safeParse(definition.innerType, value);
  if (value === undefined || !result.success) {
    const why = result.success ? "undefined is no JSON" : result.error.issues.map((issue) => issue.message).join("; ");
    throw new SchemaError(
      path,
      `the default ${JSON.stringify(value)} does not fit its own schema (${why}): the server would refuse the CRD`,
    );
  }
  return structuredClone(value) as Json;
}

/** Keys of a list map must be there on every element: required, or filled in by a default. */
function checkListKeys(schema: $ZodType, node: SchemaNode, path: string): void {
  const keys = metaOf(schema)["x-kubernetes-list-map-keys"];
  if (!Array.isArray(keys)) return;
  const items = node.items as JSONSchemaProps;
  for (const key of keys as string[]) {
    const field = items.properties?.[key];
    if (!field)
      throw new SchemaError(
        path,
        `list key ${key} is no field of the element: name one of ${Object.keys(items.properties ?? {}).join(", ")}`,
      );
    if (!items.required?.includes(key) && field.default === undefined) {
      throw new SchemaError(`${path}[].${key}`, "a list key must be required or have a default()");
    }
  }
}

type Meta = Readonly<Record<string, unknown>>;

function metaOf(schema: $ZodType): Meta {
  return zod().globalRegistry.get(schema) ?? {};
}

/** Words of `.meta()` that a CRD has too; all others are the author's own business. */
const metaWords = new Set(["description", "title", "format", "example", "externalDocs"]);

function withMeta(node: SchemaNode, meta: Meta): SchemaNode {
  const words = Object.entries(meta).filter(
    ([key, value]) => value !== undefined && (metaWords.has(key) || key.startsWith("x-kubernetes-")),
  );
  if (words.length === 0) return node;
  const description = meta["description"];
  const rules = [...(node[validations] ?? []), ...((meta[validations] as readonly ValidationRule[] | undefined) ?? [])];
  return {
    ...(typeof description === "string" ? { description } : {}),
    ...node,
    ...Object.fromEntries(words),
    // A wrapper's rules join those of what it wraps.
    ...(rules.length > 0 ? { [validations]: rules } : {}),
  };
}

const validations = "x-kubernetes-validations";
