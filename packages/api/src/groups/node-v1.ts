// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./node-v1.types.ts";

export type * from "./node-v1.types.ts";

export type RuntimeClass = types.RuntimeClass;
export const RuntimeClass: Resource<RuntimeClass> = {
  group: "node.k8s.io",
  version: "v1",
  kind: "RuntimeClass",
  plural: "runtimeclasses",
  singular: "runtimeclass",
  listKind: "RuntimeClassList",
  scope: "Cluster",
};
