import type { Json, JsonObject } from "@homeostat/api";
import type { Environment } from "@marcbachmann/cel-js";
import { parseGoDuration } from "../formats.ts";
import { isJsonObject } from "../json-schema-props.ts";
import type { StructuralSchema } from "../structural-schema.ts";
import { compileStructural, listMapKey } from "../structural-schema.ts";
import type { Equals, ListKind, ListKinds } from "./equality.ts";
import { CelObject, fieldNames, rawJson } from "./equality.ts";
import { escapeFieldName } from "./escape.ts";

/** The CEL type of a schema, and how JSON at such a place becomes a value of it. */
export interface CelType {
  /** Name as the library knows it: `int`, `list<object.spec.ports>`. */
  readonly name: string;
  toValue(json: Json): unknown;
}

export interface TypeOptions {
  readonly equals: Equals;
  readonly listKinds: ListKinds;
  /** Makes a duration value of nanoseconds. */
  makeDuration(nanos: bigint): unknown;
}

/** Types by the schema they stand for. A schema without one (untyped data) is invisible to expressions. */
export type CelTypes = ReadonlyMap<StructuralSchema, CelType>;

/** Declares the types of a schema and of everything below it. */
export function declareTypes(env: Environment, root: StructuralSchema, options: TypeOptions): CelTypes {
  const types = new Map<StructuralSchema, CelType>();
  const taken = new Set<string>();
  const uniqueName = (wanted: string): string => {
    let name = wanted;
    for (let count = 2; taken.has(name); count++) name = `${wanted}${count}`;
    taken.add(name);
    return name;
  };
  const declare = (schema: StructuralSchema, path: string, isRoot: boolean): CelType | undefined => {
    const inner = declarePlain(schema, path, isRoot);
    if (!inner) return undefined;
    // The library has no union with null: such values are typed when they are looked at.
    const type: CelType = schema.nullable
      ? { name: "dyn", toValue: (json) => (json === null ? null : inner.toValue(json)) }
      : inner;
    types.set(schema, type);
    return type;
  };
  const declarePlain = (schema: StructuralSchema, path: string, isRoot: boolean): CelType | undefined => {
    if (schema.intOrString) return { name: "dyn", toValue: dynamicValue };
    if (schema.type === "array") return schema.items && declareList(schema, schema.items, path);
    if (schema.type === "object") {
      if (typeof schema.additionalProperties === "object") return declareMap(schema.additionalProperties, path);
      return declareObject(schema, path, isRoot);
    }
    return schema.type && scalarType(schema, options);
  };
  const declareList = (schema: StructuralSchema, items: StructuralSchema, path: string): CelType | undefined => {
    const item = declare(items, `${path}.items`, false);
    if (!item) return undefined;
    const kind = listKindOf(schema);
    return {
      name: `list<${item.name}>`,
      toValue(json) {
        const list = Array.isArray(json) ? json.map(item.toValue) : [];
        if (kind) options.listKinds.set(list, kind);
        return list;
      },
    };
  };
  const declareMap = (values: StructuralSchema, path: string): CelType | undefined => {
    const value = declare(values, `${path}.values`, false);
    if (!value) return undefined;
    return {
      name: `map<string, ${value.name}>`,
      toValue(json) {
        const entries = isJsonObject(json) ? Object.entries(json) : [];
        return new Map(entries.map(([key, entry]) => [key, value.toValue(entry)]));
      },
    };
  };
  const declareObject = (schema: StructuralSchema, path: string, isRoot: boolean): CelType => {
    const fields = new Map<string, { readonly name: string; readonly type: CelType }>();
    for (const [name, property] of visibleProperties(schema, isRoot)) {
      const escaped = escapeFieldName(name);
      const type = escaped === undefined ? undefined : declare(property, `${path}.${escaped}`, false);
      if (escaped !== undefined && type) fields.set(escaped, { name, type });
    }
    return objectType(env, uniqueName(path), fields, options.equals);
  };
  declare(root, "object", true);
  return types;
}

const metaProperties = compileStructural({
  properties: {
    apiVersion: { type: "string" },
    kind: { type: "string" },
    metadata: { type: "object", properties: { name: { type: "string" }, generateName: { type: "string" } } },
  },
}).properties;

/** Of metadata only the names are visible, wherever there is any. */
function visibleProperties(schema: StructuralSchema, isRoot: boolean): ReadonlyMap<string, StructuralSchema> {
  if (!isRoot && !schema.embeddedResource) return schema.properties;
  return new Map([...schema.properties, ...metaProperties]);
}

function scalarType(schema: StructuralSchema, { makeDuration }: TypeOptions): CelType {
  switch (schema.type) {
    case "integer":
      return { name: "int", toValue: (json) => (typeof json === "number" ? BigInt(Math.trunc(json)) : json) };
    case "number":
      return { name: "double", toValue: (json) => json };
    case "boolean":
      return { name: "bool", toValue: (json) => json };
    default:
  }
  switch (schema.format) {
    case "byte":
      return { name: "bytes", toValue: (json) => (typeof json === "string" ? Buffer.from(json, "base64") : json) };
    case "date":
    case "date-time":
    case "datetime":
      return {
        name: "google.protobuf.Timestamp",
        toValue: (json) => (typeof json === "string" ? new Date(json) : json),
      };
    case "duration":
      return { name: "google.protobuf.Duration", toValue: (json) => durationOf(json, makeDuration) };
    default:
      return { name: "string", toValue: (json) => json };
  }
}

/** The value of JSON without a declared type. Whole numbers are integers, as Kubernetes' decoder makes them. */
export function dynamicValue(json: Json): unknown {
  if (typeof json === "number") return Number.isInteger(json) ? BigInt(json) : json;
  if (Array.isArray(json)) return json.map(dynamicValue);
  if (isJsonObject(json)) return new Map(Object.entries(json).map(([key, value]) => [key, dynamicValue(value)]));
  return json;
}

function durationOf(json: Json, makeDuration: TypeOptions["makeDuration"]): unknown {
  const nanos = typeof json === "string" ? parseGoDuration(json) : undefined;
  return nanos === undefined ? json : makeDuration(nanos);
}

function listKindOf(schema: StructuralSchema): ListKind | undefined {
  if (schema.listType === "set") return { type: "set" };
  if (schema.listType !== "map") return undefined;
  return {
    type: "map",
    keyOf: (item) => (item instanceof CelObject ? (listMapKey(schema, item[rawJson]) ?? "") : String(item)),
  };
}

/** A class of its own per object type: the library knows the type of a value by its constructor. */
export function objectType(
  env: Environment,
  typeName: string,
  fields: ReadonlyMap<string, { readonly name: string; readonly type: CelType }>,
  equals: Equals,
): CelType {
  const names = [...fields.keys()];
  class DeclaredObject extends CelObject {
    readonly [fieldNames] = names;
  }
  for (const [escaped, field] of fields) {
    Object.defineProperty(DeclaredObject.prototype, escaped, {
      get(this: DeclaredObject) {
        const json = Object.hasOwn(this[rawJson], field.name) ? this[rawJson][field.name] : undefined;
        const value = json === undefined ? undefined : field.type.toValue(json);
        Object.defineProperty(this, escaped, { value });
        return value;
      },
    });
  }
  const declared = Object.fromEntries([...fields].map(([escaped, field]) => [escaped, field.type.name]));
  env.registerType(typeName, { ctor: DeclaredObject, fields: declared });
  env.registerOperator(`${typeName} == ${typeName}`, equals);
  env.registerOperator(`${typeName} == null`, (left, right) => equals(left, right));
  return {
    name: typeName,
    toValue: (json) => (isJsonObject(json) ? new DeclaredObject(json as JsonObject) : json),
  };
}
