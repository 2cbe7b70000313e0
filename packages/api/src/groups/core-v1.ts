// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./core-v1.types.ts";

export type * from "./core-v1.types.ts";

export type Binding = types.Binding;
export const Binding: Resource<Binding> = {
  group: "",
  version: "v1",
  kind: "Binding",
  plural: "bindings",
  singular: "binding",
  listKind: "BindingList",
  scope: "Namespaced",
};

export type ComponentStatus = types.ComponentStatus;
export const ComponentStatus: Resource<ComponentStatus> = {
  group: "",
  version: "v1",
  kind: "ComponentStatus",
  plural: "componentstatuses",
  singular: "componentstatus",
  listKind: "ComponentStatusList",
  scope: "Cluster",
  shortNames: ["cs"],
};

export type ConfigMap = types.ConfigMap;
export const ConfigMap: Resource<ConfigMap> = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  singular: "configmap",
  listKind: "ConfigMapList",
  scope: "Namespaced",
  shortNames: ["cm"],
};

export type Endpoints = types.Endpoints;
export const Endpoints: Resource<Endpoints> = {
  group: "",
  version: "v1",
  kind: "Endpoints",
  plural: "endpoints",
  singular: "endpoints",
  listKind: "EndpointsList",
  scope: "Namespaced",
  shortNames: ["ep"],
};

export type Event = types.Event;
export const Event: Resource<Event> = {
  group: "",
  version: "v1",
  kind: "Event",
  plural: "events",
  singular: "event",
  listKind: "EventList",
  scope: "Namespaced",
  shortNames: ["ev"],
};

export type LimitRange = types.LimitRange;
export const LimitRange: Resource<LimitRange> = {
  group: "",
  version: "v1",
  kind: "LimitRange",
  plural: "limitranges",
  singular: "limitrange",
  listKind: "LimitRangeList",
  scope: "Namespaced",
  shortNames: ["limits"],
};

export type Namespace = types.Namespace;
export const Namespace: Resource<Namespace> = {
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  singular: "namespace",
  listKind: "NamespaceList",
  scope: "Cluster",
  shortNames: ["ns"],
  subresources: ["finalize", "status"],
};

export type Node = types.Node;
export const Node: Resource<Node> = {
  group: "",
  version: "v1",
  kind: "Node",
  plural: "nodes",
  singular: "node",
  listKind: "NodeList",
  scope: "Cluster",
  shortNames: ["no"],
  subresources: ["proxy", "status"],
};

export type PersistentVolume = types.PersistentVolume;
export const PersistentVolume: Resource<PersistentVolume> = {
  group: "",
  version: "v1",
  kind: "PersistentVolume",
  plural: "persistentvolumes",
  singular: "persistentvolume",
  listKind: "PersistentVolumeList",
  scope: "Cluster",
  shortNames: ["pv"],
  subresources: ["status"],
};

export type PersistentVolumeClaim = types.PersistentVolumeClaim;
export const PersistentVolumeClaim: Resource<PersistentVolumeClaim> = {
  group: "",
  version: "v1",
  kind: "PersistentVolumeClaim",
  plural: "persistentvolumeclaims",
  singular: "persistentvolumeclaim",
  listKind: "PersistentVolumeClaimList",
  scope: "Namespaced",
  shortNames: ["pvc"],
  subresources: ["status"],
};

export type Pod = types.Pod;
export const Pod: Resource<Pod> = {
  group: "",
  version: "v1",
  kind: "Pod",
  plural: "pods",
  singular: "pod",
  listKind: "PodList",
  scope: "Namespaced",
  shortNames: ["po"],
  categories: ["all"],
  subresources: ["attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "resize", "status"],
};

export type PodTemplate = types.PodTemplate;
export const PodTemplate: Resource<PodTemplate> = {
  group: "",
  version: "v1",
  kind: "PodTemplate",
  plural: "podtemplates",
  singular: "podtemplate",
  listKind: "PodTemplateList",
  scope: "Namespaced",
};

export type ReplicationController = types.ReplicationController;
export const ReplicationController: Resource<ReplicationController> = {
  group: "",
  version: "v1",
  kind: "ReplicationController",
  plural: "replicationcontrollers",
  singular: "replicationcontroller",
  listKind: "ReplicationControllerList",
  scope: "Namespaced",
  shortNames: ["rc"],
  categories: ["all"],
  subresources: ["scale", "status"],
};

export type ResourceQuota = types.ResourceQuota;
export const ResourceQuota: Resource<ResourceQuota> = {
  group: "",
  version: "v1",
  kind: "ResourceQuota",
  plural: "resourcequotas",
  singular: "resourcequota",
  listKind: "ResourceQuotaList",
  scope: "Namespaced",
  shortNames: ["quota"],
  subresources: ["status"],
};

export type Secret = types.Secret;
export const Secret: Resource<Secret> = {
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  singular: "secret",
  listKind: "SecretList",
  scope: "Namespaced",
};

export type Service = types.Service;
export const Service: Resource<Service> = {
  group: "",
  version: "v1",
  kind: "Service",
  plural: "services",
  singular: "service",
  listKind: "ServiceList",
  scope: "Namespaced",
  shortNames: ["svc"],
  categories: ["all"],
  subresources: ["proxy", "status"],
};

export type ServiceAccount = types.ServiceAccount;
export const ServiceAccount: Resource<ServiceAccount> = {
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  singular: "serviceaccount",
  listKind: "ServiceAccountList",
  scope: "Namespaced",
  shortNames: ["sa"],
  subresources: ["token"],
};
