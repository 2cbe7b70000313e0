import type { KubeObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import type { TempoMonolithicSpec } from "../../api/tempo-monolithic.ts";
import type { GrafanaDatasource, PrometheusRule, ServiceMonitor } from "../../platform/kinds.ts";
import { type Circumstances, monolithicInput } from "../input.test-support.ts";
import { monolithicMonitoring } from "./monolithic-monitoring.ts";

type Observability = NonNullable<TempoMonolithicSpec["observability"]>;

const of = (observability: Observability, spec: TempoMonolithicSpec = {}, circumstances: Circumstances = {}) =>
  monolithicMonitoring(monolithicInput({ observability, ...spec }, circumstances)) as readonly KubeObject[];
const labelsOf = (component: string) => ({
  "app.kubernetes.io/name": "tempo-monolithic",
  "app.kubernetes.io/instance": "single",
  "app.kubernetes.io/managed-by": "tempo-operator",
  "app.kubernetes.io/component": component,
});
const monitors = { metrics: { serviceMonitors: { enabled: true, extraLabels: { team: "a" } } } };
const gateway = {
  multitenancy: {
    enabled: true,
    mode: "static" as const,
    authentication: [{ tenantName: "a", tenantId: "1" }],
  },
};

describe("monolithicMonitoring", () => {
  it("3.15: makes nothing that is not asked for", () => {
    expect(of({})).toEqual([]);
    expect(
      of({
        metrics: { serviceMonitors: { enabled: false }, prometheusRules: { enabled: false } },
        grafana: { dataSource: { enabled: false } },
      }),
    ).toEqual([]);
  });

  it("3.15: scrapes Tempo in clear without the gateway", () => {
    const [monitor] = of(monitors) as ServiceMonitor[];
    expect(monitor?.metadata).toEqual({ name: "tempo-single", labels: { team: "a", ...labelsOf("tempo") } });
    expect(monitor?.spec).toMatchObject({
      endpoints: [{ port: "http", path: "/metrics", scheme: "http" }],
      namespaceSelector: { matchNames: ["shop"] },
      selector: { matchLabels: labelsOf("tempo") },
    });
    expect(monitor?.spec?.endpoints[0]?.tlsConfig).toBeUndefined();
  });

  it.each([
    [true, "https"],
    [false, "http"],
  ])(
    "3.15: scrapes gateway and Tempo through the gateway's Service, httpEncryption %s: %s",
    (httpEncryption, scheme) => {
      const [monitor] = of(monitors, gateway, { gates: { httpEncryption } }) as ServiceMonitor[];
      const tlsConfig = {
        ca: { configMap: { name: "tempo-single-ca-bundle", key: "service-ca.crt" } },
        cert: { secret: { name: "tempo-single-mtls", key: "tls.crt" } },
        keySecret: { name: "tempo-single-mtls", key: "tls.key" },
        serverName: "tempo-single.shop.svc.cluster.local",
      };
      expect(monitor?.spec?.selector).toEqual({ matchLabels: labelsOf("gateway") });
      expect(monitor?.spec?.endpoints.map(({ relabelings: _, ...endpoint }) => endpoint)).toEqual(
        ["internal", "http"].map((port) => ({
          port,
          path: "/metrics",
          scheme,
          ...(httpEncryption ? { tlsConfig } : {}),
        })),
      );
    },
  );

  it("3.15: has the alerts of a stack, over jobs that one process can have", () => {
    const metrics = { ...monitors.metrics, prometheusRules: { enabled: true, extraLabels: { team: "b" } } };
    const rule = of({ metrics })[1] as PrometheusRule;
    expect(rule.metadata).toEqual({
      name: "single-prometheus-rule",
      labels: {
        team: "b",
        ...labelsOf("tempo"),
        "openshift.io/prometheus-rule-evaluation-scope": "leaf-prometheus",
      },
    });
    expect(rule.spec?.groups.map(({ name, rules }) => [name, rules.length])).toEqual([
      ["tempo_alerts_single_shop", 14],
      ["tempo_rules_single_shop", 6],
    ]);
    const writes = rule.spec?.groups[0]?.rules.find(({ alert }) => alert === "TempoProvisioningTooManyWrites");
    expect(writes?.expr).toContain('job=~".+/(tempo|gateway)"');
  });

  it("3.15: is a data source of Grafana", () => {
    const instanceSelector = { matchLabels: { grafana: "main" } };
    const [datasource] = of({ grafana: { dataSource: { enabled: true, instanceSelector } } }) as GrafanaDatasource[];
    expect(datasource?.metadata).toEqual({ name: "single", labels: labelsOf("tempo") });
    expect(datasource?.spec).toEqual({
      instanceSelector,
      allowCrossNamespaceImport: true,
      datasource: {
        name: "single",
        type: "tempo",
        access: "proxy",
        url: "http://tempo-single.shop.svc.cluster.local:3200",
      },
    });
  });
});
