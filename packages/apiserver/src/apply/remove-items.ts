import type { Json, JsonObject } from "@homeostat/api";
import { copyJson, isObject, member, setMember } from "../patch/json-value.ts";
import type { TypeSchema } from "../schema/type-schema.ts";
import type { FieldSet } from "./field-set.ts";
import { fieldElement } from "./path-element.ts";
import { itemElement, memberType, shapeOf } from "./type-walk.ts";

/**
 * Takes the members of a set out of a value, with everything below them. What is emptied but is no member itself stays,
 * empty: somebody else owns it.
 *
 * @returns a new value that shares nothing with its argument
 */
export function removeItems<T extends Json>(value: T, set: FieldSet, type: TypeSchema): T;
export function removeItems(value: Json, set: FieldSet, type: TypeSchema): Json {
  if (set.children.size === 0 || shapeOf(type, value) === "leaf") return copyJson(value);
  if (isObject(value)) {
    const result: JsonObject = {};
    for (const name of Object.keys(value)) {
      const node = set.children.get(fieldElement(name));
      if (node?.member) continue;
      setMember(result, name, node ? removeItems(value[name]!, node, memberType(type, name)) : copyJson(value[name]!));
    }
    return result;
  }
  if (!Array.isArray(value) || type.kind !== "list") return copyJson(value);
  const result: Json[] = [];
  for (const item of value) {
    const node = set.children.get(itemElement(type, item));
    if (node?.member) continue;
    result.push(node ? removeItems(item, node, type.item) : copyJson(item));
  }
  return result;
}

/**
 * The part of a value that a set covers: its members with everything below the last of them, and the key fields of the
 * list items on the way. What one manager owns of an object, as that manager could apply it again.
 *
 * @returns a new value that shares nothing with its argument
 */
export function extractItems<T extends Json>(value: T, set: FieldSet, type: TypeSchema): T;
export function extractItems(value: Json, set: FieldSet, type: TypeSchema): Json {
  if (set.children.size === 0 || shapeOf(type, value) === "leaf") return copyJson(value);
  if (isObject(value)) {
    const result: JsonObject = {};
    for (const name of Object.keys(value)) {
      const node = set.children.get(fieldElement(name));
      if (node) setMember(result, name, extractMember(value[name]!, node, memberType(type, name)));
    }
    return result;
  }
  if (!Array.isArray(value) || type.kind !== "list") return copyJson(value);
  const result: Json[] = [];
  for (const item of value) {
    const node = set.children.get(itemElement(type, item));
    if (!node) continue;
    const extracted = extractMember(item, node, type.item);
    if (isObject(item) && isObject(extracted)) {
      for (const key of type.keys) {
        const keyValue = member(item, key);
        if (keyValue !== undefined) setMember(extracted, key, keyValue);
      }
    }
    result.push(extracted);
  }
  return result;
}

/** A member without members below it covers a map or a list that is empty as far as its owner is concerned. */
function extractMember(value: Json, node: FieldSet, type: TypeSchema): Json {
  const covered = node.children.size > 0 || shapeOf(type, value) === "leaf";
  if (covered) return extractItems(value, node, type);
  return Array.isArray(value) ? [] : isObject(value) ? {} : copyJson(value);
}
