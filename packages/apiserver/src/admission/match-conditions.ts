import { fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import { text } from "../builtins/json-fields.ts";
import { CompileError, type Program } from "../custom-resources/cel/program.ts";
import type { SeenRequest } from "./admission-review.ts";
import { type Activation, ExpressionFailure, type Expressions, type Scope } from "./expressions.ts";

/** Steps that all conditions of one webhook or policy may take together. Source: `RuntimeCELCostBudgetMatchConditions`. */
const stepsTogether = 2_500_000;

/** Source: admissionregistration.k8s.io/v1 `MatchCondition`. */
export interface MatchConditions {
  /** Whether all hold; a text where that cannot be told and the failure policy does not let the request pass. */
  evaluate(seen: SeenRequest, activation?: Activation): Promise<boolean | string>;
}

export interface MatchConditionOptions {
  readonly ignoresFailure: boolean;
  /** Default: what webhooks see. */
  readonly scope?: Scope;
}

/** A condition that does not compile, which only one of an older server can be, fails when it is evaluated. */
export function createMatchConditions(
  conditions: readonly JsonObject[],
  expressions: Expressions,
  { ignoresFailure, scope = expressions.scope({ isPolicy: false }) }: MatchConditionOptions,
): MatchConditions {
  const compiled = conditions.map((condition) => {
    const expression = text(condition, "expression");
    return { expression, program: compiledOrProblem(scope, expression) };
  });
  return {
    async evaluate(seen, activation = expressions.activate(seen)) {
      const budget = { left: stepsTogether };
      const failures: string[] = [];
      for (const { expression, program } of compiled) {
        if (typeof program === "string") {
          failures.push(program);
          continue;
        }
        try {
          if ((await expressions.evaluate(program, expression, activation, budget)) !== true) return false;
        } catch (error) {
          if (!(error instanceof ExpressionFailure)) throw error;
          failures.push(error.message);
        }
      }
      if (failures.length === 0) return true;
      if (ignoresFailure) return false;
      return failures.length === 1 ? failures[0]! : `[${failures.join(", ")}]`;
    },
  };
}

function compiledOrProblem(scope: Scope, expression: string): Program | string {
  try {
    return scope.compile(expression, ["bool"]);
  } catch (error) {
    if (error instanceof CompileError) return error.message;
    throw error;
  }
}

/** An expression at its place, if it does not compile. */
export function expressionProblem(
  scope: Scope,
  expression: string,
  types: readonly string[],
  path: string,
): StatusCause[] {
  if (expression.trim() === "") return [];
  try {
    scope.compile(expression, types);
    return [];
  } catch (error) {
    if (error instanceof CompileError) return [fieldError.invalid(path, expression, error.message)];
    throw error;
  }
}
