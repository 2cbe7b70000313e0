import type { Json, JsonObject } from "@homeostat/api";
import { isObject } from "../patch/json-value.ts";
import { emptySet, type FieldSet, leafSet, nodeOf } from "./field-set.ts";
import { compareElements, type PathElement, parseElement } from "./path-element.ts";
import { TypedError } from "./typed-error.ts";

/**
 * Reads a set from `fieldsV1`. A path whose value is `{}` is a member; `.` makes one with others below it a member too.
 *
 * @throws TypedError when it cannot be read
 */
export function parseFieldsV1(json: Json): FieldSet {
  if (!isObject(json)) throw new TypedError("managed fields must be an object");
  const children = new Map<PathElement, FieldSet>();
  for (const key of Object.keys(json)) {
    const element = key === "." ? undefined : parseElement(key);
    if (element !== undefined) children.set(element, parseNode(json[key]!));
  }
  return children.size > 0 ? nodeOf(false, children) : emptySet;
}

function parseNode(json: Json): FieldSet {
  const set = parseFieldsV1(json);
  if (set.children.size === 0) return leafSet;
  return nodeOf(Object.hasOwn(json as JsonObject, "."), set.children);
}

/** Writes a set as `fieldsV1`, in the order of {@link compareElements}. */
export function formatFieldsV1(set: FieldSet): JsonObject {
  const json: JsonObject = {};
  const elements = [...set.children.keys()];
  if (elements.length > 1) elements.sort(compareElements);
  for (const element of elements) {
    const node = set.children.get(element)!;
    const below = formatFieldsV1(node);
    json[element] = node.member && node.children.size > 0 ? { ".": {}, ...below } : below;
  }
  return json;
}
