import type { JsonObject, StatusCause } from "@homeostat/api";
import type { TypeSchema } from "./type-schema.ts";

/**
 * What a version of a kind allows and fills in. Built-in kinds and custom ones implement it; the registry runs the
 * same steps for both:
 *
 *   decode → `decode` (unknown fields, types, canonical forms) → `default` → admission → strategy → `validate` → store
 *
 * Objects passed in are private to the request and are changed in place.
 */
export interface ObjectSchema {
  /** For merging and ownership. */
  readonly type: TypeSchema;

  /**
   * Drops fields the kind does not have, brings values into their canonical form (quantities, times; for built-in
   * kinds empty values that are not stored) and reports both.
   */
  decode(object: JsonObject): DecodeResult;

  /** Fills defaults of the kind. Runs on writes, again after mutation, and for custom kinds when read from storage. */
  default(object: JsonObject): void;

  /**
   * Checks the object against the schema. `old` is the stored state of an update: custom kinds need it for transition
   * rules and tolerate what was wrong before and did not change. A promise where rules are loaded first.
   */
  validate(object: JsonObject, old?: JsonObject): StatusCause[] | Promise<StatusCause[]>;
}

export interface DecodeResult {
  /** Paths of fields that are not declared, `spec.replicaz`; they are gone from the object. */
  readonly unknown: readonly string[];
  /**
   * First value of a wrong type, worded as upstream's decoder does; undefined when all fit. A built-in with such a
   * value is refused with 400; custom kinds leave types to `validate`.
   */
  readonly mismatch?: string;
}
