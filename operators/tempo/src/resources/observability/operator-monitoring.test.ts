import type { KubeObject, NetworkPolicy } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import type { PrometheusRule, ServiceMonitor } from "../../platform/kinds.ts";
import { defaultGates, type FeatureGates } from "../../settings/feature-gates.ts";
import { unknownApiServer } from "../input.ts";
import { type OperatorMonitoringInput, operatorMonitoring } from "./operator-monitoring.ts";

const namespace = "tempo-operator-system";
const of = (gates: Partial<FeatureGates> = {}, more: Partial<OperatorMonitoringInput> = {}) =>
  operatorMonitoring({
    namespace,
    settings: { gates: { ...defaultGates, ...gates }, ipv6Only: false },
    apiServer: unknownApiServer,
    webhooks: true,
    ...more,
  }) as readonly KubeObject[];
const labels = {
  "app.kubernetes.io/name": "tempo-operator",
  "app.kubernetes.io/part-of": "tempo-operator",
  "app.kubernetes.io/managed-by": "operator-lifecycle-manager",
  "control-plane": "controller-manager",
};
const watched = {
  "observability.metrics.createServiceMonitors": true,
  "observability.metrics.createPrometheusRules": true,
};
const names = (objects: readonly KubeObject[]) => objects.map(({ kind, metadata }) => `${kind}/${metadata?.name}`);
const policy = (name: string, ...given: Parameters<typeof of>) =>
  of(...given).find(({ metadata }) => metadata?.name === `tempo-operator-${name}`) as NetworkPolicy;

describe("operatorMonitoring", () => {
  it("7.6: makes NetworkPolicies unless their gate is off, and the rest if its gates are on", () => {
    const policies = ["deny-all", "egress-to-apiserver", "ingress-to-metrics", "ingress-webhook"].map(
      (name) => `NetworkPolicy/tempo-operator-${name}`,
    );
    const monitor = "ServiceMonitor/tempo-operator-controller-manager-metrics-monitor";
    const rule = "PrometheusRule/tempo-operator-controller-manager-prometheus-rule";
    expect(names(of())).toEqual(policies);
    expect(names(of({}, { webhooks: false }))).toEqual(policies.slice(0, 3));
    expect(names(of({ networkPolicies: false }))).toEqual([]);
    expect(names(of(watched))).toEqual([...policies, monitor, rule]);
  });

  it("7.6: selects the operator's pods, whatever labels they have been given", () => {
    for (const { spec } of of() as NetworkPolicy[]) expect(spec?.podSelector).toEqual({ matchLabels: labels });
    const own = { app: "tempo" };
    const all = of(watched, { labels: own });
    for (const { metadata } of all) expect(metadata?.labels).toMatchObject(own);
    expect((all[4] as ServiceMonitor).spec?.selector).toEqual({ matchLabels: own });
  });

  it("7.6: shuts everything, then opens what is needed", () => {
    expect(policy("deny-all").spec).toEqual({
      podSelector: { matchLabels: labels },
      policyTypes: ["Ingress", "Egress"],
    });
    expect(policy("ingress-webhook").spec?.ingress).toEqual([{ ports: [{ protocol: "TCP", port: 9443 }] }]);
    const from = [{ namespaceSelector: {}, podSelector: {} }];
    expect(policy("ingress-to-metrics").spec?.ingress).toEqual([{ ports: [{ protocol: "TCP", port: 8443 }], from }]);
    expect(policy("ingress-to-metrics", {}, { metricsPort: 8080 }).spec?.ingress?.[0]?.ports).toEqual([
      { protocol: "TCP", port: 8080 },
    ]);
  });

  it("7.6: lets the operator reach the API server: anywhere, or where it is known to be", () => {
    expect(policy("egress-to-apiserver").spec).toEqual({
      podSelector: { matchLabels: labels },
      egress: [{ ports: [{ protocol: "TCP", port: 6443 }] }],
      policyTypes: ["Egress"],
    });
    const apiServer = { ports: [6443, 443], addresses: ["10.0.0.1", "fd00::1"] };
    expect(policy("egress-to-apiserver", {}, { apiServer }).spec?.egress).toEqual([
      {
        ports: [
          { protocol: "TCP", port: 6443 },
          { protocol: "TCP", port: 443 },
        ],
        to: [{ ipBlock: { cidr: "10.0.0.1/32" } }, { ipBlock: { cidr: "fd00::1/128" } }],
      },
    ]);
  });

  it.each([
    [false, { insecureSkipVerify: true }],
    [
      true,
      {
        caFile: "/etc/prometheus/configmaps/serving-certs-ca-bundle/service-ca.crt",
        serverName: `tempo-operator-controller-manager-metrics-service.${namespace}.svc`,
      },
    ],
  ])("7.6: is scraped with a token, OpenShift's certificates: %s", (isOpenshift, tlsConfig) => {
    const monitor = of({ ...watched, "openshift.servingCertsService": isOpenshift })[4] as ServiceMonitor;
    expect(monitor.spec).toEqual({
      endpoints: [
        {
          port: "https",
          path: "/metrics",
          scheme: "https",
          bearerTokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token",
          tlsConfig,
        },
      ],
      namespaceSelector: { matchNames: [namespace] },
      selector: { matchLabels: labels },
    });
  });

  it.each([
    ["TempoOperatorFailedUpgrade", undefined, "warning", /tempooperator_upgrades_total\{.*state="failed"\}\) > 0$/],
    [
      "TempoOperatorTerminalReconcileError",
      "15m",
      "critical",
      /controller_runtime_terminal_reconcile_errors_total.*\[15m\]\)\) > 0$/,
    ],
    [
      "TempoOperatorReconcileError",
      "15m",
      "warning",
      /controller_runtime_reconcile_errors_total.*> 0 unless .*terminal/,
    ],
    ["TempoOperatorReconcileDurationHigh", "10m", "warning", /_time_seconds_sum.*_time_seconds_count.* > 600$/],
    ["TempoStackUnhealthy", "5m", "critical", /tempostack_status_condition\{.*"ConfigurationError\|Failed"\} == 1$/],
    [
      "TempoOperatorReconcileFailed",
      "2m",
      "warning",
      /^increase\(controller_runtime_reconcile_errors_total\{controller="tempostack"\}\[5m\]\) > 0$/,
    ],
  ])("7.6: has alert %s, after %s, %s", (name, duration, severity, expr) => {
    const { rules } = (of(watched)[5] as PrometheusRule).spec!.groups[0]!;
    expect(rules).toHaveLength(6);
    const rule = rules.find(({ alert }) => alert === name)!;
    expect([rule.for, rule.labels]).toEqual([duration, { severity }]);
    expect(rule.expr).toMatch(expr);
    expect(rule.annotations?.["summary"]).toBeTruthy();
  });
});
