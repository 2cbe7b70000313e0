// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./apps-v1.types.ts";

export type * from "./apps-v1.types.ts";

export type ControllerRevision = types.ControllerRevision;
export const ControllerRevision: Resource<ControllerRevision> = {
  group: "apps",
  version: "v1",
  kind: "ControllerRevision",
  plural: "controllerrevisions",
  singular: "controllerrevision",
  listKind: "ControllerRevisionList",
  scope: "Namespaced",
};

export type DaemonSet = types.DaemonSet;
export const DaemonSet: Resource<DaemonSet> = {
  group: "apps",
  version: "v1",
  kind: "DaemonSet",
  plural: "daemonsets",
  singular: "daemonset",
  listKind: "DaemonSetList",
  scope: "Namespaced",
  shortNames: ["ds"],
  categories: ["all"],
  subresources: ["status"],
};

export type Deployment = types.Deployment;
export const Deployment: Resource<Deployment> = {
  group: "apps",
  version: "v1",
  kind: "Deployment",
  plural: "deployments",
  singular: "deployment",
  listKind: "DeploymentList",
  scope: "Namespaced",
  shortNames: ["deploy"],
  categories: ["all"],
  subresources: ["scale", "status"],
};

export type ReplicaSet = types.ReplicaSet;
export const ReplicaSet: Resource<ReplicaSet> = {
  group: "apps",
  version: "v1",
  kind: "ReplicaSet",
  plural: "replicasets",
  singular: "replicaset",
  listKind: "ReplicaSetList",
  scope: "Namespaced",
  shortNames: ["rs"],
  categories: ["all"],
  subresources: ["scale", "status"],
};

export type StatefulSet = types.StatefulSet;
export const StatefulSet: Resource<StatefulSet> = {
  group: "apps",
  version: "v1",
  kind: "StatefulSet",
  plural: "statefulsets",
  singular: "statefulset",
  listKind: "StatefulSetList",
  scope: "Namespaced",
  shortNames: ["sts"],
  categories: ["all"],
  subresources: ["scale", "status"],
};
