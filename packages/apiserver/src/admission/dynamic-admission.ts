import type { Authorizer } from "../auth/authorizer.ts";
import type { Storage } from "../storage/storage.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./admission.ts";
import type { WebhookSurroundings } from "./ask-webhook.ts";
import type { Expressions } from "./expressions.ts";
import { isConfiguration, isReview } from "./match-resources.ts";
import type { MutatingPolicy } from "./mutating-policies.ts";
import type { Policy } from "./policy.ts";
import { followRegistrations, type Registered } from "./registrations.ts";
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
  const onRequest = (
    attributes: AdmissionAttributes,
    step: (prepared: Prepared) => Promise<void>,
  ): void | Promise<void> => {
    if (attributes.admittedAs === "already" || isConfiguration(attributes.served)) return undefined;
    const { current } = registrations;
    if (current) return "isNothing" in current ? undefined : step(current);
    return registrations.read().then((read) => ("isNothing" in read ? undefined : step(read)));
  };

  const plugins: AdmissionPlugin[] = [
    {
      name: "MutatingAdmissionPolicy",
      mutate: (attributes, round) =>
        onRequest(attributes, async ({ mutatingPolicies, run, expressions: made }) => {
          if (mutatingPolicies.length === 0 || isReview(attributes.served)) return;
          await run.mutateByPolicies(mutatingPolicies, attributes, round, { ...options, expressions: made() });
        }),
    },
    {
      name: "MutatingAdmissionWebhook",
      mutate: (attributes, round) =>
        onRequest(attributes, async ({ mutating, run }) => {
          if (mutating.length > 0) await run.mutateByWebhooks(mutating, attributes, round, options);
        }),
    },
    {
      name: "ValidatingAdmissionPolicy",
      validate: (attributes) =>
        onRequest(attributes, async ({ policies, run, expressions: made }) => {
          if (policies.length === 0 || isReview(attributes.served)) return;
          await run.validateByPolicies(policies, attributes, { ...options, expressions: made() });
        }),
    },
    {
      name: "ValidatingAdmissionWebhook",
      validate: (attributes) =>
        onRequest(attributes, async ({ validating, run }) => {
          if (validating.length > 0) await run.validateByWebhooks(validating, attributes, options);
        }),
    },
  ];
  return { plugins, stop: registrations.stop };
}

const nothing: Nothing = { isNothing: true };

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
