import type { Json, JsonObject, StatusCause } from "@homeostat/api";
import { fieldError, fieldPath } from "@homeostat/api";
import { isJsonObject } from "./json-schema-props.ts";
import type { StructuralSchema } from "./structural-schema.ts";
import { fieldSchema, listMapKey, listMapKeyValues } from "./structural-schema.ts";

/**
 * Items of lists of type `set`, and keys of lists of type `map`, that stand twice.
 * Source: apiextensions, schema/listtype.
 */
export function duplicateItems(object: Json, schema: StructuralSchema): StatusCause[] {
  const out: StatusCause[] = [];
  if (schema.hasKeyedLists) walk(object, schema, "", out);
  return out;
}

function walk(value: Json, schema: StructuralSchema, path: string, out: StatusCause[]): void {
  if (Array.isArray(value)) {
    if (schema.listType === "set") reportSet(value, path, out);
    else if (schema.listType === "map") reportMap(value, schema, path, out);
    const { items } = schema;
    if (items?.hasKeyedLists) value.forEach((item, index) => void walk(item, items, fieldPath(path, index), out));
  } else if (isJsonObject(value)) {
    for (const name of Object.keys(value)) {
      const child = fieldSchema(schema, name);
      if (child?.hasKeyedLists) walk(value[name]!, child, fieldPath(path, name), out);
    }
  }
}

function reportSet(list: readonly Json[], path: string, out: StatusCause[]): void {
  const seen = new Set<string>();
  list.forEach((item, index) => {
    const key = canonical(item);
    if (seen.has(key)) out.push(fieldError.duplicate(fieldPath(path, index), item));
    seen.add(key);
  });
}

function reportMap(list: readonly Json[], schema: StructuralSchema, path: string, out: StatusCause[]): void {
  const seen = new Set<string>();
  list.forEach((item, index) => {
    const key = listMapKey(schema, item);
    if (key === undefined) return;
    if (seen.has(key)) out.push(fieldError.duplicate(fieldPath(path, index), keyObject(item as JsonObject, schema)));
    seen.add(key);
  });
}

/** The key as upstream prints it: its fields, without those that are absent. */
function keyObject(item: JsonObject, schema: StructuralSchema): JsonObject {
  const values = listMapKeyValues(schema, item);
  const entries = schema.listMapKeys.map((key, index): [string, Json] => [key, values[index]!]);
  return Object.fromEntries(entries.filter(([, value]) => value !== null).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One text for equal values, whatever the order of their fields. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_, part: unknown) =>
    isJsonObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}
