/** Names and labels of what the operator runs with: those of the Go operator, whose places they take. */
export const home = "tempo-operator-system";
export const accountName = "tempo-operator-controller-manager";
export const deploymentName = "tempo-operator-controller";
export const metricsServiceName = "tempo-operator-controller-manager-metrics-service";
/** OpenShift's certificate for metrics. */
export const metricsCertificate = "tempo-operator-metrics";

export const labels = {
  "app.kubernetes.io/name": "tempo-operator",
  "app.kubernetes.io/part-of": "tempo-operator",
  "app.kubernetes.io/managed-by": "operator-lifecycle-manager",
} as const;

/** Of the pods. */
export const podLabels = { ...labels, "control-plane": "controller-manager" } as const;

/** Ports of the pod. */
export const ports = { metrics: 8443, webhook: 9443, health: 8081 } as const;
