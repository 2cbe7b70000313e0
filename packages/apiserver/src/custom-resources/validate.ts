import type { Json, JsonObject, StatusCause } from "@homeostat/api";
import { fieldError, fieldPath } from "@homeostat/api";
import { jsonEqual } from "./json-equal.ts";
import type { JsonSchemaProps } from "./json-schema-props.ts";
import { isJsonObject, ownField } from "./json-schema-props.ts";
import { scalarChecks, typeCheck } from "./keyword-checks.ts";
import { arrayOf } from "./structural-schema.ts";

/**
 * Checks a value against the keywords of a schema and reports what is wrong, in upstream's words.
 *
 * `old` is the value of the stored object at the same place: where the value is the same as it was, findings in it are
 * tolerated (validation ratcheting, KEP-4008), so that a schema can become stricter without blocking unrelated changes.
 * Undefined: nothing to compare with. Fields of objects pair by name, items of keyed lists by key, other items never.
 */
export type Validator = (value: Json, old: Json | undefined, path: string, out: StatusCause[]) => void;

/** Compiles the keywords once; the result is pure. Source: kube-openapi validation and its error mapping in apiextensions. */
export function compileValidator(schema: JsonSchemaProps): Validator {
  const type = typeCheck(schema);
  const isNullable = schema.nullable === true;
  // The order is upstream's, so that several findings at one place come in the same order.
  const checks: Validator[] = [
    ...logicChecks(schema),
    ...scalarChecks(schema).map(
      (check): Validator =>
        (value, _old, path, out) =>
          check(value, path, out),
    ),
    ...listChecks(schema),
    ...objectChecks(schema),
  ];
  return (value, old, path, out) => {
    if (value === null && isNullable) return;
    const before = out.length;
    type?.(value, path, out);
    // A null fits no keyword but its type.
    if (value !== null) for (const check of checks) check(value, old, path, out);
    if (out.length > before && old !== undefined && jsonEqual(value, old)) out.length = before;
  };
}

/** Finding of a combination of schemas: upstream knows no field for it and names the path in the text. */
function combined(path: string, what: string): StatusCause {
  return fieldError.invalid("<nil>", "", `${JSON.stringify(path)} ${what}`);
}

function logicChecks(schema: JsonSchemaProps): Validator[] {
  const checks: Validator[] = [];
  const anyOf = branchesOf(schema.anyOf);
  const oneOf = branchesOf(schema.oneOf);
  const allOf = branchesOf(schema.allOf);
  if (anyOf.length > 0) {
    checks.push((value, _old, path, out) => {
      const results = runBranches(anyOf, value, path);
      if (results.some((findings) => findings.length === 0)) return;
      out.push(combined(path, "must validate at least one schema (anyOf)"), ...closest(results));
    });
  }
  if (oneOf.length > 0) {
    checks.push((value, _old, path, out) => {
      const results = runBranches(oneOf, value, path);
      const valid = results.filter((findings) => findings.length === 0).length;
      const text = "must validate one and only one schema (oneOf)";
      if (valid === 0) out.push(combined(path, `${text}. Found none valid`), ...closest(results));
      else if (valid > 1) out.push(combined(path, `${text}. Found ${valid} valid alternatives`));
    });
  }
  if (allOf.length > 0) {
    checks.push((value, _old, path, out) => {
      const results = runBranches(allOf, value, path);
      const valid = results.filter((findings) => findings.length === 0).length;
      if (valid === allOf.length) return;
      out.push(...results.flat());
      out.push(combined(path, `must validate all the schemas (allOf)${valid === 0 ? ". None validated" : ""}`));
    });
  }
  if (isJsonObject(schema.not)) {
    const not = compileValidator(schema.not);
    checks.push((value, _old, path, out) => {
      const findings: StatusCause[] = [];
      not(value, undefined, path, findings);
      if (findings.length === 0) out.push(combined(path, "must not validate the schema (not)"));
    });
  }
  return checks;
}

function branchesOf(schemas: readonly JsonSchemaProps[] | undefined): readonly Validator[] {
  return arrayOf(schemas)
    .filter((branch) => isJsonObject(branch))
    .map(compileValidator);
}

function runBranches(branches: readonly Validator[], value: Json, path: string): StatusCause[][] {
  return branches.map((branch) => {
    const findings: StatusCause[] = [];
    branch(value, undefined, path, findings);
    return findings;
  });
}

/** Findings of the branch that comes nearest: the one with the fewest, the first of those. */
function closest(results: readonly StatusCause[][]): readonly StatusCause[] {
  return results.reduce((best, findings) => (findings.length < best.length ? findings : best));
}

function listChecks(schema: JsonSchemaProps): Validator[] {
  const checks: Validator[] = [];
  if (isJsonObject(schema.items)) {
    const item = compileValidator(schema.items as JsonSchemaProps);
    const pair = itemPairing(schema);
    checks.push((value, old, path, out) => {
      if (!Array.isArray(value)) return;
      const oldItem = pair(old);
      value.forEach((element, index) => void item(element, oldItem(element), fieldPath(path, index), out));
    });
  }
  const { minItems, maxItems } = schema;
  if (typeof minItems === "number") {
    checks.push((value, _old, path, out) => {
      if (!Array.isArray(value) || value.length >= minItems) return;
      out.push(fieldError.invalid(path, value.length, `${path} in body should have at least ${minItems} items`));
    });
  }
  if (typeof maxItems === "number") {
    checks.push((value, _old, path, out) => {
      if (Array.isArray(value) && value.length > maxItems) out.push(fieldError.tooMany(path, value.length, maxItems));
    });
  }
  return checks;
}

type OldItem = (item: Json) => Json | undefined;

/** How an item finds what it was before: by its key fields, in lists that have them. */
function itemPairing(schema: JsonSchemaProps): (old: Json | undefined) => OldItem {
  const none: OldItem = () => undefined;
  if (schema["x-kubernetes-list-type"] !== "map") return () => none;
  const keys = arrayOf(schema["x-kubernetes-list-map-keys"]);
  const keyOf = (item: Json): string | undefined =>
    isJsonObject(item) ? JSON.stringify(keys.map((key) => ownField(item, key) ?? null)) : undefined;
  return (old) => {
    if (!Array.isArray(old)) return none;
    const byKey = new Map(old.map((item) => [keyOf(item), item]));
    return (item) => {
      const key = keyOf(item);
      return key === undefined ? undefined : byKey.get(key);
    };
  };
}

function objectChecks(schema: JsonSchemaProps): Validator[] {
  const checks: Validator[] = [...sizeChecks(schema)];
  const properties = new Map<string, Validator>();
  if (isJsonObject(schema.properties)) {
    for (const [name, property] of Object.entries(schema.properties as Record<string, unknown>)) {
      if (isJsonObject(property)) properties.set(name, compileValidator(property as JsonSchemaProps));
    }
  }
  const additional = isJsonObject(schema.additionalProperties)
    ? compileValidator(schema.additionalProperties as JsonSchemaProps)
    : undefined;
  if (properties.size > 0 || additional) {
    checks.push((value, old, path, out) => {
      if (!isJsonObject(value)) return;
      for (const name of Object.keys(value)) {
        const check = properties.get(name) ?? additional;
        check?.(value[name]!, oldField(old, name), fieldPath(path, name), out);
      }
    });
  }
  const required = arrayOf(schema.required);
  if (required.length > 0) {
    checks.push((value, _old, path, out) => {
      if (!isJsonObject(value)) return;
      for (const name of required) {
        if (!Object.hasOwn(value, name)) out.push(fieldError.required(fieldPath(path, name)));
      }
    });
  }
  return checks;
}

function oldField(old: Json | undefined, name: string): Json | undefined {
  return isJsonObject(old) ? ownField(old, name) : undefined;
}

function sizeChecks({ minProperties, maxProperties }: JsonSchemaProps): Validator[] {
  const checks: Validator[] = [];
  const count = (value: JsonObject): number => Object.keys(value).length;
  if (typeof minProperties === "number") {
    checks.push((value, _old, path, out) => {
      if (!isJsonObject(value) || count(value) >= minProperties) return;
      out.push(
        fieldError.invalid(path, count(value), `${path} in body should have at least ${minProperties} properties`),
      );
    });
  }
  if (typeof maxProperties === "number") {
    checks.push((value, _old, path, out) => {
      if (isJsonObject(value) && count(value) > maxProperties) {
        out.push(fieldError.tooMany(path, count(value), maxProperties));
      }
    });
  }
  return checks;
}
