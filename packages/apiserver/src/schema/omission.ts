import type { Json, JsonObject } from "@homeostat/api";
import type { TableField } from "./builtin-table.ts";

/** Which zero values Go's JSON encoder leaves out, by the facts of a field. Source: encoding/json, `omitempty` and `omitzero`. */

/** Messages always have a value; their zero is written even with `omitempty`. */
export const isMessage = (field: TableField): boolean => {
  switch (field.type) {
    case "string":
    case "integer":
    case "number":
    case "boolean":
    case "array":
    case "map":
    case "bytes":
      return false;
    default:
      return true;
  }
};

/**
 * Whether Kubernetes leaves out a field with this value. Nil is null here.
 */
export function isOmitted(field: TableField, value: Json): boolean {
  if (field.pointer) return value === null && field.omitempty === true;
  switch (field.type) {
    case "array":
      return field.omitempty === true && (value === null || (value as Json[]).length === 0);
    case "map":
      return field.omitempty === true && (value === null || Object.keys(value as JsonObject).length === 0);
    case "bytes":
      return field.omitempty === true && (value === null || value === "");
    case "string":
    case "integer":
    case "number":
    case "boolean":
      return field.omitempty === true && (value === "" || value === 0 || value === false);
    default:
      return (
        field.omitzero === true &&
        (value === null || (typeof value === "object" && !Array.isArray(value) && Object.keys(value).length === 0))
      );
  }
}
