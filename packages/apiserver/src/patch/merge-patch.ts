import type { Json, JsonObject } from "@homeostat/api";
import { copyJson, isObject, kindOf, member, setMember } from "./json-value.ts";
import { PatchError } from "./patch-error.ts";

/**
 * Applies a JSON merge patch: null deletes, objects merge, everything else replaces. Source: RFC 7386.
 *
 * @returns a new object that shares nothing with its arguments
 * @throws PatchError `malformed` when the patch is not an object, which would replace the whole object
 */
export function applyMergePatch(live: JsonObject, patch: Json): JsonObject {
  if (!isObject(patch)) throw new PatchError("malformed", `a merge patch must be an object, got ${kindOf(patch)}`);
  return merged(copyJson(live), patch);
}

/** Changes `target`, which is private to the call. */
function merged(target: JsonObject, patch: JsonObject): JsonObject {
  for (const key of Object.keys(patch)) {
    const value = patch[key]!;
    if (value === null) {
      delete target[key];
    } else if (isObject(value)) {
      const current = member(target, key);
      // Merging into nothing rather than copying drops the nulls within.
      setMember(target, key, merged(isObject(current) ? current : {}, value));
    } else {
      setMember(target, key, copyJson(value));
    }
  }
  return target;
}
