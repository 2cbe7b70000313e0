import type { KubeObject, StatusCause } from "@homeostat/api";
import type { Client } from "@homeostat/runtime";
import {
  type AdmissionContext,
  type AdmissionSettings,
  type AdmissionWebhook,
  defaulting,
  validating,
} from "@homeostat/runtime/webhooks";
import { TempoMonolithic } from "../api/tempo-monolithic.ts";
import { TempoStack } from "../api/tempo-stack.ts";
import { defaultStack } from "../defaults/default-stack.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import type { ClusterFacts } from "../validation/facts.ts";
import { isFinalizerRemoval } from "../validation/finalizer-removal.ts";
import { validateMonolithic } from "../validation/validate-monolithic.ts";
import { validateStack } from "../validation/validate-stack.ts";
import type { Verdict } from "../validation/verdict.ts";
import { type Inquiry, monolithicFacts, stackFacts } from "./cluster-facts.ts";
import { tokenReviewAccess } from "./token-review-access.ts";

/** What the rules look things up with. */
export interface AdmissionRulesOptions {
  readonly settings: OperatorSettings;
  /** Asked for only when a request comes, so that webhooks can be declared where there is no cluster. */
  readonly client: () => Client;
}

/** The three webhooks, by the names, paths and policies of the Go operator, so that one can stand in for the other. */
export function admissionRules(options: AdmissionRulesOptions): readonly AdmissionWebhook[] {
  const { settings } = options;
  return [
    defaulting(TempoStack, (stack) => withDefaults(stack, settings), named("mtempostack.tempo.grafana.com")),
    judging(
      TempoStack,
      stackFacts,
      (stack, old, facts) => validateStack({ stack, settings, facts, ...(old ? { old } : {}) }),
      options,
      "vtempostack.tempo.grafana.com",
    ),
    judging(
      TempoMonolithic,
      monolithicFacts,
      (monolithic, old, facts) => validateMonolithic({ monolithic, settings, facts, ...(old ? { old } : {}) }),
      options,
      "vtempomonolithic.kb.io",
    ),
  ];
}

const named = (name: string): AdmissionSettings => ({ name, failurePolicy: "Fail", sideEffects: "None" });

/** A stack on its way out stays as it is: with changes, taking its finalizer off would be more than just that. */
function withDefaults(stack: TempoStack, settings: OperatorSettings): TempoStack {
  return stack.metadata?.deletionTimestamp ? stack : defaultStack(stack, settings);
}

/** A validating webhook that looks up what its rules need. Deletion is asked about, and never refused. */
function judging<T extends KubeObject>(
  resource: Parameters<typeof validating<T>>[0],
  factsOf: (object: T, inquiry: Inquiry) => Promise<ClusterFacts>,
  verdictOf: (object: T, old: T | undefined, facts: ClusterFacts) => Verdict,
  options: AdmissionRulesOptions,
  name: string,
): AdmissionWebhook {
  const judge = async (object: T, old: T | undefined, context: AdmissionContext): Promise<readonly StatusCause[]> => {
    if (isFinalizerRemoval(old, object)) return [];
    const { errors, warnings } = verdictOf(object, old, await factsOf(object, inquiryOf(options, context)));
    for (const warning of warnings) context.warn(warning);
    return errors;
  };
  return validating<T>(
    resource,
    {
      create: (object, context) => judge(object, undefined, context),
      update: (object, old, context) => judge(object, old, context),
      delete: () => {},
    },
    named(name),
  );
}

function inquiryOf({ settings, client }: AdmissionRulesOptions, { request, signal }: AdmissionContext): Inquiry {
  const user = request?.userInfo ?? {};
  return {
    client: client(),
    settings,
    signal,
    mayReviewTokens: () => tokenReviewAccess(client(), user, signal),
  };
}
