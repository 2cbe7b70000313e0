import type { Json, JsonObject } from "@homeostat/api";
import { equalJson } from "../ledger/changed-paths.ts";

/**
 * The merge patch (RFC 7386) that turns `old` into `now`; empty where they are equal. A merge patch can neither change
 * items of a list one by one nor set a member to null: lists are replaced, and a null in `now` is a removal.
 */
export function mergePatch(old: JsonObject, now: JsonObject): JsonObject {
  const patch: JsonObject = {};
  for (const key of Object.keys(old)) if (now[key] === undefined) set(patch, key, null);
  for (const [key, value] of Object.entries(now)) {
    const before = Object.hasOwn(old, key) ? old[key] : undefined;
    if (value === undefined || equalJson(before, value)) continue;
    if (!isObject(before) || !isObject(value)) {
      set(patch, key, value);
      continue;
    }
    set(patch, key, mergePatch(before, value));
  }
  return patch;
}

/** An own member whatever its name: `__proto__`, too. */
const set = (object: JsonObject, key: string, value: Json): unknown =>
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
