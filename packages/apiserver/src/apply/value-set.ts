import type { Json } from "@homeostat/api";
import { isObject } from "../patch/json-value.ts";
import type { TypeSchema } from "../schema/type-schema.ts";
import { type FieldSet, leafSet, nodeOf } from "./field-set.ts";
import { fieldElement, type PathElement } from "./path-element.ts";
import { asList, asObject, isDeclared, itemsByElement, memberType, shapeOf } from "./type-walk.ts";

/**
 * The fields a value sets: every scalar and everything owned as a whole; items of lists and keys of maps themselves
 * too; null and empty maps as such. Items that stand twice are owned as one group.
 *
 * @throws TypedError when an item of a list cannot be named
 */
export function fieldSetOf(value: Json, type: TypeSchema): FieldSet {
  switch (shapeOf(type, value)) {
    case "leaf":
      return leafSet;
    case "map": {
      const children = new Map<PathElement, FieldSet>();
      const object = asObject(value) ?? {};
      for (const name of Object.keys(object)) {
        const item = object[name]!;
        const below = fieldSetOf(item, memberType(type, name));
        const node = nodeOf(below.member || isEmptyOrNull(item) || !isDeclared(type, name), below.children);
        if (node.member || node.children.size > 0) children.set(fieldElement(name), node);
      }
      return nodeOf(false, children);
    }
    case "list": {
      if (type.kind !== "list") return leafSet;
      const children = new Map<PathElement, FieldSet>();
      for (const [element, [item, ...more]] of itemsByElement(type, asList(value) ?? [])) {
        children.set(element, more.length > 0 ? leafSet : nodeOf(true, fieldSetOf(item!, type.item).children));
      }
      return nodeOf(false, children);
    }
  }
}

function isEmptyOrNull(value: Json): boolean {
  return value === null || (isObject(value) && Object.keys(value).length === 0);
}
