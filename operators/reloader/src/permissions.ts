/** A rule of a ClusterRole. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/**
 * What the operator may do, and no more: each rule says what it is for. `full` also writes `last-hash` on Secrets and
 * ConfigMaps; `readOnlySecrets` is for the option that leaves it out.
 */
const common: readonly PolicyRule[] = [
  // See which resources there are and what changes; read the data of those that something depends on.
  { apiGroups: [""], resources: ["secrets", "configmaps"], verbs: ["get", "list", "watch"] },
  // Labels and grants of namespaces.
  { apiGroups: [""], resources: ["namespaces"], verbs: ["get", "list", "watch"] },
  // Watch workloads, roll them, pause and resume Deployments, remember contents.
  {
    apiGroups: ["apps"],
    resources: ["deployments", "statefulsets", "daemonsets"],
    verbs: ["get", "list", "watch", "patch"],
  },
  // Run CronJobs once more: a Job is made. Remember contents on them.
  { apiGroups: ["batch"], resources: ["cronjobs"], verbs: ["get", "list", "watch", "patch"] },
  // Run Jobs again: they are deleted and made anew.
  { apiGroups: ["batch"], resources: ["jobs"], verbs: ["get", "list", "watch", "create", "patch", "delete"] },
  // Owners that block the deletion of what they own: where that is checked, making a CronJob's Job needs these.
  { apiGroups: ["batch"], resources: ["cronjobs/finalizers"], verbs: ["update"] },
  // Restart strategy: find a workload's own pods and evict them.
  { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
  { apiGroups: ["apps"], resources: ["replicasets"], verbs: ["list"] },
  { apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] },
  // Read configs, and say how they are.
  { apiGroups: ["reloader.stakater.com"], resources: ["reloaderconfigs"], verbs: ["get", "list", "watch"] },
  { apiGroups: ["reloader.stakater.com"], resources: ["reloaderconfigs/status"], verbs: ["patch"] },
  // Tell people.
  { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
];

export const permissions = {
  /** In the operator's own namespace: the meta-info ConfigMap. */
  home: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["create", "patch"] }],
  /** In the operator's own namespace, where replicas elect a leader. */
  election: [{ apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "create", "update"] }],
  readOnlySecrets: common,
  full: [...common, { apiGroups: [""], resources: ["secrets", "configmaps"], verbs: ["patch"] }],
  /** To be added with the flag for the Secrets Store CSI driver. */
  csi: [
    {
      apiGroups: ["secrets-store.csi.x-k8s.io"],
      resources: ["secretproviderclasses", "secretproviderclasspodstatuses"],
      verbs: ["get", "list", "watch"],
    },
  ],
  /** To be added with the flag for Argo Rollouts. */
  argoRollouts: [{ apiGroups: ["argoproj.io"], resources: ["rollouts"], verbs: ["get", "list", "watch", "patch"] }],
  /** To be added with the flag for OpenShift. */
  deploymentConfigs: [
    { apiGroups: ["apps.openshift.io"], resources: ["deploymentconfigs"], verbs: ["get", "list", "watch", "patch"] },
    { apiGroups: [""], resources: ["replicationcontrollers"], verbs: ["list"] },
  ],
} as const satisfies Readonly<Record<string, readonly PolicyRule[]>>;
