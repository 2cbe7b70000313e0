import type { Json, JsonObject } from "@homeostat/api";
import { fieldPath } from "@homeostat/api";
import { isJsonObject } from "./json-schema-props.ts";
import type { StructuralSchema } from "./structural-schema.ts";
import { fieldSchema } from "./structural-schema.ts";

const objectFields = new Set(["apiVersion", "kind", "metadata"]);

/**
 * Drops the fields a schema does not declare, in place. Below `x-kubernetes-preserve-unknown-fields` everything is
 * kept, except inside of properties that are declared again. The root counts as an embedded resource: it keeps
 * apiVersion, kind and metadata. Source: apiextensions, schema/pruning.
 *
 * @returns paths of what is gone, `spec.lastReconciled`, in the object's order
 */
export function prune(object: JsonObject, schema: StructuralSchema): string[] {
  const gone: string[] = [];
  pruneObject(object, schema, "", true, gone);
  return gone;
}

/** As `prune`, for a value inside of an object: nothing is kept that the schema does not name. */
export function pruneValue(value: Json, schema: StructuralSchema, path: string): string[] {
  const gone: string[] = [];
  pruneAny(value, schema, path, gone);
  return gone;
}

function pruneAny(value: Json, schema: StructuralSchema, path: string, gone: string[]): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items) value.forEach((item, index) => void pruneAny(item, items, fieldPath(path, index), gone));
  } else if (value !== null && typeof value === "object") {
    pruneObject(value, schema, path, schema.embeddedResource, gone);
  }
}

function pruneObject(
  object: JsonObject,
  schema: StructuralSchema,
  path: string,
  isResource: boolean,
  gone: string[],
): void {
  for (const name of Object.keys(object)) {
    if (isResource && objectFields.has(name)) continue;
    const child = fieldSchema(schema, name);
    if (child) {
      pruneAny(object[name]!, child, fieldPath(path, name), gone);
    } else if (!schema.preserveUnknown && schema.additionalProperties === undefined) {
      gone.push(fieldPath(path, name));
      delete object[name];
    }
  }
}

/** Calls back for the metadata of every embedded resource in the object; the root's own is not among them. */
export function forEachEmbedded(
  value: Json,
  schema: StructuralSchema,
  path: string,
  visit: (resource: JsonObject, path: string) => void,
): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items) value.forEach((item, index) => void forEachEmbedded(item, items, fieldPath(path, index), visit));
    return;
  }
  if (!isJsonObject(value)) return;
  if (schema.embeddedResource && path !== "") visit(value, path);
  for (const name of Object.keys(value)) {
    const child = fieldSchema(schema, name);
    if (child) forEachEmbedded(value[name]!, child, fieldPath(path, name), visit);
  }
}
