// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./rbac-v1.types.ts";

export type * from "./rbac-v1.types.ts";

export type ClusterRole = types.ClusterRole;
export const ClusterRole: Resource<ClusterRole> = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRole",
  plural: "clusterroles",
  singular: "clusterrole",
  listKind: "ClusterRoleList",
  scope: "Cluster",
};

export type ClusterRoleBinding = types.ClusterRoleBinding;
export const ClusterRoleBinding: Resource<ClusterRoleBinding> = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  singular: "clusterrolebinding",
  listKind: "ClusterRoleBindingList",
  scope: "Cluster",
};

export type Role = types.Role;
export const Role: Resource<Role> = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "Role",
  plural: "roles",
  singular: "role",
  listKind: "RoleList",
  scope: "Namespaced",
};

export type RoleBinding = types.RoleBinding;
export const RoleBinding: Resource<RoleBinding> = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "RoleBinding",
  plural: "rolebindings",
  singular: "rolebinding",
  listKind: "RoleBindingList",
  scope: "Namespaced",
};
