import type { Json, JsonObject } from "@homeostat/api";
import { fieldPath } from "@homeostat/api";
import { canonicalMicroTime, canonicalTime } from "../schema/canonical-time.ts";
import type { DecodeResult } from "../schema/object-schema.ts";
import type { TypeSchema } from "../schema/type-schema.ts";
import { isJsonObject, setField } from "./json-schema-props.ts";

/**
 * Brings `metadata` of a custom object into the shape all objects share, in place: fields that ObjectMeta does not
 * have are dropped and reported; the first value of a wrong type is reported in the words of Go's decoder.
 * Empty strings, lists and maps, and nulls, go as they would when ObjectMeta is written again.
 * Source: apiextensions, schema/objectmeta.
 *
 * @param path of the object that has the metadata; empty for the root
 */
export function coerceMetadata(resource: JsonObject, objectMeta: TypeSchema, path: string): DecodeResult {
  if (!Object.hasOwn(resource, "metadata")) return { unknown: [] };
  const metadata = resource["metadata"]!;
  if (metadata === null) {
    delete resource["metadata"];
    return { unknown: [] };
  }
  const metadataPath = fieldPath(path, "metadata");
  if (!isJsonObject(metadata)) {
    return { unknown: [], mismatch: `${metadataPath}: Invalid value: ${JSON.stringify(metadata)}: must be an object` };
  }
  const walk: Walk = { unknown: [], mismatch: undefined };
  coerceStruct(metadata, objectMeta, metadataPath, "ObjectMeta", walk);
  return walk.mismatch === undefined ? { unknown: walk.unknown } : { unknown: walk.unknown, mismatch: walk.mismatch };
}

interface Walk {
  readonly unknown: string[];
  mismatch: string | undefined;
}

function coerceStruct(object: JsonObject, type: TypeSchema, path: string, goPath: string, walk: Walk): void {
  if (type.kind !== "struct") return;
  for (const name of Object.keys(object)) {
    const field = type.field(name);
    if (!field) {
      if (type.preserveUnknown) continue;
      walk.unknown.push(fieldPath(path, name));
      delete object[name];
    } else if (object[name] === null) {
      // Go reads a null as the zero value, which is not written again.
      delete object[name];
    } else {
      coerce(object[name]!, field.type, fieldPath(path, name), `${goPath}.${name}`, walk);
      if (isEmpty(object[name]!)) delete object[name];
    }
  }
}

function isEmpty(value: Json): boolean {
  if (value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.keys(value).length === 0;
}

function coerce(value: Json, type: TypeSchema, path: string, goPath: string, walk: Walk): void {
  switch (type.kind) {
    case "struct":
      if (isJsonObject(value)) coerceStruct(value, type, path, goPath, walk);
      else misfit(value, "struct", goPath, walk);
      return;
    case "map":
      if (isJsonObject(value)) coerceEntries(value, type.value, path, goPath, walk);
      else misfit(value, "map", goPath, walk);
      return;
    case "list":
      if (Array.isArray(value)) {
        value.forEach((item, index) => void coerce(item, type.item, fieldPath(path, index), goPath, walk));
      } else misfit(value, "slice", goPath, walk);
      return;
    case "scalar":
      coerceScalar(value, type.scalar, goPath, walk);
      return;
    default:
      return;
  }
}

/** A null among the values of a map of strings is an empty string to Go. */
function coerceEntries(map: JsonObject, type: TypeSchema, path: string, goPath: string, walk: Walk): void {
  for (const key of Object.keys(map)) {
    if (map[key] === null && type.kind === "scalar") setField(map, key, "");
    else coerce(map[key]!, type, fieldPath(path, key), goPath, walk);
  }
}

function coerceScalar(value: Json, scalar: string, goPath: string, walk: Walk): void {
  const expected = scalarTypes[scalar];
  if (expected === undefined) return;
  const fits =
    expected === "int64" ? Number.isInteger(value) : typeof value === (expected === "bool" ? "boolean" : "string");
  if (!fits) misfit(value, expected, goPath, walk);
  if (!fits || value === "") return;
  if (scalar !== "time" && scalar !== "microTime") return;
  const time = scalar === "time" ? canonicalTime(value as string) : canonicalMicroTime(value as string);
  if ("problem" in time) walk.mismatch ??= time.problem;
}

const scalarTypes: Readonly<Record<string, string>> = {
  string: "string",
  time: "string",
  microTime: "string",
  integer: "int64",
  boolean: "bool",
};

function misfit(value: Json, expected: string, goPath: string, walk: Walk): void {
  const found = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  walk.mismatch ??= `json: cannot unmarshal ${found} into Go struct field ${goPath} of type ${expected}`;
}
