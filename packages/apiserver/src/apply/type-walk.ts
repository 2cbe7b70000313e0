import type { Json, JsonObject } from "@homeostat/api";
import { isObject, member } from "../patch/json-value.ts";
import { type ListType, type TypeSchema, untyped } from "../schema/type-schema.ts";
import { fieldNameOf, keyElement, type PathElement, showElement, valueElement } from "./path-element.ts";
import { TypedError } from "./typed-error.ts";

/** How a value is owned: as a whole, field by field, or item by item. */
export type Shape = "leaf" | "map" | "list";

/** Null says nothing about itself where nothing is declared: it takes the shape of what it is compared with. */
export function shapeOf(type: TypeSchema, value: Json | undefined): Shape {
  switch (type.kind) {
    case "scalar":
      return "leaf";
    case "struct":
    case "map":
      return type.atomic ? "leaf" : "map";
    case "list":
      return type.listType === "atomic" ? "leaf" : "list";
    case "untyped":
      return isObject(value) ? "map" : "leaf";
  }
}

/** Type of a field of a struct or of a value of a map. */
export function memberType(type: TypeSchema, name: string): TypeSchema {
  if (type.kind === "struct") return type.field(name)?.type ?? untyped;
  return type.kind === "map" ? type.value : untyped;
}

export function isDeclared(type: TypeSchema, name: string): boolean {
  return type.kind === "struct" && type.field(name) !== undefined;
}

/** Type of what an element of a path leads to. */
export function elementType(type: TypeSchema, element: PathElement): TypeSchema {
  const name = fieldNameOf(element);
  if (name !== undefined) return memberType(type, name);
  return type.kind === "list" ? type.item : untyped;
}

/**
 * Names an item of an associative list or a set. A missing key field takes its schema default.
 *
 * @throws TypedError when the item cannot be named
 */
export function itemElement(type: ListType, item: Json): PathElement {
  if (type.listType === "set") {
    if (item === null) throw new TypedError("a set may not have null items");
    return valueElement(item);
  }
  if (!isObject(item)) throw new TypedError("associative list with keys may not have non-map elements");
  const keys: JsonObject = {};
  for (const name of type.keys) {
    const value = member(item, name) ?? keyDefault(type, name);
    if (value === undefined) {
      throw new TypedError(
        `associative list with keys has an element that omits key field "${name}" (and doesn't have default value)`,
      );
    }
    keys[name] = value;
  }
  return keyElement(keys);
}

function keyDefault(type: ListType, name: string): Json | undefined {
  return type.item.kind === "struct" ? type.item.field(name)?.default : undefined;
}

/** Items by name, in the order of the list; more than one under a name are duplicates. */
export function itemsByElement(type: ListType, list: readonly Json[]): Map<PathElement, Json[]> {
  const items = new Map<PathElement, Json[]>();
  for (const item of list) {
    const element = itemElement(type, item);
    const same = items.get(element);
    if (same) same.push(item);
    else items.set(element, [item]);
  }
  return items;
}

/** @throws TypedError naming the first item that stands twice */
export function refuseDuplicates(items: ReadonlyMap<PathElement, readonly Json[]>): void {
  for (const [element, same] of items) {
    if (same.length > 1) throw new TypedError(`duplicate entries for key ${showElement(element)}`);
  }
}

export const asObject = (value: Json | undefined): JsonObject | undefined => (isObject(value) ? value : undefined);
export const asList = (value: Json | undefined): readonly Json[] | undefined =>
  Array.isArray(value) ? value : undefined;
