// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./resource-v1.types.ts";

export type * from "./resource-v1.types.ts";

export type DeviceClass = types.DeviceClass;
export const DeviceClass: Resource<DeviceClass> = {
  group: "resource.k8s.io",
  version: "v1",
  kind: "DeviceClass",
  plural: "deviceclasses",
  singular: "deviceclass",
  listKind: "DeviceClassList",
  scope: "Cluster",
};

export type ResourceClaim = types.ResourceClaim;
export const ResourceClaim: Resource<ResourceClaim> = {
  group: "resource.k8s.io",
  version: "v1",
  kind: "ResourceClaim",
  plural: "resourceclaims",
  singular: "resourceclaim",
  listKind: "ResourceClaimList",
  scope: "Namespaced",
  subresources: ["status"],
};

export type ResourceClaimTemplate = types.ResourceClaimTemplate;
export const ResourceClaimTemplate: Resource<ResourceClaimTemplate> = {
  group: "resource.k8s.io",
  version: "v1",
  kind: "ResourceClaimTemplate",
  plural: "resourceclaimtemplates",
  singular: "resourceclaimtemplate",
  listKind: "ResourceClaimTemplateList",
  scope: "Namespaced",
};

export type ResourceSlice = types.ResourceSlice;
export const ResourceSlice: Resource<ResourceSlice> = {
  group: "resource.k8s.io",
  version: "v1",
  kind: "ResourceSlice",
  plural: "resourceslices",
  singular: "resourceslice",
  listKind: "ResourceSliceList",
  scope: "Cluster",
};
