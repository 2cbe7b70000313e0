import { describe, expect, it } from "vitest";
import type { TempoStackSpec } from "../../api/tempo-stack.ts";
import type { GrafanaDatasource, PrometheusRule, Rule, ServiceMonitor } from "../../platform/kinds.ts";
import { stackInput } from "../input.test-support.ts";
import { inClear, rendered } from "../stack/rendered.test-support.ts";
import { monitoringObjects } from "./stack-monitoring.ts";

type Spec = Partial<TempoStackSpec>;
type Metrics = NonNullable<NonNullable<Spec["observability"]>["metrics"]>;
type Circumstances = NonNullable<Parameters<typeof stackInput>[1]>;

const of = (metrics: Metrics, spec: Spec = {}, circumstances: Circumstances = {}) =>
  rendered(monitoringObjects(stackInput({ observability: { metrics }, ...spec }, circumstances)));
const monitors = { createServiceMonitors: true };
const rules = { createServiceMonitors: true, createPrometheusRules: true };
const common = {
  "app.kubernetes.io/name": "tempo",
  "app.kubernetes.io/instance": "simplest",
  "app.kubernetes.io/managed-by": "tempo-operator",
};
const labelsOf = (component: string) => ({ ...common, "app.kubernetes.io/component": component });
const gateway = { template: { gateway: { enabled: true } }, tenants: { mode: "static" as const } };
const monitorOf = (given: ReturnType<typeof of>, component: string) =>
  given.of<ServiceMonitor>("ServiceMonitor", `tempo-simplest-${component}`);

const relabelings = [
  { sourceLabels: ["__meta_kubernetes_service_label_app_kubernetes_io_instance"], targetLabel: "cluster" },
  {
    sourceLabels: ["__meta_kubernetes_namespace", "__meta_kubernetes_service_label_app_kubernetes_io_component"],
    separator: "/",
    targetLabel: "job",
  },
];

describe("monitoringObjects", () => {
  it("3.2: makes nothing that is not asked for", () => {
    expect(monitoringObjects(stackInput())).toEqual([]);
    expect(of({}).names).toEqual([]);
    expect(of({ createServiceMonitors: false, createPrometheusRules: false }).names).toEqual([]);
  });

  it.each<[string, Spec, readonly string[]]>([
    ["five in the simplest stack", {}, []],
    ["one of the gateway", gateway, ["gateway"]],
    [
      "one of the metrics generator (quirk 17)",
      { template: { metricsGenerator: { enabled: true, remoteWriteURLs: ["http://p"] } } },
      ["metrics-generator"],
    ],
  ])("3.16: ServiceMonitors: %s", (_, spec, further) => {
    const components = ["compactor", "distributor", "ingester", "querier", "query-frontend", ...further];
    expect(of(monitors, spec).names).toEqual(components.map((name) => `ServiceMonitor/tempo-simplest-${name}`));
  });
});

describe("monitoringObjects: ServiceMonitors", () => {
  const tlsOf = (component: string) => ({
    ca: { configMap: { name: "tempo-simplest-ca-bundle", key: "service-ca.crt" } },
    cert: { secret: { name: `tempo-simplest-${component}-mtls`, key: "tls.crt" } },
    keySecret: { name: `tempo-simplest-${component}-mtls`, key: "tls.key" },
    serverName: `tempo-simplest-${component}.shop.svc.cluster.local`,
  });

  it("3.16: scrape a component with its own certificate", () => {
    expect(monitorOf(of(monitors), "ingester")).toEqual({
      apiVersion: "monitoring.coreos.com/v1",
      kind: "ServiceMonitor",
      metadata: { name: "tempo-simplest-ingester", labels: labelsOf("ingester") },
      spec: {
        endpoints: [{ port: "http", path: "/metrics", scheme: "https", tlsConfig: tlsOf("ingester"), relabelings }],
        namespaceSelector: { matchNames: ["shop"] },
        selector: { matchLabels: labelsOf("ingester") },
      },
    });
  });

  it.each<[string, string, Spec, Circumstances, string, string]>([
    ["of a component in clear", "querier", {}, { gates: inClear }, "http", "http"],
    ["of the query-frontend without the gateway", "query-frontend", {}, {}, "http", "http"],
    ["of the query-frontend behind the gateway", "query-frontend", gateway, {}, "http", "https"],
    ["of the gateway", "gateway", gateway, {}, "internal", "https"],
    ["of the gateway in clear", "gateway", gateway, { gates: inClear }, "internal", "http"],
    [
      "of the metrics generator",
      "metrics-generator",
      { template: { metricsGenerator: { enabled: true, remoteWriteURLs: ["http://p"] } } },
      {},
      "http",
      "https",
    ],
  ])("3.16: port and scheme %s", (_, component, spec, circumstances, port, scheme) => {
    const [endpoint] = monitorOf(of(monitors, spec, circumstances), component).spec!.endpoints;
    expect(endpoint).toEqual({
      port,
      path: "/metrics",
      scheme,
      ...(scheme === "https" ? { tlsConfig: tlsOf(component) } : {}),
      relabelings,
    });
  });

  it("2.1.9: take extra labels, which do not win over the operator's", () => {
    const extraServiceMonitorLabels = { team: "a", "app.kubernetes.io/name": "other" };
    expect(monitorOf(of({ ...monitors, extraServiceMonitorLabels }), "querier").metadata?.labels).toEqual({
      team: "a",
      ...labelsOf("querier"),
    });
  });

  it("3.1.1: find the Services of a stack with dots in its name, and the CA under its own name", () => {
    const { all } = of(monitors, {}, { name: "a.b" });
    const [endpoint] = (all[0] as ServiceMonitor).spec!.endpoints;
    expect(all[0]?.metadata?.name).toBe("tempo-a-b-compactor");
    expect(endpoint?.tlsConfig?.ca?.configMap?.name).toBe("tempo-a.b-ca-bundle");
    expect(endpoint?.tlsConfig?.serverName).toBe("tempo-a-b-compactor.shop.svc.cluster.local");
  });
});

describe("monitoringObjects: PrometheusRule", () => {
  const ruleOf = (given = of(rules)) => given.of<PrometheusRule>("PrometheusRule", "simplest-prometheus-rule");
  const alerts = new Map(ruleOf().spec!.groups[0]!.rules.map((rule) => [rule.alert!, rule]));

  it("3.16: is named after the stack, and takes extra labels below its own", () => {
    const { metadata, spec } = ruleOf(
      of({ ...rules, extraPrometheusRuleLabels: { team: "a", "app.kubernetes.io/name": "x" } }),
    );
    expect(metadata?.labels).toEqual({
      team: "a",
      ...common,
      "openshift.io/prometheus-rule-evaluation-scope": "leaf-prometheus",
    });
    expect(spec?.groups.map(({ name }) => name)).toEqual(["tempo_alerts_simplest_shop", "tempo_rules_simplest_shop"]);
  });

  it.each([
    ["TempoRequestLatency", "15m", "critical"],
    ["TempoCompactorUnhealthy", "15m", "critical"],
    ["TempoDistributorUnhealthy", "15m", "warning"],
    ["TempoCompactionsFailing", "5m", "critical"],
    ["TempoIngesterFlushesUnhealthy", "5m", "warning"],
    ["TempoIngesterFlushesFailing", "5m", "critical"],
    ["TempoPollsFailing", undefined, "critical"],
    ["TempoTenantIndexFailures", undefined, "critical"],
    ["TempoNoTenantIndexBuilders", "5m", "critical"],
    ["TempoTenantIndexTooOld", "5m", "critical"],
    ["TempoBadOverrides", "15m", "warning"],
    ["TempoProvisioningTooManyWrites", "15m", "warning"],
    ["TempoCompactorsTooManyOutstandingBlocks", "6h", "warning"],
    ["TempoIngesterReplayErrors", "5m", "critical"],
  ])("3.16: alert %s, after %s, is %s", (name, duration, severity) => {
    const alert = alerts.get(name)!;
    expect([alert.for, alert.labels]).toEqual([duration, { severity }]);
    expect(alert.annotations?.["summary"]).not.toBe("");
    const page = name === "TempoIngesterFlushesUnhealthy" ? "TempoIngesterFlushesFailing" : name;
    expect(alert.annotations?.["runbook_url"]).toBe(
      `https://github.com/grafana/tempo/tree/main/operations/tempo-mixin/runbook.md#${page}`,
    );
  });

  const all = 'cluster="simplest", namespace="shop"';
  it.each([
    ["TempoRequestLatency", `:99quantile{${all}, route!~"metrics|/frontend.Frontend/Process|debug_pprof"} > 3`],
    ["TempoCompactorUnhealthy", `tempo_ring_members{${all}, state="Unhealthy", name="compactor"}) > 0`],
    ["TempoDistributorUnhealthy", `name="distributor"}) > 0`],
    ["TempoCompactionsFailing", `(increase(tempodb_compaction_errors_total{${all}}[1h])) > 2 and `],
    ["TempoCompactionsFailing", `(increase(tempodb_compaction_errors_total{${all}}[5m])) > 0`],
    ["TempoIngesterFlushesUnhealthy", "tempo_ingester_failed_flushes_total"],
    ["TempoIngesterFlushesFailing", "tempo_ingester_flush_failed_retries_total"],
    ["TempoPollsFailing", "tempodb_blocklist_poll_errors_total"],
    ["TempoTenantIndexFailures", "tempodb_blocklist_tenant_index_errors_total"],
    ["TempoNoTenantIndexBuilders", `(tempodb_blocklist_tenant_index_builder{${all}}) == 0 and `],
    ["TempoNoTenantIndexBuilders", `(tempodb_blocklist_length{${all}}) > 0`],
    ["TempoTenantIndexTooOld", `(tempodb_blocklist_tenant_index_age_seconds{${all}}) > 600`],
    ["TempoBadOverrides", `(tempo_runtime_config_last_reload_successful{${all}} == 0)`],
    ["TempoProvisioningTooManyWrites", `_bytes_received_total{${all}, job=~".+/(ingester)"}[1m])) / 1024 / 1024 > 30`],
    ["TempoCompactorsTooManyOutstandingBlocks", `outstanding_blocks{${all}, job=~".+/(compactor)"}) / on`],
    ["TempoCompactorsTooManyOutstandingBlocks", `(tempo_build_info{${all}, job=~".+/(compactor)"}) > 100`],
    ["TempoIngesterReplayErrors", `(increase(tempo_ingester_replay_errors_total{${all}}[5m])) > 0`],
  ])("3.16: alert %s looks at %s", (name, part) => {
    expect(alerts.get(name)?.expr).toContain(part);
  });

  it("3.16: has 14 alerts and 6 recording rules", () => {
    const [first, second] = ruleOf().spec!.groups;
    const prefix = "cluster_namespace_job_route:tempo_request_duration_seconds";
    expect(first?.rules).toHaveLength(14);
    expect(second?.rules.map(({ record }) => record)).toEqual([
      `${prefix}:99quantile`,
      `${prefix}:50quantile`,
      `${prefix}:avg`,
      `${prefix}_bucket:sum_rate`,
      `${prefix}_sum:sum_rate`,
      `${prefix}_count:sum_rate`,
    ]);
    expect(second?.rules[0]?.expr).toBe(
      `histogram_quantile(0.99, sum by (le, cluster, namespace, job, route) (rate(tempo_request_duration_seconds_bucket{${all}}[1m])))`,
    );
  });

  it("3.16: looks at no series but the stack's", () => {
    const selectors = (rule: Rule) => [...rule.expr.matchAll(/\{([^}]*)\}/g)].map(([, inside]) => inside);
    const every = ruleOf().spec!.groups.flatMap(({ rules }) => rules.map((rule) => [rule, selectors(rule)] as const));
    for (const [rule, found] of every) {
      expect([rule.alert ?? rule.record, found.length > 0]).toEqual([rule.alert ?? rule.record, true]);
      for (const selector of found) expect(selector?.startsWith(all)).toBe(true);
    }
  });
});

describe("monitoringObjects: GrafanaDatasource", () => {
  const datasource = (instanceSelector?: { matchLabels: Record<string, string> }) =>
    rendered(
      monitoringObjects(
        stackInput({
          observability: { grafana: { createDatasource: true, ...(instanceSelector ? { instanceSelector } : {}) } },
        }),
      ),
    ).of<GrafanaDatasource>("GrafanaDatasource", "simplest");

  it("3.16: points at the query-frontend", () => {
    expect(datasource({ matchLabels: { grafana: "main" } })).toEqual({
      apiVersion: "grafana.integreatly.org/v1beta1",
      kind: "GrafanaDatasource",
      metadata: { name: "simplest", labels: common },
      spec: {
        instanceSelector: { matchLabels: { grafana: "main" } },
        allowCrossNamespaceImport: true,
        datasource: {
          name: "simplest",
          type: "tempo",
          access: "proxy",
          url: "http://tempo-simplest-query-frontend.shop.svc.cluster.local:3200",
        },
      },
    });
  });

  it("2.1.9: goes to all Grafana instances where the spec selects none", () => {
    expect(datasource().spec?.instanceSelector).toEqual({});
  });
});
