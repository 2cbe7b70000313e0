import { isDeepStrictEqual } from "node:util";
import type { Json, JsonObject } from "@homeostat/api";
import { copyJson } from "../patch/json-value.ts";

/**
 * Reading and filling fields of objects that are plain JSON. The codec has checked types by the time these run; a value
 * of another type reads as absent all the same, so that no input can make a rule throw.
 */

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object-valued field; undefined when absent. */
export function struct(parent: JsonObject | undefined, key: string): JsonObject | undefined {
  const value = parent?.[key];
  return isObject(value) ? value : undefined;
}

/** Follows object-valued fields. */
export function structAt(parent: JsonObject | undefined, ...path: readonly string[]): JsonObject | undefined {
  return path.reduce<JsonObject | undefined>((at, key) => struct(at, key), parent);
}

/** A list of objects; empty when absent. */
export function structs(parent: JsonObject | undefined, key: string): JsonObject[] {
  const value = parent?.[key];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** A list of strings; empty when absent. */
export function strings(parent: JsonObject | undefined, key: string): string[] {
  const value = parent?.[key];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** A string; empty when absent, as an unset string is to Kubernetes. */
export function text(parent: JsonObject | undefined, key: string): string {
  const value = parent?.[key];
  return typeof value === "string" ? value : "";
}

export function integer(parent: JsonObject | undefined, key: string): number | undefined {
  const value = parent?.[key];
  return typeof value === "number" ? value : undefined;
}

/** A boolean; false when absent. */
export function flag(parent: JsonObject | undefined, key: string): boolean {
  return parent?.[key] === true;
}

/** A map of strings; empty when absent. */
export function stringMap(parent: JsonObject | undefined, key: string): Record<string, string> {
  const entries = Object.entries(struct(parent, key) ?? {});
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

/** Whether a field holds nothing: absent, null or an empty string. Zero and false are values. */
export function isUnset(parent: JsonObject | undefined, key: string): boolean {
  const value = parent?.[key];
  return value === undefined || value === null || value === "";
}

/** Fills a field that holds nothing. The value is copied. */
export function setDefault(parent: JsonObject, key: string, value: Json): void {
  if (isUnset(parent, key)) parent[key] = copyJson(value);
}

/** As {@link setDefault}, for numbers whose zero means "not set". */
export function setDefaultOverZero(parent: JsonObject, key: string, value: number): void {
  if (isUnset(parent, key) || parent[key] === 0) parent[key] = value;
}

/** The object-valued field, made if absent. */
export function ensure(parent: JsonObject, key: string): JsonObject {
  const present = struct(parent, key);
  if (present) return present;
  const fresh: JsonObject = {};
  parent[key] = fresh;
  return fresh;
}

/** Sets a field to a copy of a value, or removes it where there is none. */
export function assign(target: JsonObject, key: string, value: Json | undefined): void {
  if (value === undefined || value === null) delete target[key];
  else target[key] = copyJson(value);
}

/** Deep equality; absent, null, and empty lists and objects are all the same nothing, as in `apiequality.Semantic`. */
export function semanticallyEqual(a: Json | undefined, b: Json | undefined): boolean {
  return isDeepStrictEqual(withoutEmpties(a), withoutEmpties(b));
}

function withoutEmpties(value: Json | undefined): Json | undefined {
  if (value === null || value === undefined || value === "") return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((item) => withoutEmpties(item) ?? null);
  if (typeof value !== "object") return value;
  const kept: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const rest = withoutEmpties(item);
    if (rest !== undefined) kept[key] = rest;
  }
  return Object.keys(kept).length === 0 ? undefined : kept;
}
