import { isDeepStrictEqual } from "node:util";
import { internalError, type Json, type JsonObject } from "@homeostat/api";
import type { Annotate } from "../audit/annotate.ts";
import { applyJsonPatch } from "../patch/json-patch.ts";
import type { AdmissionAttributes, MutationRound } from "./admission.ts";
import type { SeenRequest } from "./admission-review.ts";
import { askWebhook, shownTo, type WebhookSurroundings } from "./ask-webhook.ts";
import { takeChange } from "./take-change.ts";
import type { Webhook } from "./webhook.ts";

/** What is remembered of the first run through mutating webhooks. Source: apiserver, `webhookReinvokeContext`. */
interface Reinvocation {
  /** Webhooks that have seen the object and want to see it again when it changes. */
  seenBy: Set<string>;
  readonly again: Set<string>;
  /** As the webhooks left it. */
  last: JsonObject | undefined;
}

/**
 * Asks mutating webhooks one after the other; each sees what those before it changed. When one changes the object, or
 * other plugins do in the second run, those with `reinvocationPolicy: IfNeeded` that had seen it are asked once more.
 */
export async function mutateByWebhooks(
  webhooks: readonly Webhook[],
  attributes: AdmissionAttributes,
  round: MutationRound,
  surroundings: WebhookSurroundings,
): Promise<void> {
  const state = (round.memory.get(mutateByWebhooks) as Reinvocation | undefined) ?? {
    seenBy: new Set(),
    again: new Set(),
    last: undefined,
  };
  round.memory.set(mutateByWebhooks, state);
  const changed = (): void => {
    for (const id of state.seenBy) state.again.add(id);
    state.seenBy = new Set();
  };
  if (round.isSecond && !isDeepStrictEqual(state.last, attributes.object)) changed();
  for (const [index, webhook] of webhooks.entries()) {
    if (round.isSecond && !state.again.has(webhook.id)) continue;
    const seen = await shownTo(webhook, attributes, surroundings, true);
    if (!seen) continue;
    const place = `round_${round.isSecond ? 1 : 0}_index_${index}`;
    const answer = await askWebhook(webhook, seen, surroundings, true, place);
    const isChanged =
      answer !== undefined && answer.patch.length > 0 && (await applyChange(webhook, seen, answer.patch));
    if (isChanged) {
      changed();
      round.askForAnother();
    }
    if (answer && attributes.annotate)
      tellOfMutation(webhook, attributes.annotate, place, isChanged ? answer.patch : []);
    if (webhook.isReinvoked) state.seenBy.add(webhook.id);
  }
  // The copy is for a second run, which there is only when somebody asked for it.
  if (!round.isSecond && attributes.object) state.last = structuredClone(attributes.object);
}

/** Source: apiserver, webhook/mutating `webhookAnnotator`. */
function tellOfMutation(webhook: Webhook, annotate: Annotate, place: string, patch: readonly Json[]): void {
  const who = { configuration: webhook.configuration, webhook: webhook.name };
  const mutated = JSON.stringify({ ...who, mutated: patch.length > 0 });
  annotate(`mutation.webhook.admission.k8s.io/${place}`, mutated);
  if (patch.length === 0) return;
  const told = JSON.stringify({ ...who, patch, patchType: "JSONPatch" });
  annotate(`patch.webhook.admission.k8s.io/${place}`, told, "Request");
}

/** Applies a webhook's patch to the object, in place. @returns whether anything is different now */
async function applyChange(webhook: Webhook, seen: SeenRequest, patch: Json[]): Promise<boolean> {
  if (!seen.attributes.object || !seen.object) {
    throw internalError(
      `admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`,
    );
  }
  let patched: JsonObject;
  try {
    patched = applyJsonPatch(seen.object, patch);
  } catch (error) {
    throw internalError(`admission webhook ${JSON.stringify(webhook.name)}: ${(error as Error).message}`);
  }
  if (isDeepStrictEqual(patched, seen.object)) return false;
  await takeChange(`admission webhook ${JSON.stringify(webhook.name)}`, seen, patched);
  return true;
}

/** Asks validating webhooks all at once, and waits for all: the first one that refuses, in their order, is told. */
export async function validateByWebhooks(
  webhooks: readonly Webhook[],
  attributes: AdmissionAttributes,
  surroundings: WebhookSurroundings,
): Promise<void> {
  const asked: { readonly webhook: Webhook; readonly seen: SeenRequest }[] = [];
  for (const webhook of webhooks) {
    const seen = await shownTo(webhook, attributes, surroundings, false);
    if (seen) asked.push({ webhook, seen });
  }
  const outcomes = await Promise.allSettled(
    asked.map(({ webhook, seen }, index) => askWebhook(webhook, seen, surroundings, false, `round_0_index_${index}`)),
  );
  const [first, ...others] = outcomes.filter((outcome) => outcome.status === "rejected");
  for (const { reason } of others) {
    surroundings.log.info({ error: String(reason) }, "Another webhook refused the request, too");
  }
  if (first) throw first.reason;
}
