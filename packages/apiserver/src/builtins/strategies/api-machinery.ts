import type { JsonObject } from "@homeostat/api";
import { assign, ensure, struct, structs, text } from "../json-fields.ts";
import { fieldsByPath, type RulesByKind } from "./rules.ts";

/** Rules of the kinds that say who may use the API. What a CustomResourceDefinition needs is with custom resources. */
export const apiRules: RulesByKind = {
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
    },
    parts: { approval: takeApproval },
  },
};

const decisions = ["Approved", "Denied"];

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
