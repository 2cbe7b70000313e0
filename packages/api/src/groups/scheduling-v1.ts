// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./scheduling-v1.types.ts";

export type * from "./scheduling-v1.types.ts";

export type PriorityClass = types.PriorityClass;
export const PriorityClass: Resource<PriorityClass> = {
  group: "scheduling.k8s.io",
  version: "v1",
  kind: "PriorityClass",
  plural: "priorityclasses",
  singular: "priorityclass",
  listKind: "PriorityClassList",
  scope: "Cluster",
  shortNames: ["pc"],
};
