// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./apiregistration-v1.types.ts";

export type * from "./apiregistration-v1.types.ts";

export type APIService = types.APIService;
export const APIService: Resource<APIService> = {
  group: "apiregistration.k8s.io",
  version: "v1",
  kind: "APIService",
  plural: "apiservices",
  singular: "apiservice",
  listKind: "APIServiceList",
  scope: "Cluster",
  categories: ["api-extensions"],
  subresources: ["status"],
};
