import { isDeepStrictEqual } from "node:util";
import { internalError, type Json, type JsonObject } from "@homeostat/api";
import { applyJsonPatch } from "../patch/json-patch.ts";
import { mutableMeta } from "../registry/object.ts";
import type { AdmissionAttributes, MutationRound } from "./admission.ts";
import type { SeenRequest } from "./admission-review.ts";
import { askWebhook, shownTo, type WebhookSurroundings } from "./ask-webhook.ts";
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
  for (const webhook of webhooks) {
    if (round.isSecond && !state.again.has(webhook.id)) continue;
    const seen = await shownTo(webhook, attributes, surroundings, true);
    if (!seen) continue;
    const answer = await askWebhook(webhook, seen, surroundings, true);
    if (answer && answer.patch.length > 0 && (await applyChange(webhook, seen, answer.patch))) {
      changed();
      round.askForAnother();
    }
    if (webhook.isReinvoked) state.seenBy.add(webhook.id);
  }
  // The copy is for a second run, which there is only when somebody asked for it.
  if (!round.isSecond && attributes.object) state.last = structuredClone(attributes.object);
}

/** Applies a webhook's patch to the object, in place. @returns whether anything is different now */
async function applyChange(webhook: Webhook, seen: SeenRequest, patch: Json[]): Promise<boolean> {
  const { attributes, seenAs } = seen;
  const { object, served, admittedAs } = attributes;
  if (!object || !seen.object) {
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
  if (admittedAs !== undefined && admittedAs !== "already") {
    admittedAs.write(object, patched);
    return true;
  }
  const converted = seenAs === served ? patched : await served.convert(patched);
  if (attributes.subresource === undefined || isOwnKind(attributes)) bringIntoShape(webhook, converted, attributes);
  replaceContent(object, converted);
  return true;
}

/** Whether the subresource shows the object itself, as `status` does. */
function isOwnKind({ served, subresource }: AdmissionAttributes): boolean {
  return served.subresources.get(subresource ?? "")?.kind.kind === served.resource.kind;
}

/** Nothing that the kind does not have, and its defaults; what only the server says is as it was. */
function bringIntoShape(webhook: Webhook, changed: JsonObject, attributes: AdmissionAttributes): void {
  const { served, object, operation } = attributes;
  const { mismatch } = served.schema.decode(changed);
  if (mismatch !== undefined) {
    throw internalError(
      `admission webhook ${JSON.stringify(webhook.name)} left a ${served.resource.kind}: ${mismatch}`,
    );
  }
  served.schema.default(changed);
  if (operation !== "CREATE") return;
  const [meta, before] = [mutableMeta(changed), mutableMeta(object!)];
  for (const field of ["uid", "creationTimestamp"]) if (before[field] !== undefined) meta[field] = before[field];
  if (meta["name"] === undefined) meta["name"] = before["name"]!;
}

function replaceContent(object: JsonObject, wanted: JsonObject): void {
  for (const field of Object.keys(object)) delete object[field];
  Object.assign(object, wanted);
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
    asked.map(({ webhook, seen }) => askWebhook(webhook, seen, surroundings, false)),
  );
  const [first, ...others] = outcomes.filter((outcome) => outcome.status === "rejected");
  for (const { reason } of others) {
    surroundings.log.info({ error: String(reason) }, "Another webhook refused the request, too");
  }
  if (first) throw first.reason;
}
