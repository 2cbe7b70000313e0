import { ApiError, badRequest, forbidden, internalError, type JsonObject, type Status } from "@homeostat/api";
import type { Lookup } from "../builtins/admission/lookup.ts";
import type { ServerLog } from "../log.ts";
import type { Catalog } from "../registry/catalog.ts";
import type { WebhookClient } from "../webhooks/webhook-client.ts";
import type { AdmissionAttributes } from "./admission.ts";
import {
  type AdmissionAnswer,
  admissionReview,
  checkAnswer,
  type SeenRequest,
  seeRequest,
} from "./admission-review.ts";
import { matchRequest } from "./match-resources.ts";
import type { Webhook } from "./webhook.ts";
import type { WebhookMetrics } from "./webhook-metrics.ts";

export interface WebhookSurroundings {
  readonly catalog: Catalog;
  readonly lookup: Lookup;
  readonly client: WebhookClient;
  readonly newUid: () => string;
  readonly log: ServerLog;
  readonly metrics: WebhookMetrics;
}

/** The request as a webhook is to see it; undefined where it is not asked. @throws ApiError where that cannot be told */
export async function shownTo(
  webhook: Webhook,
  attributes: AdmissionAttributes,
  surroundings: WebhookSurroundings,
  isMutating: boolean,
): Promise<SeenRequest | undefined> {
  const seenAs = await matchRequest(webhook.match, attributes, surroundings);
  if (!seenAs) return undefined;
  const seen = await seeRequest(attributes, seenAs, isMutating);
  if (!webhook.conditions) return seen;
  const result = await webhook.conditions.evaluate(seen);
  if (result === true) return seen;
  if (result === false) return undefined;
  throw forbidden(attributes.served.resource, seen.name, result);
}

/**
 * Asks one webhook. Warnings are passed on, annotations go to the audit log.
 *
 * @param place run and number of the webhook, as annotations name it: `round_0_index_1`
 * @returns undefined where the webhook cannot be asked and its failure policy lets the request pass
 * @throws ApiError with the webhook's refusal, or InternalError where it cannot be asked
 */
export async function askWebhook(
  webhook: Webhook,
  seen: SeenRequest,
  surroundings: WebhookSurroundings,
  isMutating: boolean,
  place: string,
): Promise<AdmissionAnswer | undefined> {
  const { client, newUid, log, metrics } = surroundings;
  const { attributes } = seen;
  if (attributes.dryRun && webhook.hasSideEffects) {
    throw badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`);
  }
  const observed = { name: webhook.name, type: isMutating ? "admit" : "validating", operation: attributes.operation };
  const done = metrics.start(observed);
  let answer: AdmissionAnswer;
  try {
    answer = await call(webhook, seen, client, newUid(), isMutating);
  } catch (error) {
    const text = `failed calling webhook ${JSON.stringify(webhook.name)}: ${(error as Error).message}`;
    if (webhook.ignoresFailure) {
      log.warn({ webhook: webhook.id, error: text }, "Failed calling a webhook, failing open");
      done("failed open");
      const type = isMutating ? "mutation" : "validating";
      attributes.annotate?.(`failed-open.${type}.webhook.admission.k8s.io/${place}`, webhook.name);
      return undefined;
    }
    done("failed");
    throw internalError(text, { cause: error });
  }
  done(answer.allowed ? "allowed" : "rejected");
  if (Object.keys(answer.annotations).length > 0) {
    log.debug({ webhook: webhook.id, annotations: answer.annotations }, "Audit annotations of a webhook");
    for (const [key, value] of Object.entries(answer.annotations)) {
      attributes.annotate?.(`${webhook.name}/${key}`, String(value));
    }
  }
  for (const warning of answer.warnings) attributes.warn(warning);
  if (!answer.allowed) throw refusal(webhook.name, answer.status);
  return answer;
}

async function call(
  webhook: Webhook,
  seen: SeenRequest,
  client: WebhookClient,
  uid: string,
  isMutating: boolean,
): Promise<AdmissionAnswer> {
  const version = webhook.reviewVersion;
  if (!version) throw new Error("webhook does not accept known AdmissionReview versions (v1, v1beta1)");
  let review: JsonObject;
  try {
    const timing = { timeoutMs: webhook.timeoutMs, tellTimeout: true };
    review = await client.post(webhook.clientConfig, admissionReview(version, uid, seen), timing);
  } catch (error) {
    throw new Error(`failed to call webhook: ${(error as Error).message}`, { cause: error });
  }
  try {
    return checkAnswer(review, { version, uid, isMutating });
  } catch (error) {
    throw new Error(`received invalid webhook response: ${(error as Error).message}`, { cause: error });
  }
}

/** The webhook's own Status, brought into a form that is a refusal. Source: apiserver, webhook/errors `ToStatusErr`. */
function refusal(name: string, given: JsonObject | undefined): ApiError {
  const { message, reason, code, details } = (given ?? {}) as Partial<Status>;
  const deniedBy = `admission webhook ${JSON.stringify(name)} denied the request`;
  const why = message || reason;
  return new ApiError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: why ? `${deniedBy}: ${why}` : `${deniedBy} without explanation`,
    ...(reason ? { reason } : {}),
    ...(details ? { details } : {}),
    code: typeof code === "number" && code >= 400 ? code : 400,
  });
}
