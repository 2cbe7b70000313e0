import type { StatusCause } from "./status.ts";

/**
 * Findings about fields, as the API words them: a value, what is wrong with it, and where. They become the causes of a
 * 422 (`invalid(...)`). Source: apimachinery, util/validation/field.
 */

/** How a value is quoted in a finding: strings in quotes, numbers and booleans bare, the rest as JSON. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return "null";
  return typeof value === "string" || typeof value === "object" ? JSON.stringify(value) : String(value);
}

export const fieldError = {
  required: (field: string, detail = ""): StatusCause => ({
    reason: "FieldValueRequired",
    message: `Required value${detail ? `: ${detail}` : ""}`,
    field,
  }),
  invalid: (field: string, value: unknown, detail: string): StatusCause => ({
    reason: "FieldValueInvalid",
    message: `Invalid value: ${shown(value)}: ${detail}`,
    field,
  }),
  typeInvalid: (field: string, value: unknown, detail: string): StatusCause => ({
    reason: "FieldValueTypeInvalid",
    message: `Invalid value: ${shown(value)}: ${detail}`,
    field,
  }),
  notSupported: (field: string, value: unknown, supported: readonly unknown[]): StatusCause => ({
    reason: "FieldValueNotSupported",
    message: `Unsupported value: ${shown(value)}: supported values: ${supported.map(shown).join(", ")}`,
    field,
  }),
  duplicate: (field: string, value: unknown): StatusCause => ({
    reason: "FieldValueDuplicate",
    message: `Duplicate value: ${shown(value)}`,
    field,
  }),
  forbidden: (field: string, detail: string): StatusCause => ({
    reason: "FieldValueForbidden",
    message: `Forbidden: ${detail}`,
    field,
  }),
  tooLong: (field: string, max: number): StatusCause => ({
    reason: "FieldValueTooLong",
    message: `Too long: may not be more than ${max} bytes`,
    field,
  }),
  tooMany: (field: string, actual: number, max: number): StatusCause => ({
    reason: "FieldValueTooMany",
    message: `Too many: ${actual}: must have at most ${max} items`,
    field,
  }),
  notFound: (field: string, value: unknown): StatusCause => ({
    reason: "FieldValueNotFound",
    message: `Not found: ${shown(value)}`,
    field,
  }),
} as const;

/** Joins a path and a field: `spec` + `replicas`; a key that is no plain name goes in brackets. */
export function fieldPath(parent: string, child: string | number): string {
  if (typeof child === "number") return `${parent}[${child}]`;
  return parent === "" ? child : `${parent}.${child}`;
}
