import type { Json, JsonObject } from "@homeostat/api";
import type { JsonSchemaProps, ValidationRule } from "./json-schema-props.ts";
import { isJsonObject } from "./json-schema-props.ts";

/**
 * A schema of a custom kind, compiled once per version: a tree in which every level says what may be there. Pruning,
 * defaulting, list semantics, ownership and CEL walk it together with an object.
 *
 * Compiling accepts any JSON and ignores what makes no sense; `structuralProblems` is what refuses such schemas.
 * Source: apiextensions, apiserver/schema `Structural`.
 */
export interface StructuralSchema {
  readonly type: "object" | "array" | "string" | "integer" | "number" | "boolean" | undefined;
  readonly format: string | undefined;
  readonly nullable: boolean;
  /** Undefined where none is declared; a declared `null` counts as none, as it does upstream. */
  readonly default: Json | undefined;
  readonly intOrString: boolean;
  /** Undeclared fields of the object are kept. */
  readonly preserveUnknown: boolean;
  /** The object is a Kubernetes object of its own, with apiVersion, kind and metadata. */
  readonly embeddedResource: boolean;
  readonly properties: ReadonlyMap<string, StructuralSchema>;
  /** Schema of the values of a map; `"any"` keeps whatever is there; undefined: not a map. */
  readonly additionalProperties: StructuralSchema | "any" | undefined;
  readonly items: StructuralSchema | undefined;
  readonly required: readonly string[];
  readonly listType: "atomic" | "set" | "map";
  readonly listMapKeys: readonly string[];
  readonly atomicMap: boolean;
  readonly rules: readonly ValidationRule[];
  /** Whether a rule stands here or below; whole branches without any are skipped. */
  readonly hasRules: boolean;
  /** Whether a set or keyed list stands here or below. */
  readonly hasKeyedLists: boolean;
  /** What it was compiled from. */
  readonly source: JsonSchemaProps;
}

const types = new Set(["object", "array", "string", "integer", "number", "boolean"]);

/** Compiles `openAPIV3Schema`. The result shares nothing with later changes of its source: freeze or copy it before. */
export function compileStructural(source: unknown): StructuralSchema {
  const json: JsonSchemaProps = isJsonObject(source) ? (source as JsonSchemaProps) : {};
  const properties = new Map<string, StructuralSchema>();
  if (isJsonObject(json.properties)) {
    for (const [name, property] of Object.entries(json.properties)) properties.set(name, compileStructural(property));
  }
  const items = isJsonObject(json.items) ? compileStructural(json.items) : undefined;
  const additionalProperties = compileAdditional(json.additionalProperties);
  const rules = arrayOf(json["x-kubernetes-validations"]).filter(isRule);
  const listType = json["x-kubernetes-list-type"];
  const children = [...properties.values()];
  if (items) children.push(items);
  if (typeof additionalProperties === "object") children.push(additionalProperties);
  return {
    type: types.has(json.type as string) ? (json.type as StructuralSchema["type"]) : undefined,
    format: typeof json.format === "string" ? json.format : undefined,
    nullable: json.nullable === true,
    default: json.default === null ? undefined : json.default,
    intOrString: json["x-kubernetes-int-or-string"] === true,
    preserveUnknown: json["x-kubernetes-preserve-unknown-fields"] === true,
    embeddedResource: json["x-kubernetes-embedded-resource"] === true,
    properties,
    additionalProperties,
    items,
    required: arrayOf(json.required).filter((name): name is string => typeof name === "string"),
    listType: listType === "set" || listType === "map" ? listType : "atomic",
    listMapKeys: arrayOf(json["x-kubernetes-list-map-keys"]).filter((key): key is string => typeof key === "string"),
    atomicMap: json["x-kubernetes-map-type"] === "atomic",
    rules,
    hasRules: rules.length > 0 || children.some((child) => child.hasRules),
    hasKeyedLists: listType === "set" || listType === "map" || children.some((child) => child.hasKeyedLists),
    source: json,
  };
}

function compileAdditional(source: unknown): StructuralSchema["additionalProperties"] {
  if (source === true) return "any";
  return isJsonObject(source) ? compileStructural(source) : undefined;
}

function isRule(rule: unknown): rule is ValidationRule {
  return isJsonObject(rule) && typeof (rule as JsonObject)["rule"] === "string";
}

/** The array, or an empty one where something else stands. */
export function arrayOf<T>(value: readonly T[] | undefined): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [];
}

/** Schema of one field of an object: its property, else what the map's values are. */
export function fieldSchema(schema: StructuralSchema, name: string): StructuralSchema | undefined {
  const property = schema.properties.get(name);
  if (property) return property;
  return typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined;
}

/**
 * Key of an item of a list of type `map`: the values of its key fields. Undefined for an item that is no object.
 * Absent fields take their default.
 */
export function listMapKey(schema: StructuralSchema, item: Json): string | undefined {
  if (!isJsonObject(item)) return undefined;
  return JSON.stringify(listMapKeyValues(schema, item));
}

export function listMapKeyValues(schema: StructuralSchema, item: JsonObject): Json[] {
  return schema.listMapKeys.map((key) => {
    const value = Object.hasOwn(item, key) ? item[key] : undefined;
    return value ?? schema.items?.properties.get(key)?.default ?? null;
  });
}
