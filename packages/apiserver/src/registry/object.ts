import type { JsonObject, ObjectMeta } from "@homeostat/api";
import { copyJson } from "../patch/json-value.ts";

/** An object on its way through a request: private to it, and changed in place. */
export type WorkingObject = JsonObject & { metadata: JsonObject };

/** Metadata for reading, typed. */
export function metaOf(object: JsonObject): ObjectMeta {
  return (object["metadata"] ?? {}) as unknown as ObjectMeta;
}

/** Metadata for writing; an object without any gets an empty one. */
export function mutableMeta(object: JsonObject): JsonObject {
  const meta = object["metadata"];
  if (meta !== null && typeof meta === "object" && !Array.isArray(meta)) return meta;
  const fresh: JsonObject = {};
  object["metadata"] = fresh;
  return fresh;
}

/** Sets a field, or removes it where there is no value. */
export function setOrDelete(target: JsonObject, name: string, value: JsonObject[string] | undefined): void {
  if (value === undefined || value === null) delete target[name];
  else target[name] = value;
}

/** A deep copy; objects here are JSON. */
export function copyOf<T extends JsonObject>(object: T): T {
  return copyJson(object);
}
