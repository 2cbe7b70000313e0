// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./apiextensions-v1.types.ts";

export type * from "./apiextensions-v1.types.ts";

export type CustomResourceDefinition = types.CustomResourceDefinition;
export const CustomResourceDefinition: Resource<CustomResourceDefinition> = {
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  singular: "customresourcedefinition",
  listKind: "CustomResourceDefinitionList",
  scope: "Cluster",
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  subresources: ["status"],
};
