import type { Json, JsonObject, StatusCause } from "@homeostat/api";
import { fieldError, fieldPath } from "@homeostat/api";
import { Optional } from "@marcbachmann/cel-js";
import { jsonEqual } from "../json-equal.ts";
import { isJsonObject, keyPath, ownField } from "../json-schema-props.ts";
import type { StructuralSchema } from "../structural-schema.ts";
import { fieldSchema, listMapKey } from "../structural-schema.ts";
import type { CompiledRule } from "./compile-rule.ts";
import { compileLevel, reasons } from "./compile-rule.ts";
import type { CelEnvironment } from "./environment.ts";
import { createCelEnvironment } from "./environment.ts";
import { CostExceeded } from "./meter.ts";
import type { Program } from "./program.ts";
import { RuleError } from "./program.ts";
import type { CelTypes } from "./values.ts";
import { declareTypes } from "./values.ts";

/** Steps one expression may take. Source: apiextensions, `PerCallLimit`. */
const stepsPerExpression = 1_000_000;
/** Steps all expressions over one object may take together. Source: apiextensions, `RuntimeCELCostBudget`. */
const stepsPerObject = 10_000_000;

export interface CompiledRules {
  /** Rules that do not compile, at their place in the schema; such rules are never run. */
  readonly problems: readonly StatusCause[];
  /**
   * Runs the rules over an object. `old` is its stored state: rules that speak of `oldSelf` run where both are there,
   * others are tolerated where nothing changed.
   */
  validate(object: JsonObject, old?: JsonObject): StatusCause[];
}

/**
 * Compiles the `x-kubernetes-validations` of a schema. Source: KEP-2876; apiextensions, schema/cel.
 *
 * @param path of the schema in its definition, for `problems`
 */
export function compileRules(schema: StructuralSchema, path: string): CompiledRules {
  const cel = createCelEnvironment();
  const types = declareTypes(cel.env, schema, cel);
  const problems: StatusCause[] = [];
  const compiled = new Map<StructuralSchema, readonly CompiledRule[]>();
  const compileAt = (at: StructuralSchema, atPath: string): void => {
    if (!at.hasRules) return;
    const type = types.get(at);
    if (at.rules.length > 0)
      compiled.set(at, compileLevel(at, type, cel, `${atPath}.x-kubernetes-validations`, problems));
    for (const [name, property] of at.properties) compileAt(property, keyPath(`${atPath}.properties`, name));
    if (at.items) compileAt(at.items, `${atPath}.items`);
    if (typeof at.additionalProperties === "object")
      compileAt(at.additionalProperties, `${atPath}.additionalProperties`);
  };
  compileAt(schema, path);
  return {
    problems,
    validate(object, old) {
      const run: Run = { cel, types, compiled, out: [], left: stepsPerObject };
      try {
        visit(schema, object, old, "", run);
      } catch (error) {
        if (!(error instanceof BudgetSpent)) throw error;
      }
      return run.out;
    },
  };
}

interface Run {
  readonly cel: CelEnvironment;
  readonly types: CelTypes;
  readonly compiled: ReadonlyMap<StructuralSchema, readonly CompiledRule[]>;
  readonly out: StatusCause[];
  /** Steps left for this object. */
  left: number;
}

/** Ends the walk once the object's budget is spent; the finding is already there. */
class BudgetSpent extends Error {}

/** @param old undefined where there is nothing to compare with */
function visit(schema: StructuralSchema, value: Json, old: Json | undefined, path: string, run: Run): void {
  if (!schema.hasRules || value === null) return;
  const rules = run.compiled.get(schema);
  if (rules) runRules(rules, schema, value, old ?? undefined, path, run);
  if (Array.isArray(value)) visitItems(schema, value, old, path, run);
  else if (isJsonObject(value)) visitFields(schema, value, old, path, run);
}

function visitItems(schema: StructuralSchema, list: Json[], old: Json | undefined, path: string, run: Run): void {
  const { items } = schema;
  if (!items?.hasRules) return;
  // Only items of keyed lists can be told to be the same as before.
  const byKey =
    schema.listType === "map" && Array.isArray(old)
      ? new Map(old.map((item) => [listMapKey(schema, item), item]))
      : undefined;
  list.forEach((item, index) => {
    const key = byKey && listMapKey(schema, item);
    visit(items, item, key === undefined ? undefined : byKey?.get(key), fieldPath(path, index), run);
  });
}

function visitFields(
  schema: StructuralSchema,
  object: JsonObject,
  old: Json | undefined,
  path: string,
  run: Run,
): void {
  const isMap = schema.properties.size === 0;
  for (const name of Object.keys(object)) {
    const child = fieldSchema(schema, name);
    if (!child?.hasRules) continue;
    const oldValue = isJsonObject(old) ? ownField(old, name) : undefined;
    visit(child, object[name]!, oldValue, isMap ? keyPath(path, name) : fieldPath(path, name), run);
  }
}

function runRules(
  rules: readonly CompiledRule[],
  schema: StructuralSchema,
  value: Json,
  old: Json | undefined,
  path: string,
  run: Run,
): void {
  const type = run.types.get(schema)!;
  const self = type.toValue(value);
  const oldSelf = old === undefined ? undefined : type.toValue(old);
  let isUnchanged: boolean | undefined;
  for (const compiled of rules) {
    const isOptional = compiled.rule.optionalOldSelf === true;
    if (compiled.usesOldSelf && oldSelf === undefined && !isOptional) continue;
    const variables = { self, oldSelf: isOptional ? Optional.of(oldSelf) : oldSelf };
    const cause = findingOf(compiled, variables, schema, path, run);
    if (!cause) continue;
    // Ratcheting: what was wrong before and did not change does not stop an update; transitions are about change.
    if (!compiled.usesOldSelf && old !== undefined && (isUnchanged ??= jsonEqual(value, old))) continue;
    run.out.push(cause);
  }
}

function findingOf(
  { rule, program, message, suffix }: CompiledRule,
  variables: Record<string, unknown>,
  schema: StructuralSchema,
  path: string,
  run: Run,
): StatusCause | undefined {
  const shown = shownType(schema);
  const field = path === "" ? "<nil>" : path;
  const text = (rule.message ?? rule.rule).trim();
  try {
    if (metered(program, variables, run) === true) return undefined;
  } catch (error) {
    if (error instanceof CostExceeded) {
      const why = `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${text}`;
      return spent(fieldError.invalid(field, shown, why), run);
    }
    if (!(error instanceof RuleError)) throw error;
    return fieldError.invalid(field, shown, describeFailure(error.message, text));
  }
  const detail = messageOf(message, variables, run) ?? rule.message?.trim() ?? `failed rule: ${rule.rule.trim()}`;
  const place = suffix === "" ? field : path === "" ? suffix.replace(/^\./, "") : `${path}${suffix}`;
  return reasons.get(rule.reason ?? "FieldValueInvalid")!(place, shown, detail);
}

function describeFailure(failure: string, rule: string): string {
  if (failure.startsWith("no such overload") || failure.startsWith("found no matching overload")) {
    return `'${failure}': call arguments did not match a supported operator, function or macro signature for rule: ${rule}`;
  }
  return `${failure} evaluating rule: ${rule}`;
}

/** Ends the run after the finding: nothing more of this object may be evaluated. */
function spent(cause: StatusCause, run: Run): never {
  run.out.push(cause);
  throw new BudgetSpent("cost budget is spent");
}

function metered(program: Program, variables: Record<string, unknown>, run: Run): unknown {
  const { meter } = run.cel;
  meter.reset(Math.min(stepsPerExpression, run.left));
  try {
    return program.run(variables);
  } finally {
    run.left -= Math.ceil(meter.used);
  }
}

/** The result of a messageExpression; undefined where it fails or is not a non-empty single line. */
function messageOf(message: Program | undefined, variables: Record<string, unknown>, run: Run): string | undefined {
  if (!message) return undefined;
  try {
    const text = metered(message, variables, run);
    if (typeof text !== "string") return undefined;
    const line = text.trim();
    return line === "" || line.includes("\n") || line.length > maxMessageLength ? undefined : line;
  } catch (error) {
    if (error instanceof RuleError || error instanceof CostExceeded) return undefined;
    throw error;
  }
}

/** Source: apiextensions, `maxMessageExpressionLength`; what is longer is not used. */
const maxMessageLength = 5 * 1024;

/** Upstream puts the type in the place of the value. */
function shownType(schema: StructuralSchema): string {
  return schema.type ?? "";
}
