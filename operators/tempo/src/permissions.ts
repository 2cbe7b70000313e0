/** A rule of a Role or ClusterRole. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const read = ["get", "list", "watch"] as const;
/** Of what is made for instances: applied, compared, repaired, pruned. */
const keep = [...read, "create", "patch", "delete"] as const;
const tempo = "tempo.grafana.com";

/** What the operator may do in the namespaces it works in, and no more: each rule says what it is for. */
const common: readonly PolicyRule[] = [
  // Read what is wanted; put the finalizer on and take it off; write what an upgrade of the operator changes in a spec.
  { apiGroups: [tempo], resources: ["tempostacks", "tempomonolithics"], verbs: [...read, "patch"] },
  // Say how it is.
  { apiGroups: [tempo], resources: ["tempostacks/status", "tempomonolithics/status"], verbs: ["patch"] },
  // Owners that block the deletion of what they own: where that is checked, making their objects needs this.
  { apiGroups: [tempo], resources: ["tempostacks/finalizers", "tempomonolithics/finalizers"], verbs: ["update"] },
  // Tempo's configuration, certificates and tenants; how it is reached. Storage Secrets and CAs of users are read.
  { apiGroups: [""], resources: ["configmaps", "secrets", "serviceaccounts", "services"], verbs: keep },
  // How pods are, for status; which zone their node gave them.
  { apiGroups: [""], resources: ["pods"], verbs: [...read, "patch"] },
  // The components.
  { apiGroups: ["apps"], resources: ["deployments", "statefulsets"], verbs: keep },
  // Leave replicas alone that an autoscaler sets.
  { apiGroups: ["autoscaling"], resources: ["horizontalpodautoscalers"], verbs: read },
  // Jaeger UI and gateway from outside; who may talk to which component.
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses", "networkpolicies"], verbs: keep },
  // One pod of a component at a time is evicted.
  { apiGroups: ["policy"], resources: ["poddisruptionbudgets"], verbs: keep },
  // Let the Jaeger UI read metrics from OpenShift's Thanos.
  { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles", "rolebindings"], verbs: keep },
  // What that Role grants: nobody can grant what he may not do himself.
  { apiGroups: ["metrics.k8s.io"], resources: ["pods"], verbs: ["get", "create"] },
  // Tell people.
  { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
];

export const permissions = {
  common,
  /** Beyond namespaces, whichever the operator works in. */
  cluster: [
    // Zones: labels of the node that a pod runs on.
    { apiGroups: [""], resources: ["nodes"], verbs: ["get"] },
    // NetworkPolicies: where the API server listens.
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list"] },
    // A gateway in mode openshift reviews the tokens of those who send and ask: its role.
    { apiGroups: ["rbac.authorization.k8s.io"], resources: ["clusterroles", "clusterrolebindings"], verbs: keep },
  ],
  /** Gate prometheusOperator: monitors, alerts and recording rules of instances, and the operator's own. */
  prometheus: [
    { apiGroups: ["monitoring.coreos.com"], resources: ["servicemonitors", "prometheusrules"], verbs: keep },
  ],
  /** Gate grafanaOperator. */
  grafana: [{ apiGroups: ["grafana.integreatly.org"], resources: ["grafanadatasources"], verbs: keep }],
  /** Distribution openshift. */
  openshift: [
    // The way in, with host names of the user's choice.
    { apiGroups: ["route.openshift.io"], resources: ["routes"], verbs: keep },
    { apiGroups: ["route.openshift.io"], resources: ["routes/custom-host"], verbs: ["create", "update", "patch"] },
    // Credentials by role (mode token-cco).
    { apiGroups: ["cloudcredential.openshift.io"], resources: ["credentialsrequests"], verbs: keep },
  ],
  /** The same, beyond namespaces. */
  openshiftCluster: [
    // The cluster's TLS profile, and the domain of its Routes.
    { apiGroups: ["config.openshift.io"], resources: ["apiservers"], verbs: read },
    { apiGroups: ["config.openshift.io"], resources: ["dnses"], verbs: ["get"] },
    { apiGroups: ["operator.openshift.io"], resources: ["ingresscontrollers"], verbs: ["get"] },
    // What the role of a gateway grants: nobody can grant what he may not do himself.
    { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
  ],
  /** Metrics are served to whom the cluster lets read them. */
  metricsAuth: [
    { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
    { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
  ],
  /** Webhooks: whether an author of a gateway in mode openshift may review tokens; trust for their own certificates. */
  webhooks: [
    { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
    {
      apiGroups: ["admissionregistration.k8s.io"],
      resources: ["mutatingwebhookconfigurations"],
      resourceNames: ["tempo-operator-mutating-webhook-configuration"],
      verbs: ["get", "patch", "watch"],
    },
    {
      apiGroups: ["admissionregistration.k8s.io"],
      resources: ["validatingwebhookconfigurations"],
      resourceNames: ["tempo-operator-validating-webhook-configuration"],
      verbs: ["get", "patch", "watch"],
    },
  ],
  /** In the operator's own namespace: who works, of several replicas. */
  election: [
    { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"] },
    {
      apiGroups: ["coordination.k8s.io"],
      resources: ["leases"],
      resourceNames: ["8b886b0f.grafana.com"],
      verbs: ["get", "update", "patch"],
    },
    { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
  ],
  /** In the operator's own namespace: certificates of the webhooks. */
  certificates: [
    { apiGroups: [""], resources: ["secrets"], verbs: ["create"] },
    {
      apiGroups: [""],
      resources: ["secrets"],
      resourceNames: ["tempo-operator-webhook-certificates"],
      verbs: ["get", "update", "watch"],
    },
  ],
  /** In the operator's own namespace: NetworkPolicies (gate networkPolicies) and monitoring of the operator itself. */
  self: [
    // Whose they are.
    { apiGroups: ["apps"], resources: ["deployments"], verbs: ["list"] },
    { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: keep },
  ],
} as const satisfies Readonly<Record<string, readonly PolicyRule[]>>;

/** Everything a ClusterRole grants, on Kubernetes or on OpenShift. */
export function clusterRules(distribution: "community" | "openshift"): readonly PolicyRule[] {
  const { cluster, prometheus, grafana, openshift, openshiftCluster, metricsAuth, webhooks } = permissions;
  return [
    ...common,
    ...cluster,
    ...prometheus,
    ...grafana,
    ...(distribution === "openshift" ? [...openshift, ...openshiftCluster] : []),
    ...metricsAuth,
    ...webhooks,
  ];
}

/** Everything a Role in the operator's own namespace grants. */
export const homeRules: readonly PolicyRule[] = [
  ...permissions.election,
  ...permissions.certificates,
  ...permissions.self,
];
