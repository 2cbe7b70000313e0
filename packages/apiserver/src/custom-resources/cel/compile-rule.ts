import type { StatusCause } from "@homeostat/api";
import { fieldError } from "@homeostat/api";
import type { Environment } from "@marcbachmann/cel-js";
import type { ValidationRule } from "../json-schema-props.ts";
import type { StructuralSchema } from "../structural-schema.ts";
import { fieldSchema } from "../structural-schema.ts";
import type { CelEnvironment } from "./environment.ts";
import type { Program } from "./program.ts";
import { CompileError, compileProgram } from "./program.ts";
import type { CelType } from "./values.ts";

export interface CompiledRule {
  readonly rule: ValidationRule;
  readonly program: Program;
  readonly message: Program | undefined;
  readonly usesOldSelf: boolean;
  /** Path of findings below the rule's place, from `fieldPath`. */
  readonly suffix: string;
}

/**
 * Compiles the rules of one level of a schema; what does not compile is added to `problems`.
 *
 * @param type of the values at this level; undefined where they have none
 * @param path of the rules
 */
export function compileLevel(
  schema: StructuralSchema,
  type: CelType | undefined,
  cel: CelEnvironment,
  path: string,
  problems: StatusCause[],
): CompiledRule[] {
  if (!type) {
    problems.push(fieldError.invalid(path, "", "rules need a schema with a type; untyped data is invisible to them"));
    return [];
  }
  const environments = new Map<boolean, Environment>();
  const environment = (isOldOptional: boolean): Environment => {
    let env = environments.get(isOldOptional);
    if (!env) {
      env = cel.env.clone().registerVariable("self", type.name);
      env.registerVariable("oldSelf", isOldOptional ? `optional<${type.name}>` : type.name);
      environments.set(isOldOptional, env);
    }
    return env;
  };
  return schema.rules.flatMap((rule, index) => {
    const result = compileRule(rule, environment(rule.optionalOldSelf === true), schema, cel);
    if ("rule" in result) return [result];
    problems.push({ ...result.problem, field: `${path}[${index}].${result.problem.field}` });
    return [];
  });
}

function compileRule(
  rule: ValidationRule,
  env: Environment,
  schema: StructuralSchema,
  cel: CelEnvironment,
): CompiledRule | { readonly problem: StatusCause } {
  if (rule.rule.trim() === "") return { problem: fieldError.required("rule", "rule is not specified") };
  const program = compileTyped(rule.rule, "bool", env, cel);
  if (typeof program === "string") return { problem: fieldError.invalid("rule", rule.rule, program) };
  let message: Program | undefined;
  if (rule.messageExpression) {
    const compiled = compileTyped(rule.messageExpression, "string", env, cel);
    if (typeof compiled === "string") {
      return {
        problem: fieldError.invalid("messageExpression", rule.messageExpression, `messageExpression ${compiled}`),
      };
    }
    message = compiled;
  }
  const usesOldSelf = program.mentions("oldSelf");
  if (rule.optionalOldSelf !== undefined && !usesOldSelf) {
    const why = "may not be set if oldSelf is not used in rule";
    return { problem: fieldError.invalid("optionalOldSelf", rule.optionalOldSelf, why) };
  }
  if (rule.reason !== undefined && !reasons.has(rule.reason)) {
    return { problem: fieldError.notSupported("reason", rule.reason, [...reasons.keys()]) };
  }
  const suffix = rule.fieldPath ? suffixOf(rule.fieldPath, schema) : "";
  if (suffix === undefined) {
    const why = "fieldPath must be a valid path: it does not refer to a field of the schema";
    return { problem: fieldError.invalid("fieldPath", rule.fieldPath, why) };
  }
  return { rule, program, message, usesOldSelf, suffix };
}

function compileTyped(
  expression: string,
  type: "bool" | "string",
  env: Environment,
  cel: CelEnvironment,
): Program | string {
  try {
    const program = compileProgram(env, expression, cel);
    if (program.type === type || program.type === "dyn") return program;
    return `must evaluate to a ${type}`;
  } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
}

/** A rule's `fieldPath` (`.a['b.c']`) as the path findings have; undefined where the schema has no such field. */
function suffixOf(path: string, schema: StructuralSchema): string | undefined {
  if (!/^(\.[A-Za-z_][A-Za-z0-9_-]*|\['(?:[^'\\]|\\.)+'\])+$/.test(path)) return undefined;
  let at: StructuralSchema | undefined = schema;
  let suffix = "";
  for (const [, plain, quoted] of path.matchAll(/\.([A-Za-z_][A-Za-z0-9_-]*)|\['((?:[^'\\]|\\.)+)'\]/g)) {
    const name = plain ?? quoted!.replace(/\\(.)/g, "$1");
    at = at && fieldSchema(at, name);
    suffix += plain === undefined ? `[${name}]` : `.${name}`;
  }
  return at ? suffix : undefined;
}

type MakeCause = (field: string, value: string, detail: string) => StatusCause;

/** How a finding is made, by the reason a rule gives. */
export const reasons: ReadonlyMap<string, MakeCause> = new Map<string, MakeCause>([
  ["FieldValueRequired", (field, _value, detail) => fieldError.required(field, detail)],
  ["FieldValueForbidden", (field, _value, detail) => fieldError.forbidden(field, detail)],
  ["FieldValueInvalid", fieldError.invalid],
  // Upstream names the type here too, and leaves the text out.
  ["FieldValueDuplicate", (field, value) => fieldError.duplicate(field, value)],
]);
