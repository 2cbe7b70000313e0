// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./authorization-v1.types.ts";

export type * from "./authorization-v1.types.ts";

export type LocalSubjectAccessReview = types.LocalSubjectAccessReview;
export const LocalSubjectAccessReview: Resource<LocalSubjectAccessReview> = {
  group: "authorization.k8s.io",
  version: "v1",
  kind: "LocalSubjectAccessReview",
  plural: "localsubjectaccessreviews",
  singular: "localsubjectaccessreview",
  listKind: "LocalSubjectAccessReviewList",
  scope: "Namespaced",
};

export type SelfSubjectAccessReview = types.SelfSubjectAccessReview;
export const SelfSubjectAccessReview: Resource<SelfSubjectAccessReview> = {
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SelfSubjectAccessReview",
  plural: "selfsubjectaccessreviews",
  singular: "selfsubjectaccessreview",
  listKind: "SelfSubjectAccessReviewList",
  scope: "Cluster",
};

export type SelfSubjectRulesReview = types.SelfSubjectRulesReview;
export const SelfSubjectRulesReview: Resource<SelfSubjectRulesReview> = {
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SelfSubjectRulesReview",
  plural: "selfsubjectrulesreviews",
  singular: "selfsubjectrulesreview",
  listKind: "SelfSubjectRulesReviewList",
  scope: "Cluster",
};

export type SubjectAccessReview = types.SubjectAccessReview;
export const SubjectAccessReview: Resource<SubjectAccessReview> = {
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SubjectAccessReview",
  plural: "subjectaccessreviews",
  singular: "subjectaccessreview",
  listKind: "SubjectAccessReviewList",
  scope: "Cluster",
};
