import type { JsonObject, StatusReason } from "@homeostat/api";
import { strings, struct, structs, text } from "../builtins/json-fields.ts";
import { CompileError, type Program } from "../custom-resources/cel/program.ts";
import { metaOf } from "../registry/object.ts";
import type { Expressions, Scope, VariableSource } from "./expressions.ts";
import { createMatchConditions, type MatchConditions } from "./match-conditions.ts";
import { type MatchResources, parseMatchResources } from "./match-resources.ts";

/** What policies of both kinds have, with their bindings. */
export interface BoundPolicy {
  readonly name: string;
  readonly ignoresFailure: boolean;
  readonly match: MatchResources;
  readonly paramKind: { readonly apiVersion: string; readonly kind: string } | undefined;
  readonly scope: Scope;
  readonly conditions: MatchConditions | undefined;
  readonly bindings: readonly PolicyBinding[];
}

/** A ValidatingAdmissionPolicy that is bound, ready to be evaluated. */
export interface Policy extends BoundPolicy {
  readonly validations: readonly Validation[];
  /** By the key of the annotation that they make the value of. */
  readonly annotations: readonly (Expression & { readonly key: string })[];
}

/** An expression; a text says why it does not compile, which it fails with when it is evaluated. */
export interface Expression {
  readonly source: string;
  readonly program: Program | string;
}

export interface Validation extends Expression {
  readonly message: string;
  readonly messageExpression: Expression | undefined;
  readonly reason: StatusReason;
}

export interface PolicyBinding {
  readonly name: string;
  /** Undefined: whatever the policy matches. */
  readonly match: MatchResources | undefined;
  readonly paramRef: JsonObject | undefined;
  readonly actions: readonly string[];
}

/** Policies that have bindings, by name. Nothing happens without a binding. */
export function policiesOf(
  policies: readonly JsonObject[],
  bindings: readonly JsonObject[],
  expressions: () => Expressions,
): Policy[] {
  return boundPolicies(policies, bindings, (policy, bound) => policyOf(policy, bound, expressions()));
}

/** The same for policies of any kind. */
export function boundPolicies<T>(
  policies: readonly JsonObject[],
  bindings: readonly JsonObject[],
  make: (policy: JsonObject, bound: readonly PolicyBinding[]) => T,
): T[] {
  const byPolicy = new Map<string, PolicyBinding[]>();
  for (const binding of [...bindings].sort(byName)) {
    const policyName = text(struct(binding, "spec"), "policyName");
    byPolicy.set(policyName, [...(byPolicy.get(policyName) ?? []), bindingOf(binding)]);
  }
  return [...policies].sort(byName).flatMap((policy) => {
    const bound = byPolicy.get(metaOf(policy).name ?? "");
    return bound ? [make(policy, bound)] : [];
  });
}

function byName(a: JsonObject, b: JsonObject): number {
  const [left = "", right = ""] = [metaOf(a).name, metaOf(b).name];
  return left < right ? -1 : left > right ? 1 : 0;
}

function bindingOf(binding: JsonObject): PolicyBinding {
  const spec = struct(binding, "spec");
  const match = struct(spec, "matchResources");
  return {
    name: metaOf(binding).name ?? "",
    match: match && parseMatchResources(match, "resourceRules"),
    paramRef: struct(spec, "paramRef"),
    actions: strings(spec, "validationActions"),
  };
}

/** `spec.variables` of a policy. */
export function variablesOf(spec: JsonObject | undefined): VariableSource[] {
  return structs(spec, "variables").map((each) => ({ name: text(each, "name"), expression: text(each, "expression") }));
}

function policyOf(policy: JsonObject, bindings: readonly PolicyBinding[], expressions: Expressions): Policy {
  const spec = struct(policy, "spec");
  const bound = boundPolicyOf(policy, bindings, expressions);
  const { scope } = bound;
  return {
    ...bound,
    validations: structs(spec, "validations").map((validation) => ({
      ...compiled(scope, text(validation, "expression"), ["bool"]),
      message: text(validation, "message").trim(),
      messageExpression: text(validation, "messageExpression")
        ? compiled(scope, text(validation, "messageExpression"), ["string"])
        : undefined,
      reason: (text(validation, "reason") || "Invalid") as StatusReason,
    })),
    annotations: structs(spec, "auditAnnotations").map((annotation) => ({
      key: text(annotation, "key"),
      ...compiled(scope, text(annotation, "valueExpression"), ["string", "null"]),
    })),
  };
}

export function boundPolicyOf(
  policy: JsonObject,
  bindings: readonly PolicyBinding[],
  expressions: Expressions,
): BoundPolicy {
  const spec = struct(policy, "spec");
  const paramKind = struct(spec, "paramKind");
  const ignoresFailure = text(spec, "failurePolicy") === "Ignore";
  const conditions = structs(spec, "matchConditions");
  const plain = { isPolicy: true, hasParams: paramKind !== undefined };
  const scope = expressions.scope({ ...plain, variables: variablesOf(spec), onProblem() {} });
  return {
    name: metaOf(policy).name ?? "",
    ignoresFailure,
    match: parseMatchResources(struct(spec, "matchConstraints"), "resourceRules"),
    paramKind: paramKind && { apiVersion: text(paramKind, "apiVersion"), kind: text(paramKind, "kind") },
    scope,
    conditions:
      conditions.length === 0
        ? undefined
        : createMatchConditions(conditions, expressions, {
            ignoresFailure,
            scope: expressions.scope(plain),
          }),
    bindings,
  };
}

export function compiled(scope: Scope, source: string, types: readonly string[]): Expression {
  try {
    return { source, program: scope.compile(source, types) };
  } catch (error) {
    if (error instanceof CompileError) return { source, program: error.message };
    throw error;
  }
}
