import { defaultImages, type Images } from "../settings/images.ts";
import { accountName, deploymentName, home, metricsServiceName, podLabels, ports } from "./names.ts";

/** Variables that name the images of Tempo's pods. */
export const imageVariables: Readonly<Record<string, keyof Images>> = {
  RELATED_IMAGE_TEMPO: "tempo",
  RELATED_IMAGE_TEMPO_QUERY: "tempoQuery",
  RELATED_IMAGE_JAEGER_QUERY: "jaegerQuery",
  RELATED_IMAGE_TEMPO_GATEWAY: "tempoGateway",
  RELATED_IMAGE_TEMPO_GATEWAY_OPA: "tempoGatewayOpa",
  RELATED_IMAGE_OAUTH_PROXY: "oauthProxy",
};

/** The operator itself: one replica that works; more may be added, of which one leads. */
export function deployment(image: string): object {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: deploymentName, namespace: home, labels: podLabels },
    spec: {
      replicas: 1,
      selector: { matchLabels: podLabels },
      template: {
        metadata: { labels: podLabels, annotations: { "kubectl.kubernetes.io/default-container": "manager" } },
        spec: {
          serviceAccountName: accountName,
          terminationGracePeriodSeconds: 10,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
          containers: [manager(image)],
          // Nothing else can be written to: compiled code is kept there between restarts of the container.
          volumes: [{ name: "tmp", emptyDir: {} }],
        },
      },
    },
  };
}

function manager(image: string): object {
  const probe = (path: string, more: object): object => ({ httpGet: { path, port: "health" }, ...more });
  return {
    name: "manager",
    image,
    args: ["--zap-log-level=info", "start"],
    env: [
      { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
      ...Object.entries(imageVariables).map(([name, of]) => ({ name, value: defaultImages[of] })),
    ],
    ports: [
      { name: "https", containerPort: ports.metrics, protocol: "TCP" },
      { name: "webhook", containerPort: ports.webhook, protocol: "TCP" },
      { name: "health", containerPort: ports.health, protocol: "TCP" },
    ],
    livenessProbe: probe("/healthz", { initialDelaySeconds: 15, periodSeconds: 20 }),
    readinessProbe: probe("/readyz", { initialDelaySeconds: 2, periodSeconds: 10 }),
    resources: { requests: { cpu: "100m", memory: "128Mi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
  };
}

/** In front of the metrics, with the labels that the operator's own monitor looks for. */
export function metricsService(): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: metricsServiceName, namespace: home, labels: podLabels },
    spec: {
      selector: podLabels,
      ports: [{ name: "https", port: ports.metrics, targetPort: "https", protocol: "TCP" }],
    },
  };
}
