import type { AdmissionRequest, Json, JsonObject, RuleWithOperations } from "@homeostat/api";
import type { JsonPatchOperation } from "../client/client.ts";
import type { AdmissionAnswer, AdmissionWebhook } from "./admission.ts";
import { applyJsonPatch } from "./json-patch.ts";

/**
 * Several webhooks behind one path, asked in order. The first refusal is the answer and carries no patch; otherwise
 * patches and warnings are joined. Each sees the object as those before it left it, so that joined patches cannot
 * contradict each other. Path, name and settings are those of the first, rules those of all.
 *
 * @throws Error where mutating and validating webhooks are mixed
 */
export function chain(first: AdmissionWebhook, ...rest: readonly AdmissionWebhook[]): AdmissionWebhook {
  const webhooks = [first, ...rest];
  const stranger = rest.find(({ type }) => type !== first.type);
  if (stranger)
    throw new Error(
      `webhook chain of ${first.path} is ${first.type}, ${stranger.path} is ${stranger.type}: make one chain of each`,
    );
  return {
    type: first.type,
    path: first.path,
    rules: distinct(webhooks.flatMap(({ rules }) => rules)),
    settings: first.settings,
    async review(request, environment): Promise<AdmissionAnswer> {
      const patch: JsonPatchOperation[] = [];
      const warnings: string[] = [];
      const auditAnnotations: Record<string, string> = {};
      let seen: AdmissionRequest = request;
      for (const webhook of webhooks) {
        const { patch: changes = [], ...answer } = await webhook.review(seen, environment);
        warnings.push(...(answer.warnings ?? []));
        Object.assign(auditAnnotations, answer.auditAnnotations);
        if (!answer.allowed) return { ...answer, warnings, auditAnnotations };
        if (changes.length === 0) continue;
        patch.push(...changes);
        seen = { ...seen, object: applyJsonPatch(seen.object as Json, changes) as JsonObject };
      }
      return { allowed: true, patch, warnings, auditAnnotations };
    },
  };
}

function distinct(rules: readonly RuleWithOperations[]): RuleWithOperations[] {
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()];
}
