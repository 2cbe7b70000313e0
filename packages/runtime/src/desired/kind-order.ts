/**
 * The order in which kinds are applied: what others refer to or run under comes first. Unknown kinds, custom ones
 * among them, come between the plumbing and what admits requests. Deletion goes the other way.
 */
const ranks: readonly (readonly string[])[] = [
  ["Namespace"],
  ["CustomResourceDefinition", "PriorityClass", "StorageClass", "IngressClass", "RuntimeClass"],
  ["ServiceAccount", "ResourceQuota", "LimitRange", "NetworkPolicy", "PodDisruptionBudget"],
  ["ClusterRole", "Role"],
  ["ClusterRoleBinding", "RoleBinding"],
  ["ConfigMap", "Secret"],
  ["PersistentVolume", "PersistentVolumeClaim"],
  ["Service", "EndpointSlice"],
  ["DaemonSet", "Deployment", "StatefulSet", "ReplicaSet", "Pod", "Job", "CronJob"],
  ["HorizontalPodAutoscaler", "Ingress", "APIService"],
];
const last = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy"];

/** Lower is applied earlier; kinds of one rank may be applied at once. */
export function kindRank(kind: string): number {
  if (last.includes(kind)) return ranks.length + 1;
  const rank = ranks.findIndex((kinds) => kinds.includes(kind));
  return rank < 0 ? ranks.length : rank;
}
