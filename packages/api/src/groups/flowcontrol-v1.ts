// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./flowcontrol-v1.types.ts";

export type * from "./flowcontrol-v1.types.ts";

export type FlowSchema = types.FlowSchema;
export const FlowSchema: Resource<FlowSchema> = {
  group: "flowcontrol.apiserver.k8s.io",
  version: "v1",
  kind: "FlowSchema",
  plural: "flowschemas",
  singular: "flowschema",
  listKind: "FlowSchemaList",
  scope: "Cluster",
  subresources: ["status"],
};

export type PriorityLevelConfiguration = types.PriorityLevelConfiguration;
export const PriorityLevelConfiguration: Resource<PriorityLevelConfiguration> = {
  group: "flowcontrol.apiserver.k8s.io",
  version: "v1",
  kind: "PriorityLevelConfiguration",
  plural: "prioritylevelconfigurations",
  singular: "prioritylevelconfiguration",
  listKind: "PriorityLevelConfigurationList",
  scope: "Cluster",
  subresources: ["status"],
};
