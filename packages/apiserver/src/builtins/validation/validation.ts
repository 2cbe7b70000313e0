import type { JsonObject, StatusCause } from "@homeostat/api";

/** What one kind demands of its objects. */
export interface KindValidation {
  /** Of an object by itself: on create and on update. */
  readonly object?: (object: JsonObject) => StatusCause[];
  /** Of a change: what may not change. */
  readonly update?: (object: JsonObject, old: JsonObject) => StatusCause[];
}

const validations: Readonly<Record<string, KindValidation>> = {};

/** Validation of a built-in kind beyond its metadata; empty for kinds of which nothing is demanded. */
export function builtinValidation(group: string, kind: string): KindValidation {
  return validations[`${group}/${kind}`] ?? {};
}
