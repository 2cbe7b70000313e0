import { NetworkPolicy, objectOf } from "@homeostat/api";
import { PrometheusRule, type ScrapeTls, ServiceMonitor } from "../../platform/kinds.ts";
import type { OperatorSettings } from "../../settings/operator-settings.ts";
import type { ApiServerEndpoints, Objects } from "../input.ts";
import { addressPeers } from "../network/peers.ts";
import { type PolicyRules, policyOf, tcp } from "../network/policy.ts";
import { operatorAlerts } from "./operator-alerts.ts";

type Labels = Readonly<Record<string, string>>;

/** What the operator's Deployment, pods and Services carry, as the manifests have them. */
export const operatorLabels: Labels = {
  "app.kubernetes.io/name": "tempo-operator",
  "app.kubernetes.io/part-of": "tempo-operator",
  "app.kubernetes.io/managed-by": "operator-lifecycle-manager",
  "control-plane": "controller-manager",
};

/** Service of the operator's metrics; Prometheus calls its job the same. */
export const metricsServiceName = "tempo-operator-controller-manager-metrics-service";

export interface OperatorMonitoringInput {
  /** Of the operator itself. */
  readonly namespace: string;
  readonly settings: Pick<OperatorSettings, "gates" | "ipv6Only">;
  readonly apiServer: ApiServerEndpoints;
  /** Whether the operator serves webhooks. */
  readonly webhooks: boolean;
  /** Labels of the operator's pods and metrics Service. Default {@link operatorLabels}. */
  readonly labels?: Labels;
  /** Default {@link metricsServiceName}. */
  readonly metricsService?: string;
  /** Port that the operator's pods serve metrics at. Default 8443. */
  readonly metricsPort?: number;
  /** Port that they serve webhooks at. Default 9443. */
  readonly webhookPort?: number;
}

/** What protects the operator itself and has it watched, each by a gate. They go into its own namespace. */
export function operatorMonitoring(input: OperatorMonitoringInput): Objects {
  const { gates } = input.settings;
  return [
    ...(gates.networkPolicies ? policies(input) : []),
    ...(gates["observability.metrics.createServiceMonitors"] ? [monitor(input)] : []),
    ...(gates["observability.metrics.createPrometheusRules"] ? [rules(input)] : []),
  ];
}

const labelsOf = ({ labels = operatorLabels }: OperatorMonitoringInput): Labels => labels;
const serviceOf = ({ metricsService = metricsServiceName }: OperatorMonitoringInput): string => metricsService;

/** No name is looked up: the operator knows the API server by its address. */
function policies(input: OperatorMonitoringInput): readonly NetworkPolicy[] {
  const policy = (name: string, rules: PolicyRules) =>
    policyOf({ name: `tempo-operator-${name}`, labels: labelsOf(input) }, { matchLabels: labelsOf(input) }, rules);
  return [
    denyAll(input),
    policy("egress-to-apiserver", { egress: [apiServerRule(input)] }),
    policy("ingress-to-metrics", {
      ingress: [{ ports: tcp(input.metricsPort ?? 8443), from: [{ namespaceSelector: {}, podSelector: {} }] }],
    }),
    ...(input.webhooks ? [policy("ingress-webhook", { ingress: [{ ports: tcp(input.webhookPort ?? 9443) }] })] : []),
  ];
}

function denyAll(input: OperatorMonitoringInput): NetworkPolicy {
  const labels = labelsOf(input);
  return objectOf(NetworkPolicy, {
    metadata: { name: "tempo-operator-deny-all", labels },
    spec: { podSelector: { matchLabels: labels }, policyTypes: ["Ingress", "Egress"] },
  });
}

function apiServerRule({ apiServer, settings: { ipv6Only } }: OperatorMonitoringInput) {
  const ports = tcp(...apiServer.ports);
  return apiServer.addresses.length === 0 ? { ports } : { ports, to: addressPeers({ apiServer, ipv6: ipv6Only }) };
}

function monitor(input: OperatorMonitoringInput): ServiceMonitor {
  return objectOf(ServiceMonitor, {
    metadata: { name: "tempo-operator-controller-manager-metrics-monitor", labels: labelsOf(input) },
    spec: {
      endpoints: [
        {
          port: "https",
          path: "/metrics",
          scheme: "https",
          bearerTokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token",
          tlsConfig: scrapeTls(input),
        },
      ],
      namespaceSelector: { matchNames: [input.namespace] },
      selector: { matchLabels: labelsOf(input) },
    },
  });
}

/** On OpenShift Prometheus has the CA of serving certificates; elsewhere the certificate is the operator's own. */
function scrapeTls(input: OperatorMonitoringInput): ScrapeTls {
  if (!input.settings.gates["openshift.servingCertsService"]) return { insecureSkipVerify: true };
  return {
    caFile: "/etc/prometheus/configmaps/serving-certs-ca-bundle/service-ca.crt",
    serverName: `${serviceOf(input)}.${input.namespace}.svc`,
  };
}

function rules(input: OperatorMonitoringInput): PrometheusRule {
  const filter = `namespace="${input.namespace}", job="${serviceOf(input)}"`;
  return objectOf(PrometheusRule, {
    metadata: {
      name: "tempo-operator-controller-manager-prometheus-rule",
      labels: { ...labelsOf(input), "openshift.io/prometheus-rule-evaluation-scope": "leaf-prometheus" },
    },
    spec: { groups: [{ name: "tempo_operator_alerts", rules: operatorAlerts(filter) }] },
  });
}
