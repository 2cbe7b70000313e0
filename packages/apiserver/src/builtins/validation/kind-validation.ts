import type { JsonObject, StatusCause } from "@homeostat/api";

/** What one kind demands of its objects. */
export interface KindValidation {
  /** Of an object by itself: on create and on update. */
  readonly object?: (object: JsonObject) => StatusCause[];
  /** Of a new object only: what older objects may still have. */
  readonly create?: (object: JsonObject) => StatusCause[];
  /** Of a change: what may not change. */
  readonly update?: (object: JsonObject, old: JsonObject) => StatusCause[];
}

/** By `group/kind`. */
export type ValidationByKind = Readonly<Record<string, KindValidation>>;
