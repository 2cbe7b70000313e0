import type { Json, JsonObject } from "@homeostat/api";
import { copyJson } from "../patch/json-value.ts";
import { isJsonObject, setField } from "./json-schema-props.ts";
import type { StructuralSchema } from "./structural-schema.ts";
import { fieldSchema } from "./structural-schema.ts";

/**
 * Fills the defaults of a schema, in place. A default applies where a field is absent, or is null and may not be;
 * fields below are filled only where their parent exists or has itself just been filled in. A null that may not be
 * and has no default is dropped. Idempotent. Source: apiextensions, schema/defaulting.
 */
export function applyDefaults(value: Json, schema: StructuralSchema): void {
  if (Array.isArray(value)) applyToItems(value, schema);
  else if (isJsonObject(value)) applyToFields(value, schema);
}

function applyToItems(list: Json[], schema: StructuralSchema): void {
  const { items } = schema;
  if (!items) return;
  for (let index = 0; index < list.length; index++) {
    if (list[index] === null && !items.nullable && items.default !== undefined) list[index] = copyOf(items.default);
    applyDefaults(list[index]!, items);
  }
}

function applyToFields(object: JsonObject, schema: StructuralSchema): void {
  for (const [name, property] of schema.properties) {
    if (property.default === undefined) continue;
    const isMissing = !Object.hasOwn(object, name) || (object[name] === null && !property.nullable);
    if (isMissing) setField(object, name, copyOf(property.default));
  }
  for (const name of Object.keys(object)) {
    const child = fieldSchema(schema, name);
    if (!child) continue;
    if (object[name] === null && !child.nullable) {
      if (child.default === undefined) {
        delete object[name];
        continue;
      }
      setField(object, name, copyOf(child.default));
    }
    applyDefaults(object[name]!, child);
  }
}

function copyOf(value: Json): Json {
  return typeof value === "object" ? copyJson(value) : value;
}
