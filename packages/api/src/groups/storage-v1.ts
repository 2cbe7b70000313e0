// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./storage-v1.types.ts";

export type * from "./storage-v1.types.ts";

export type CSIDriver = types.CSIDriver;
export const CSIDriver: Resource<CSIDriver> = {
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSIDriver",
  plural: "csidrivers",
  singular: "csidriver",
  listKind: "CSIDriverList",
  scope: "Cluster",
};

export type CSINode = types.CSINode;
export const CSINode: Resource<CSINode> = {
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSINode",
  plural: "csinodes",
  singular: "csinode",
  listKind: "CSINodeList",
  scope: "Cluster",
};

export type CSIStorageCapacity = types.CSIStorageCapacity;
export const CSIStorageCapacity: Resource<CSIStorageCapacity> = {
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSIStorageCapacity",
  plural: "csistoragecapacities",
  singular: "csistoragecapacity",
  listKind: "CSIStorageCapacityList",
  scope: "Namespaced",
};

export type StorageClass = types.StorageClass;
export const StorageClass: Resource<StorageClass> = {
  group: "storage.k8s.io",
  version: "v1",
  kind: "StorageClass",
  plural: "storageclasses",
  singular: "storageclass",
  listKind: "StorageClassList",
  scope: "Cluster",
  shortNames: ["sc"],
};

export type VolumeAttachment = types.VolumeAttachment;
export const VolumeAttachment: Resource<VolumeAttachment> = {
  group: "storage.k8s.io",
  version: "v1",
  kind: "VolumeAttachment",
  plural: "volumeattachments",
  singular: "volumeattachment",
  listKind: "VolumeAttachmentList",
  scope: "Cluster",
  subresources: ["status"],
};

export type VolumeAttributesClass = types.VolumeAttributesClass;
export const VolumeAttributesClass: Resource<VolumeAttributesClass> = {
  group: "storage.k8s.io",
  version: "v1",
  kind: "VolumeAttributesClass",
  plural: "volumeattributesclasses",
  singular: "volumeattributesclass",
  listKind: "VolumeAttributesClassList",
  scope: "Cluster",
  shortNames: ["vac"],
};
