import type { JsonObject } from "@homeostat/api";
import { integer, strings, struct, structs, text } from "../builtins/json-fields.ts";
import { metaOf } from "../registry/object.ts";
import type { WebhookClientConfig } from "../webhooks/webhook-client.ts";
import type { ReviewVersion } from "./admission-review.ts";
import type { Expressions } from "./expressions.ts";
import { createMatchConditions, type MatchConditions } from "./match-conditions.ts";
import { type MatchResources, parseMatchResources } from "./match-resources.ts";

/** One entry of a webhook configuration, ready to be asked. */
export interface Webhook {
  /** Tells entries of one name in several configurations apart. */
  readonly id: string;
  /** Name of the configuration it is in. */
  readonly configuration: string;
  readonly name: string;
  readonly match: MatchResources;
  readonly conditions: MatchConditions | undefined;
  readonly clientConfig: WebhookClientConfig;
  /** Undefined where it understands no review of ours; such a configuration is refused when it is written. */
  readonly reviewVersion: ReviewVersion | undefined;
  readonly timeoutMs: number;
  /** Whether requests go on when it cannot be asked. */
  readonly ignoresFailure: boolean;
  readonly hasSideEffects: boolean;
  readonly isReinvoked: boolean;
}

/** All webhooks of configurations of one kind, by the configuration's name and the place in it. */
export function webhooksOf(configurations: readonly JsonObject[], expressions: () => Expressions): Webhook[] {
  const byName = [...configurations].sort((a, b) => compareText(metaOf(a).name ?? "", metaOf(b).name ?? ""));
  return byName.flatMap((configuration) =>
    structs(configuration, "webhooks").map((webhook, index) =>
      webhookOf(webhook, { configuration: metaOf(configuration).name ?? "", index }, expressions),
    ),
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function webhookOf(
  webhook: JsonObject,
  { configuration, index }: { readonly configuration: string; readonly index: number },
  expressions: () => Expressions,
): Webhook {
  const versions = strings(webhook, "admissionReviewVersions");
  const conditions = structs(webhook, "matchConditions");
  const ignoresFailure = text(webhook, "failurePolicy") === "Ignore";
  return {
    id: `${configuration}/${text(webhook, "name")}/${index}`,
    configuration,
    name: text(webhook, "name"),
    match: parseMatchResources(webhook, "rules"),
    conditions:
      conditions.length === 0 ? undefined : createMatchConditions(conditions, expressions(), { ignoresFailure }),
    clientConfig: (struct(webhook, "clientConfig") ?? {}) as unknown as WebhookClientConfig,
    reviewVersion: versions.find((version): version is ReviewVersion => version === "v1" || version === "v1beta1"),
    timeoutMs: (integer(webhook, "timeoutSeconds") ?? 10) * 1000,
    ignoresFailure,
    hasSideEffects: !["None", "NoneOnDryRun"].includes(text(webhook, "sideEffects")),
    isReinvoked: text(webhook, "reinvocationPolicy") === "IfNeeded",
  };
}
