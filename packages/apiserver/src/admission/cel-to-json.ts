import { formatTime, type Json, type JsonObject } from "@homeostat/api";
import { Optional } from "@marcbachmann/cel-js";
import { CelObject, rawJson } from "../custom-resources/cel/equality.ts";

/** What an expression came to, as JSON. @throws Error for a value that has no such form */
export function celToJson(value: unknown): Json {
  if (value === null || typeof value === "string" || typeof value === "boolean" || typeof value === "number") {
    return value;
  }
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.filter((each) => !isMissing(each)).map(celToJson);
  if (value instanceof Date) return formatTime(value.getTime());
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof CelObject) return structuredClone(value[rawJson]);
  if (value instanceof Optional) return value.hasValue() ? celToJson(value.value()) : null;
  if (value instanceof Map) return objectOf(value.entries());
  if (typeof value === "object" && value !== undefined) {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return objectOf(Object.entries(value));
  }
  throw new Error(`a value of type ${typeof value} has no form in JSON`);
}

const isMissing = (value: unknown): boolean => value instanceof Optional && !value.hasValue();

/** Optional fields without a value are left out. */
function objectOf(entries: Iterable<[unknown, unknown]>): JsonObject {
  const object: JsonObject = {};
  for (const [key, value] of entries) {
    if (isMissing(value)) continue;
    object[String(key)] = celToJson(value);
  }
  return object;
}
