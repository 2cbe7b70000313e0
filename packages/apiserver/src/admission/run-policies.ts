import { ApiError, forbidden, type StatusReason } from "@homeostat/api";
import type { AdmissionAttributes } from "./admission.ts";
import { namespaceOf, type SeenRequest, seeRequest } from "./admission-review.ts";
import type { WebhookSurroundings } from "./ask-webhook.ts";
import { type Activation, type Budget, ExpressionFailure, type Expressions } from "./expressions.ts";
import { matchRequest } from "./match-resources.ts";
import type { BoundPolicy, Expression, Policy, PolicyBinding, Validation } from "./policy.ts";
import { PolicyFindings } from "./policy-findings.ts";
import { paramsOf } from "./policy-params.ts";

/** Steps all expressions of one policy may take together. Source: apiserver, `RuntimeCELCostBudget`. */
export const stepsPerPolicy = 10_000_000;

export type PolicySurroundings = Pick<WebhookSurroundings, "catalog" | "lookup" | "log"> & {
  readonly expressions: Expressions;
};

/** A validation that does not hold, or could not be evaluated. */
interface Denial {
  readonly message: string;
  readonly reason: StatusReason;
  /** Place of the validation in the policy; none where something else failed. */
  readonly index?: number;
}

/**
 * Evaluates all policies that match, with all their bindings and parameters. Every failure is acted on as its binding
 * says; the first one that denies is told. Source: apiserver, policy/validating `dispatcher`.
 *
 * @throws ApiError with the reason that the validation gives, Invalid by default
 */
export async function validateByPolicies(
  policies: readonly Policy[],
  attributes: AdmissionAttributes,
  surroundings: PolicySurroundings,
): Promise<void> {
  const denials: ApiError[] = [];
  const findings = new PolicyFindings();
  for (const policy of policies) {
    const seenAs = await matchRequest(policy.match, attributes, surroundings);
    if (!seenAs) continue;
    const seen = await seeRequest(attributes, seenAs, false);
    for (const binding of policy.bindings) {
      if (!(await bindingMatches(binding, attributes, surroundings))) continue;
      denials.push(...(await evaluateBinding(policy, binding, seen, surroundings, findings)));
    }
  }
  if (attributes.annotate) findings.annotate(attributes.annotate);
  if (denials[0]) throw denials[0];
}

/** A binding without rules narrows nothing but namespaces and labels. */
export async function bindingMatches(
  { match }: PolicyBinding,
  attributes: AdmissionAttributes,
  surroundings: PolicySurroundings,
): Promise<boolean> {
  if (!match) return true;
  const rules = match.rules.length > 0 ? match.rules : [everything];
  return (await matchRequest({ ...match, rules }, attributes, surroundings)) !== undefined;
}

const everything = {
  operations: ["*"],
  groups: ["*"],
  versions: ["*"],
  resources: ["*/*"],
  scope: "*",
  names: [],
};

async function evaluateBinding(
  policy: Policy,
  binding: PolicyBinding,
  seen: SeenRequest,
  surroundings: PolicySurroundings,
  findings: PolicyFindings,
): Promise<ApiError[]> {
  const { attributes } = seen;
  let activations: readonly Activation[];
  try {
    activations = await activationsOf(policy, binding, seen, surroundings);
  } catch (error) {
    if (policy.ignoresFailure) return [];
    const message = `failed to configure binding: ${(error as Error).message}`;
    return [refusal(policy, binding, attributes, { message, reason: "Invalid" })];
  }
  const denials: ApiError[] = [];
  for (const activation of activations) {
    for (const denial of await failuresOf(policy, seen, activation, surroundings, findings)) {
      if (binding.actions.includes("Warn")) {
        attributes.warn(
          `Validation failed for ValidatingAdmissionPolicy '${policy.name}' with binding '${binding.name}': ${denial.message}`,
        );
      }
      if (binding.actions.includes("Audit")) {
        const told = { policy: policy.name, binding: binding.name, failure: denial.message };
        surroundings.log.info(told, "A policy's validation failed");
        findings.failed({ ...told, index: denial.index ?? 0, actions: binding.actions });
      }
      if (binding.actions.includes("Deny")) denials.push(refusal(policy, binding, attributes, denial));
    }
  }
  return denials;
}

/** What the expressions of a policy see, once for each of its parameters. @throws Error where the binding is wrong */
export async function activationsOf(
  policy: BoundPolicy,
  binding: PolicyBinding,
  seen: SeenRequest,
  surroundings: PolicySurroundings,
): Promise<readonly Activation[]> {
  const { resource } = seen.attributes.served;
  const namespace = namespaceOf(seen);
  const params = await paramsOf(policy, binding, namespace, surroundings);
  const isNamespace = resource.group === "" && resource.plural === "namespaces";
  const namespaceObject =
    namespace && !isNamespace ? await surroundings.lookup.get("", "namespaces", namespace) : undefined;
  return params.map((param) =>
    surroundings.expressions.activate(seen, { params: param ?? null, namespaceObject: namespaceObject ?? null }),
  );
}

async function failuresOf(
  policy: Policy,
  seen: SeenRequest,
  activation: Activation,
  { expressions, log }: PolicySurroundings,
  findings: PolicyFindings,
): Promise<Denial[]> {
  const met = policy.conditions ? await policy.conditions.evaluate(seen, activation) : true;
  if (met === false) return [];
  if (met !== true) return [{ message: met, reason: "Invalid" }];
  const bound = policy.scope.bind(activation);
  const budget = { left: stepsPerPolicy };
  const denials: Denial[] = [];
  for (const [index, validation] of policy.validations.entries()) {
    const denial = await failureOf(validation, policy, bound, budget, expressions);
    if (denial) denials.push({ ...denial, index });
  }
  for (const annotation of policy.annotations) {
    try {
      const value = await evaluate(annotation, bound, budget, expressions);
      if (typeof value !== "string" || value === "") continue;
      log.debug({ policy: policy.name, value }, "Audit annotation of a policy");
      findings.noted(`${policy.name}/${annotation.key}`, value);
    } catch (error) {
      if (!(error instanceof ExpressionFailure)) throw error;
      if (!policy.ignoresFailure) denials.push({ message: error.message, reason: "Invalid" });
    }
  }
  return denials;
}

async function failureOf(
  validation: Validation,
  policy: Policy,
  activation: Activation,
  budget: Budget,
  expressions: Expressions,
): Promise<Denial | undefined> {
  try {
    if ((await evaluate(validation, activation, budget, expressions)) === true) return undefined;
  } catch (error) {
    if (!(error instanceof ExpressionFailure)) throw error;
    return policy.ignoresFailure ? undefined : { message: error.message, reason: "Invalid" };
  }
  const message =
    (await messageOf(validation.messageExpression, activation, budget, expressions)) ??
    (validation.message || `failed expression: ${validation.source.trim()}`);
  return { message, reason: validation.reason };
}

/** What is longer is not used. Source: apiserver, `MaxEvaluatedMessageExpressionSizeBytes`. */
const maxMessageLength = 5 * 1024;

/** Undefined where the expression fails or is not a non-empty single line. */
async function messageOf(
  expression: Expression | undefined,
  activation: Activation,
  budget: Budget,
  expressions: Expressions,
): Promise<string | undefined> {
  if (!expression) return undefined;
  try {
    const value = await evaluate(expression, activation, budget, expressions);
    const line = typeof value === "string" ? value.trim() : "";
    return line === "" || line.includes("\n") || line.length > maxMessageLength ? undefined : line;
  } catch (error) {
    if (error instanceof ExpressionFailure) return undefined;
    throw error;
  }
}

export async function evaluate(
  { program, source }: Expression,
  activation: Activation,
  budget: Budget,
  expressions: Expressions,
): Promise<unknown> {
  if (typeof program === "string") throw new ExpressionFailure(program);
  return expressions.evaluate(program, source, activation, budget);
}

const codes: Readonly<Record<string, number>> = {
  Forbidden: 403,
  Unauthorized: 401,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

function refusal(policy: Policy, binding: PolicyBinding, attributes: AdmissionAttributes, denial: Denial): ApiError {
  return policyRefusal(
    `ValidatingAdmissionPolicy '${policy.name}' with binding '${binding.name}' denied request: ${denial.message}`,
    attributes,
    denial.reason,
  );
}

export function policyRefusal(message: string, attributes: AdmissionAttributes, reason: StatusReason): ApiError {
  const { status } = forbidden(attributes.served.resource, attributes.name, message, [{ message }]);
  return new ApiError({ ...status, reason, code: codes[reason] ?? 422 });
}
