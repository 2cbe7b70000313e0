import type { JsonObject } from "@homeostat/api";
import { ensure, setDefault, setDefaultOverZero, struct, structs } from "../json-fields.ts";

/** Source: admissionregistration.k8s.io/v1 `SetDefaults_ValidatingWebhook`. */
export function defaultValidatingWebhooks(configuration: JsonObject): void {
  for (const webhook of structs(configuration, "webhooks")) defaultWebhook(webhook);
}

export function defaultMutatingWebhooks(configuration: JsonObject): void {
  for (const webhook of structs(configuration, "webhooks")) {
    defaultWebhook(webhook);
    setDefault(webhook, "reinvocationPolicy", "Never");
  }
}

function defaultWebhook(webhook: JsonObject): void {
  setDefault(webhook, "failurePolicy", "Fail");
  setDefault(webhook, "matchPolicy", "Equivalent");
  setDefault(webhook, "namespaceSelector", {});
  setDefault(webhook, "objectSelector", {});
  setDefault(webhook, "timeoutSeconds", 10);
  defaultRules(structs(webhook, "rules"));
  const service = struct(struct(webhook, "clientConfig"), "service");
  if (service) setDefaultOverZero(service, "port", 443);
}

export function defaultAdmissionPolicy(policy: JsonObject): void {
  const spec = ensure(policy, "spec");
  setDefault(spec, "failurePolicy", "Fail");
  const constraints = struct(spec, "matchConstraints");
  if (constraints) defaultMatchResources(constraints);
}

export function defaultAdmissionPolicyBinding(binding: JsonObject): void {
  const resources = struct(struct(binding, "spec"), "matchResources");
  if (resources) defaultMatchResources(resources);
}

function defaultMatchResources(match: JsonObject): void {
  setDefault(match, "matchPolicy", "Equivalent");
  setDefault(match, "namespaceSelector", {});
  setDefault(match, "objectSelector", {});
  defaultRules([...structs(match, "resourceRules"), ...structs(match, "excludeResourceRules")]);
}

function defaultRules(rules: readonly JsonObject[]): void {
  for (const rule of rules) setDefault(rule, "scope", "*");
}
