import { isDeepStrictEqual } from "node:util";
import type { Json, JsonObject } from "@homeostat/api";
import { merge } from "../apply/merge.ts";
import { struct, structs, text } from "../builtins/json-fields.ts";
import { applyJsonPatch } from "../patch/json-patch.ts";
import type { AdmissionAttributes, MutationRound } from "./admission.ts";
import { type SeenRequest, seeRequest } from "./admission-review.ts";
import { celToJson } from "./cel-to-json.ts";
import type { Activation, Expressions } from "./expressions.ts";
import { matchRequest } from "./match-resources.ts";
import { rewriteMessageLiterals } from "./message-literals.ts";
import {
  type BoundPolicy,
  boundPolicies,
  boundPolicyOf,
  compiled,
  type Expression,
  type PolicyBinding,
} from "./policy.ts";
import {
  activationsOf,
  bindingMatches,
  evaluate,
  type PolicySurroundings,
  policyRefusal,
  stepsPerPolicy,
} from "./run-policies.ts";
import { takeChange } from "./take-change.ts";

/** A MutatingAdmissionPolicy that is bound, ready to be evaluated. */
export interface MutatingPolicy extends BoundPolicy {
  readonly mutations: readonly Mutation[];
  /** Whether it is evaluated once more when others changed the object after it. */
  readonly isReinvoked: boolean;
}

interface Mutation extends Expression {
  readonly patchType: "ApplyConfiguration" | "JSONPatch";
}

export function mutatingPoliciesOf(
  policies: readonly JsonObject[],
  bindings: readonly JsonObject[],
  expressions: () => Expressions,
): MutatingPolicy[] {
  return boundPolicies(policies, bindings, (policy, bound) => {
    const spec = struct(policy, "spec");
    const base = boundPolicyOf(policy, bound, expressions());
    return {
      ...base,
      isReinvoked: text(spec, "reinvocationPolicy") === "IfNeeded",
      mutations: mutationsOf(spec).map(({ patchType, expression }) => ({
        patchType,
        ...compiled(base.scope, rewriteMessageLiterals(expression), []),
      })),
    };
  });
}

/** `spec.mutations` of a policy. */
export function mutationsOf(
  spec: JsonObject | undefined,
): { readonly patchType: Mutation["patchType"]; readonly field: string; readonly expression: string }[] {
  return structs(spec, "mutations").map((mutation) => {
    const patchType = text(mutation, "patchType") === "JSONPatch" ? "JSONPatch" : "ApplyConfiguration";
    const field = patchType === "JSONPatch" ? "jsonPatch" : "applyConfiguration";
    return { patchType, field, expression: text(struct(mutation, field), "expression") };
  });
}

/** The object as the policies left it in the first run. */
interface Memory {
  last: JsonObject | undefined;
}

/**
 * Lets policies change the object, one after the other. Source: apiserver, policy/mutating `dispatcher`; KEP-3962.
 *
 * @throws ApiError where a policy that must not fail does
 */
export async function mutateByPolicies(
  policies: readonly MutatingPolicy[],
  attributes: AdmissionAttributes,
  round: MutationRound,
  surroundings: PolicySurroundings,
): Promise<void> {
  if (!attributes.object) return;
  const memory = (round.memory.get(mutateByPolicies) as Memory | undefined) ?? { last: undefined };
  round.memory.set(mutateByPolicies, memory);
  if (round.isSecond && isDeepStrictEqual(memory.last, attributes.object)) return;
  for (const policy of policies) {
    if (round.isSecond && !policy.isReinvoked) continue;
    const seenAs = await matchRequest(policy.match, attributes, surroundings);
    if (!seenAs) continue;
    for (const binding of policy.bindings) {
      if (!(await bindingMatches(binding, attributes, surroundings))) continue;
      const seen = await seeRequest(attributes, seenAs, true);
      if (await applyPolicy(policy, binding, seen, surroundings)) round.askForAnother();
    }
  }
  if (!round.isSecond) memory.last = structuredClone(attributes.object);
}

/** @returns whether the object is different now */
async function applyPolicy(
  policy: MutatingPolicy,
  binding: PolicyBinding,
  seen: SeenRequest,
  surroundings: PolicySurroundings,
): Promise<boolean> {
  const { attributes } = seen;
  try {
    let isChanged = false;
    let now = seen;
    for (const activation of await activationsOf(policy, binding, seen, surroundings)) {
      const met = policy.conditions ? await policy.conditions.evaluate(now, activation) : true;
      if (typeof met === "string") throw new Error(met);
      if (!met) continue;
      isChanged = (await applyMutations(policy, now, activation, surroundings)) || isChanged;
      now = await seeRequest(attributes, seen.seenAs, true);
    }
    return isChanged;
  } catch (error) {
    if (policy.ignoresFailure) return false;
    const message = `policy '${policy.name}' with binding '${binding.name}' denied request: ${(error as Error).message}`;
    throw policyRefusal(message, attributes, "Invalid");
  }
}

/** Each mutation sees what those before it made. */
async function applyMutations(
  policy: MutatingPolicy,
  first: SeenRequest,
  activation: Activation,
  { expressions }: PolicySurroundings,
): Promise<boolean> {
  const budget = { left: stepsPerPolicy };
  let seen = first;
  let isChanged = false;
  for (const mutation of policy.mutations) {
    const { attributes, seenAs } = seen;
    const { object } = expressions.activate(seen).variables;
    const variables = Object.create(null, {
      ...Object.getOwnPropertyDescriptors(activation.variables),
      object: { value: object, enumerable: true },
    }) as Record<string, unknown>;
    const bound = policy.scope.bind({ ...activation, variables });
    const value = celToJson(await evaluate(mutation, bound, budget, expressions));
    const live = seen.object!;
    const patched = mutation.patchType === "JSONPatch" ? patchedBy(live, value) : mergedWith(live, value, seenAs);
    if (isDeepStrictEqual(patched, live)) continue;
    await takeChange(`policy '${policy.name}'`, seen, patched);
    isChanged = true;
    seen = await seeRequest(attributes, seenAs, true);
  }
  return isChanged;
}

function patchedBy(live: JsonObject, operations: Json): JsonObject {
  if (!Array.isArray(operations)) throw new Error("jsonPatch.expression must evaluate to a list of JSONPatch");
  return applyJsonPatch(live, operations);
}

function mergedWith(live: JsonObject, config: Json, { schema }: SeenRequest["seenAs"]): JsonObject {
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new Error("applyConfiguration.expression must evaluate to an Object");
  }
  if ("apiVersion" in config || "kind" in config)
    throw new Error("an apply configuration must not set apiVersion or kind");
  return merge(live, config, schema.type);
}
