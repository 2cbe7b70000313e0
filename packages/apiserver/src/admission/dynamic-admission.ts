import type { Authorizer } from "../auth/authorizer.ts";
import type { Storage } from "../storage/storage.ts";
import type { AdmissionAttributes, AdmissionPlugin, MutationRound } from "./admission.ts";
import type { WebhookSurroundings } from "./ask-webhook.ts";
import type { Expressions } from "./expressions.ts";
import { isConfiguration, isReview } from "./match-resources.ts";
import type { MutatingPolicy } from "./mutating-policies.ts";
import type { Policy } from "./policy.ts";
import { followRegistrations, type Registered } from "./registrations.ts";
import type { PolicySurroundings } from "./run-policies.ts";
import type { Webhook } from "./webhook.ts";

export interface DynamicAdmissionOptions extends WebhookSurroundings {
  readonly storage: Storage;
  readonly authorize: Authorizer;
}

/** Webhooks and policies, as steps of admission. */
export interface DynamicAdmission {
  /** In upstream's order; between the built-in plugins and the quota. */
  readonly plugins: readonly AdmissionPlugin[];
  stop(): void;
}

/** What requests are held against; undefined: nothing is registered, which is the usual state and costs nothing. */
interface Prepared {
  readonly mutating: readonly Webhook[];
  readonly validating: readonly Webhook[];
  readonly policies: readonly Policy[];
  readonly mutatingPolicies: readonly MutatingPolicy[];
  readonly expressions: () => Expressions;
  readonly run: Runners;
}

interface Nothing {
  readonly isNothing: true;
}

type Runners = typeof import("./run-webhooks.ts") &
  typeof import("./run-policies.ts") &
  typeof import("./mutating-policies.ts");

/**
 * Admission by what users register: MutatingAdmissionPolicy, MutatingAdmissionWebhook, ValidatingAdmissionPolicy and ValidatingAdmissionWebhook.
 * Configurations of these are never held against each other, or none could be removed again.
 */
export function createDynamicAdmission(options: DynamicAdmissionOptions): DynamicAdmission {
  let expressions: Expressions | undefined;
  const registrations = followRegistrations<Prepared | Nothing>(options.storage, options.lookup, async (registered) => {
    if (isEmpty(registered)) return nothing;
    const { createExpressions } = await import("./expressions.ts");
    return prepare(registered, () => (expressions ??= createExpressions(options.authorize)));
  });
  /** Nothing is made for a request until something is registered. */
  const preparedFor = (attributes: AdmissionAttributes): Prepared | Promise<Prepared | undefined> | undefined => {
    const { current } = registrations;
    if (current === nothing || attributes.admittedAs === "already" || isConfiguration(attributes.served))
      return undefined;
    if (current) return registeredOf(current);
    return registrations.read().then(registeredOf);
  };
  const policySurroundings = (made: () => Expressions): PolicySurroundings => ({ ...options, expressions: made() });

  const plugins: AdmissionPlugin[] = [
    {
      name: "MutatingAdmissionPolicy",
      mutate(attributes, round) {
        const found = preparedFor(attributes);
        return found && mutateByPolicies(found, attributes, round);
      },
    },
    {
      name: "MutatingAdmissionWebhook",
      mutate(attributes, round) {
        const found = preparedFor(attributes);
        return found && mutateByWebhooks(found, attributes, round);
      },
    },
    {
      name: "ValidatingAdmissionPolicy",
      validate(attributes) {
        const found = preparedFor(attributes);
        return found && validateByPolicies(found, attributes);
      },
    },
    {
      name: "ValidatingAdmissionWebhook",
      validate(attributes) {
        const found = preparedFor(attributes);
        return found && validateByWebhooks(found, attributes);
      },
    },
  ];

  type Found = Prepared | Promise<Prepared | undefined>;

  async function mutateByPolicies(found: Found, attributes: AdmissionAttributes, round: MutationRound): Promise<void> {
    const prepared = await found;
    if (!prepared || prepared.mutatingPolicies.length === 0 || isReview(attributes.served)) return;
    const surroundings = policySurroundings(prepared.expressions);
    await prepared.run.mutateByPolicies(prepared.mutatingPolicies, attributes, round, surroundings);
  }

  async function mutateByWebhooks(found: Found, attributes: AdmissionAttributes, round: MutationRound): Promise<void> {
    const prepared = await found;
    if (!prepared || prepared.mutating.length === 0) return;
    await prepared.run.mutateByWebhooks(prepared.mutating, attributes, round, options);
  }

  async function validateByPolicies(found: Found, attributes: AdmissionAttributes): Promise<void> {
    const prepared = await found;
    if (!prepared || prepared.policies.length === 0 || isReview(attributes.served)) return;
    await prepared.run.validateByPolicies(prepared.policies, attributes, policySurroundings(prepared.expressions));
  }

  async function validateByWebhooks(found: Found, attributes: AdmissionAttributes): Promise<void> {
    const prepared = await found;
    if (!prepared || prepared.validating.length === 0) return;
    await prepared.run.validateByWebhooks(prepared.validating, attributes, options);
  }

  return { plugins, stop: registrations.stop };
}

const nothing: Nothing = { isNothing: true };

function registeredOf(read: Prepared | Nothing): Prepared | undefined {
  return "isNothing" in read ? undefined : read;
}

function isEmpty(registered: Registered): boolean {
  const { mutatingWebhooks, validatingWebhooks, bindings, mutatingBindings } = registered;
  // A policy without a binding is none.
  return [mutatingWebhooks, validatingWebhooks, bindings, mutatingBindings].every((list) => list.length === 0);
}

/** Imported late: most servers have no webhook and no policy. */
async function prepare(registered: Registered, expressions: () => Expressions): Promise<Prepared> {
  const [{ webhooksOf }, { policiesOf }, webhooks, policies, mutating] = await Promise.all([
    import("./webhook.ts"),
    import("./policy.ts"),
    import("./run-webhooks.ts"),
    import("./run-policies.ts"),
    import("./mutating-policies.ts"),
  ]);
  return {
    mutating: webhooksOf(registered.mutatingWebhooks, expressions),
    validating: webhooksOf(registered.validatingWebhooks, expressions),
    policies: policiesOf(registered.policies, registered.bindings, expressions),
    mutatingPolicies: mutating.mutatingPoliciesOf(
      registered.mutatingPolicies,
      registered.mutatingBindings,
      expressions,
    ),
    expressions,
    run: { ...webhooks, ...policies, ...mutating },
  };
}
