// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { LabelSelector } from "../label-selector.ts";
import type { KubeList, KubeObject } from "../object.ts";
import type { Resource } from "../resource.ts";

export interface AggregationRule {
  readonly clusterRoleSelectors?: readonly LabelSelector[];
}

export interface ClusterRole extends KubeObject {
  readonly rules?: readonly PolicyRule[];
  readonly aggregationRule?: AggregationRule;
}

export interface ClusterRoleBinding extends KubeObject {
  readonly subjects?: readonly Subject[];
  readonly roleRef: RoleRef;
}

export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

export interface Role extends KubeObject {
  readonly rules?: readonly PolicyRule[];
}

export interface RoleBinding extends KubeObject {
  readonly subjects?: readonly Subject[];
  readonly roleRef: RoleRef;
}

export interface RoleRef {
  readonly apiGroup?: string;
  readonly kind: string;
  readonly name: string;
}

export interface Subject {
  readonly kind: string;
  readonly apiGroup?: string;
  readonly name: string;
  readonly namespace?: string;
}

export type ClusterRoleList = KubeList<ClusterRole>;

export const ClusterRole: Resource<ClusterRole> = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRole",
  plural: "clusterroles",
  singular: "clusterrole",
  listKind: "ClusterRoleList",
  scope: "Cluster",
};

export type ClusterRoleBindingList = KubeList<ClusterRoleBinding>;

export const ClusterRoleBinding: Resource<ClusterRoleBinding> = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  singular: "clusterrolebinding",
  listKind: "ClusterRoleBindingList",
  scope: "Cluster",
};

export type RoleList = KubeList<Role>;

export const Role: Resource<Role> = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "Role",
  plural: "roles",
  singular: "role",
  listKind: "RoleList",
  scope: "Namespaced",
};

export type RoleBindingList = KubeList<RoleBinding>;

export const RoleBinding: Resource<RoleBinding> = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "RoleBinding",
  plural: "rolebindings",
  singular: "rolebinding",
  listKind: "RoleBindingList",
  scope: "Namespaced",
};
