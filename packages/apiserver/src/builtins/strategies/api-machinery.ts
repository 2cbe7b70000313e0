import type { JsonObject } from "@homeostat/api";
import { assign, ensure, flag, strings, struct, structs, text } from "../json-fields.ts";
import { fieldsByPath, type RulesByKind } from "./rules.ts";

/** Rules of the kinds that describe the API itself and who may use it. */
export const apiRules: RulesByKind = {
  "apiextensions.k8s.io/CustomResourceDefinition": {
    prepareForCreate: rememberStorageVersion,
    prepareForUpdate(definition, _old, context) {
      if (context.subresource === undefined) rememberStorageVersion(definition);
    },
  },
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

/** Objects may be stored at the storage version from now on. */
function rememberStorageVersion(definition: JsonObject): void {
  const storage = structs(struct(definition, "spec"), "versions").find((version) => flag(version, "storage"));
  if (!storage) return;
  const status = ensure(definition, "status");
  const stored = strings(status, "storedVersions");
  const name = text(storage, "name");
  if (!stored.includes(name)) status["storedVersions"] = [...stored, name];
}

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
