// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./authentication-v1.types.ts";

export type * from "./authentication-v1.types.ts";

export type SelfSubjectReview = types.SelfSubjectReview;
export const SelfSubjectReview: Resource<SelfSubjectReview> = {
  group: "authentication.k8s.io",
  version: "v1",
  kind: "SelfSubjectReview",
  plural: "selfsubjectreviews",
  singular: "selfsubjectreview",
  listKind: "SelfSubjectReviewList",
  scope: "Cluster",
};

export type TokenReview = types.TokenReview;
export const TokenReview: Resource<TokenReview> = {
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenReview",
  plural: "tokenreviews",
  singular: "tokenreview",
  listKind: "TokenReviewList",
  scope: "Cluster",
};
