import { fieldError, type JsonObject } from "@homeostat/api";
import { assign, ensure, struct, structs, text } from "../json-fields.ts";
import { fieldsByPath, type RulesByKind } from "./rules.ts";

/** Rules of the kinds that say who may use the API. What a CustomResourceDefinition needs is with custom resources. */
export const apiRules: RulesByKind = {
  "resource.k8s.io/ResourceSlice": fieldsByPath("spec.nodeName", "spec.driver"),
  "certificates.k8s.io/CertificateSigningRequest": {
    ...fieldsByPath("spec.signerName"),
    prepareForCreate(request, { user }) {
      const spec = ensure(request, "spec");
      // Who asks is what the server knows, not what the request says.
      assign(spec, "username", user.username);
      assign(spec, "uid", user.uid);
      assign(spec, "groups", [...user.groups]);
      assign(spec, "extra", user.extra === undefined ? undefined : (structuredClone(user.extra) as JsonObject));
    },
    prepareForUpdate(request, old, context) {
      if (context.subresource === undefined) assign(request, "spec", old["spec"]);
      else dateConditions(request, old, new Date(Math.floor(context.clock.now() / 1000) * 1000));
    },
    validateUpdate(request, old, { subresource }) {
      if (subresource !== "status") return [];
      const added = decisions.filter((type) => decided(request, type) && !decided(old, type));
      const lost = decisions.filter((type) => !decided(request, type) && decided(old, type));
      const forbidden = (verb: string) => (type: string) =>
        fieldError.forbidden("status.conditions", `updates may not ${verb} a condition of type "${type}"`);
      return [...added.map(forbidden("add")), ...lost.map(forbidden("remove"))];
    },
    parts: { approval: takeApproval },
  },
};

const decisions = ["Approved", "Denied"];

const conditionsOf = (request: JsonObject): JsonObject[] => structs(struct(request, "status"), "conditions");

const decided = (request: JsonObject, type: string): boolean =>
  conditionsOf(request).some((condition) => text(condition, "type") === type);

/** Fills in when conditions were written and when they came to be so. Source: certificates `populateConditionTimestamps`. */
function dateConditions(request: JsonObject, old: JsonObject, now: Date): void {
  const time = now.toISOString().replace(".000Z", "Z");
  for (const condition of conditionsOf(request)) {
    const same = conditionsOf(old).find(
      (before) => before["type"] === condition["type"] && before["status"] === condition["status"],
    );
    condition["lastUpdateTime"] ??= time;
    condition["lastTransitionTime"] ??= same?.["lastTransitionTime"] ?? time;
  }
}

/** Approvers decide: of the conditions only theirs are taken. */
function takeApproval(old: JsonObject, sent: JsonObject): JsonObject {
  const isDecision = (condition: JsonObject): boolean => decisions.includes(text(condition, "type"));
  const result = structuredClone(old);
  const status = ensure(result, "status");
  status["conditions"] = [
    ...structs(status, "conditions").filter((condition) => !isDecision(condition)),
    ...structs(struct(sent, "status"), "conditions").filter(isDecision),
  ];
  const version = struct(sent, "metadata")?.["resourceVersion"];
  if (version !== undefined) ensure(result, "metadata")["resourceVersion"] = version;
  return result;
}
