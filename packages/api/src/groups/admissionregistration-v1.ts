// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./admissionregistration-v1.types.ts";

export type * from "./admissionregistration-v1.types.ts";

export type MutatingAdmissionPolicy = types.MutatingAdmissionPolicy;
export const MutatingAdmissionPolicy: Resource<MutatingAdmissionPolicy> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingAdmissionPolicy",
  plural: "mutatingadmissionpolicies",
  singular: "mutatingadmissionpolicy",
  listKind: "MutatingAdmissionPolicyList",
  scope: "Cluster",
  categories: ["api-extensions"],
};

export type MutatingAdmissionPolicyBinding = types.MutatingAdmissionPolicyBinding;
export const MutatingAdmissionPolicyBinding: Resource<MutatingAdmissionPolicyBinding> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingAdmissionPolicyBinding",
  plural: "mutatingadmissionpolicybindings",
  singular: "mutatingadmissionpolicybinding",
  listKind: "MutatingAdmissionPolicyBindingList",
  scope: "Cluster",
  categories: ["api-extensions"],
};

export type MutatingWebhookConfiguration = types.MutatingWebhookConfiguration;
export const MutatingWebhookConfiguration: Resource<MutatingWebhookConfiguration> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingWebhookConfiguration",
  plural: "mutatingwebhookconfigurations",
  singular: "mutatingwebhookconfiguration",
  listKind: "MutatingWebhookConfigurationList",
  scope: "Cluster",
  categories: ["api-extensions"],
};

export type ValidatingAdmissionPolicy = types.ValidatingAdmissionPolicy;
export const ValidatingAdmissionPolicy: Resource<ValidatingAdmissionPolicy> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingAdmissionPolicy",
  plural: "validatingadmissionpolicies",
  singular: "validatingadmissionpolicy",
  listKind: "ValidatingAdmissionPolicyList",
  scope: "Cluster",
  categories: ["api-extensions"],
  subresources: ["status"],
};

export type ValidatingAdmissionPolicyBinding = types.ValidatingAdmissionPolicyBinding;
export const ValidatingAdmissionPolicyBinding: Resource<ValidatingAdmissionPolicyBinding> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingAdmissionPolicyBinding",
  plural: "validatingadmissionpolicybindings",
  singular: "validatingadmissionpolicybinding",
  listKind: "ValidatingAdmissionPolicyBindingList",
  scope: "Cluster",
  categories: ["api-extensions"],
};

export type ValidatingWebhookConfiguration = types.ValidatingWebhookConfiguration;
export const ValidatingWebhookConfiguration: Resource<ValidatingWebhookConfiguration> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingWebhookConfiguration",
  plural: "validatingwebhookconfigurations",
  singular: "validatingwebhookconfiguration",
  listKind: "ValidatingWebhookConfigurationList",
  scope: "Cluster",
  categories: ["api-extensions"],
};
