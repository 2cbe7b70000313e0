import type { Json, StatusCause } from "@homeostat/api";
import { fieldError } from "@homeostat/api";
import { applyDefaults } from "./defaulting.ts";
import { jsonEqual } from "./json-equal.ts";
import { keyPath } from "./json-schema-props.ts";
import { duplicateItems } from "./list-types.ts";
import { pruneValue } from "./prune.ts";
import type { StructuralSchema } from "./structural-schema.ts";
import { compileValidator } from "./validate.ts";

/**
 * Defaults that would not survive themselves: with fields the schema drops, or values it refuses.
 * Source: apiextensions, schema/defaulting/validation.
 *
 * @param path of the schema
 */
export function defaultProblems(schema: StructuralSchema, path: string): StatusCause[] {
  const out: StatusCause[] = [];
  walk(schema, path, true, out);
  return out;
}

function walk(schema: StructuralSchema, path: string, isRoot: boolean, out: StatusCause[]): void {
  if (schema.default !== undefined) out.push(...problemsOf(schema.default, schema, `${path}.default`));
  for (const [name, property] of schema.properties) {
    // Metadata is not described by the schema; upstream ignores what is said there.
    if (isRoot && name === "metadata") continue;
    walk(property, keyPath(`${path}.properties`, name), false, out);
  }
  if (schema.items) walk(schema.items, `${path}.items`, false, out);
  if (typeof schema.additionalProperties === "object") {
    walk(schema.additionalProperties, `${path}.additionalProperties`, false, out);
  }
}

function problemsOf(value: Json, schema: StructuralSchema, path: string): StatusCause[] {
  const pruned = structuredClone(value);
  pruneValue(pruned, schema, "");
  if (!jsonEqual(pruned, value)) return [fieldError.invalid(path, value, "must not have unknown fields")];
  applyDefaults(pruned, schema);
  const causes: StatusCause[] = [];
  compileValidator(schema.source)(pruned, undefined, path, causes);
  const duplicates = duplicateItems(pruned, schema).map((cause) => ({
    ...cause,
    field: `${path}${cause.field ?? ""}`,
  }));
  return [...causes, ...duplicates];
}
