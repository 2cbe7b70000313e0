import type { JsonObject } from "@homeostat/api";
import type { Strategy } from "../../registry/served-resource.ts";

/**
 * What a kind adds to the rules that all built-in kinds share (metadata, status, generation). The hooks are those of
 * {@link Strategy}; `prepareForCreate` and `prepareForUpdate` run after the shared part.
 */
export type KindRules = Pick<
  Strategy,
  | "prepareForCreate"
  | "prepareForUpdate"
  | "validate"
  | "validateUpdate"
  | "warnings"
  | "fields"
  | "fieldNames"
  | "gracePeriodSeconds"
> & {
  /**
   * Subresources other than `status` through which a part of the object itself is written (`finalize`, `approval` …):
   * given the stored object and what was sent, returns what is stored.
   */
  readonly parts?: Readonly<Record<string, (old: JsonObject, sent: JsonObject) => JsonObject>>;
};

/** By `group/kind`. */
export type RulesByKind = Readonly<Record<string, KindRules>>;

/** Field selectors whose value is found by following a path; absent reads as empty. */
export function fieldsByPath(...paths: readonly string[]): Pick<KindRules, "fields" | "fieldNames"> {
  return {
    fieldNames: paths,
    fields: (object) => Object.fromEntries(paths.map((path) => [path, valueAt(object, path)])),
  };
}

function valueAt(object: JsonObject, path: string): string {
  let value: JsonObject[string] | undefined = object;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return "";
    value = value[key];
  }
  return value === undefined || value === null || typeof value === "object" ? "" : String(value);
}
