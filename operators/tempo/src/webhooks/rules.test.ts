import type { ApiError } from "@homeostat/api";
import { Secret } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { TempoStack } from "../api/tempo-stack.ts";
import { communitySettings, type OperatorSettings, openshiftSettings } from "../settings/operator-settings.ts";
import { startWebhooks } from "./admission.test-support.ts";

const withGates = (...gates: readonly (keyof OperatorSettings["gates"])[]): OperatorSettings => ({
  ...communitySettings,
  gates: { ...communitySettings.gates, ...Object.fromEntries(gates.map((gate) => [gate, true])) },
});

const jaeger = (jaegerQuery: object) => ({ template: { queryFrontend: { jaegerQuery } } });
const oidc = { issuerURL: "https://id", redirectURL: "https://me", secret: { name: "oidc" } };
const authentication = [{ tenantName: "dev", tenantId: "1", oidc }];
const authorization = {
  roles: [{ name: "r", permissions: ["read"], resources: ["traces"], tenants: ["dev"] }],
  roleBindings: [{ name: "b", roles: ["r"], subjects: [{ kind: "user", name: "u" }] }],
};
const tenants = { mode: "static", authentication, authorization };
const gated = (gateway: object, more: object = {}) => ({
  tenants,
  template: { gateway: { enabled: true, ...gateway }, ...more },
});
const metrics = (given: object) => ({ observability: { metrics: given } });

interface Row {
  readonly rule: string;
  readonly field: string;
  readonly bad: object;
  readonly good: object;
  readonly settings?: OperatorSettings;
  /** The good one needs other settings. */
  readonly goodSettings?: OperatorSettings;
}

const rows: readonly Row[] = [
  {
    rule: "names each zone once",
    field: "spec.replicationZones[1].topologyKey",
    bad: { replicationZones: [{ topologyKey: "zone" }, { topologyKey: "zone" }] },
    good: { replicationZones: [{ topologyKey: "zone" }, { topologyKey: "rack" }] },
  },
  {
    rule: "has a quorum of ingesters",
    field: "spec.ReplicationFactor",
    bad: { replicationFactor: 3, template: { ingester: { replicas: 1 } } },
    good: { replicationFactor: 3, template: { ingester: { replicas: 2 } } },
  },
  {
    rule: "has a Jaeger UI where it has an Ingress to it",
    field: "spec.template.queryFrontend.jaegerQuery.ingress.type",
    bad: jaeger({ ingress: { type: "ingress" } }),
    good: jaeger({ enabled: true, ingress: { type: "ingress" } }),
  },
  {
    rule: "has a Route only where there are Routes",
    field: "spec.template.queryFrontend.jaegerQuery.ingress.type",
    bad: jaeger({ enabled: true, ingress: { type: "route" } }),
    good: jaeger({ enabled: true, ingress: { type: "route" } }),
    goodSettings: withGates("openshift.route"),
  },
  {
    rule: "says where the Monitor tab's metrics are",
    field: "spec.template.queryFrontend.jaegerQuery.monitorTab.prometheusEndpoint",
    bad: jaeger({ enabled: true, monitorTab: { enabled: true } }),
    good: jaeger({ enabled: true, monitorTab: { enabled: true, prometheusEndpoint: "http://prom:9090" } }),
  },
  {
    rule: "has a gateway, or an Ingress to the Jaeger UI",
    field: "spec.template.gateway.enabled",
    bad: gated({}, { queryFrontend: { jaegerQuery: { enabled: true, ingress: { type: "ingress" } } } }),
    good: gated({}, { queryFrontend: { jaegerQuery: { enabled: true } } }),
  },
  {
    rule: "has RBAC, or the Jaeger UI",
    field: "spec.template.gateway.enabled",
    bad: gated({ rbac: { enabled: true } }, { queryFrontend: { jaegerQuery: { enabled: true } } }),
    good: gated({ rbac: { enabled: true } }),
  },
  {
    rule: "has tenants where it has a gateway",
    field: "spec.template.gateway.enabled",
    bad: { template: { gateway: { enabled: true } } },
    good: gated({}),
  },
  {
    rule: "has a Route to its gateway only where there are Routes",
    field: "spec.template.gateway.ingress.type",
    bad: gated({ ingress: { type: "route" } }),
    good: gated({ ingress: { type: "route" } }),
    goodSettings: withGates("openshift.route"),
  },
  {
    rule: "ends TLS at the gateway",
    field: "spec.template.gateway.enabled",
    bad: gated({}, { distributor: { tls: { enabled: true, certName: "c" } } }),
    good: { template: { distributor: { tls: { enabled: true, certName: "c" } } } },
  },
  {
    rule: "has a certificate for its receivers",
    field: "spec.template.distributor.tls.cert",
    bad: { template: { distributor: { tls: { enabled: true } } } },
    good: { template: { distributor: { tls: { enabled: true } } } },
    goodSettings: withGates("openshift.servingCertsService"),
  },
  {
    rule: "tells how tenants are known and what they may do",
    field: "spec.template.tenants",
    bad: { ...gated({}), tenants: { mode: "static", authentication } },
    good: gated({}),
  },
  {
    rule: "leaves OpenShift's users to OpenShift",
    field: "spec.template.tenants",
    bad: { ...gated({}), tenants: { mode: "openshift", authentication } },
    good: { ...gated({}), tenants: { mode: "openshift", authentication: [{ tenantName: "dev", tenantId: "1" }] } },
    settings: openshiftSettings,
    goodSettings: openshiftSettings,
  },
  {
    rule: "has monitors only where there is a Prometheus operator",
    field: "spec.observability.metrics.createServiceMonitors",
    bad: metrics({ createServiceMonitors: true }),
    good: metrics({ createServiceMonitors: true }),
    goodSettings: withGates("prometheusOperator"),
  },
  {
    rule: "has alerts only with monitors",
    field: "spec.observability.metrics.createPrometheusRules",
    bad: metrics({ createPrometheusRules: true }),
    good: metrics({ createServiceMonitors: true, createPrometheusRules: true }),
    settings: withGates("prometheusOperator"),
    goodSettings: withGates("prometheusOperator"),
  },
  {
    rule: "samples a part that is a number",
    field: "spec.observability.tracing.sampling_fraction",
    bad: { observability: { tracing: { sampling_fraction: "half", otlp_http_endpoint: "http://otel:4318" } } },
    good: { observability: { tracing: { sampling_fraction: "0.5", otlp_http_endpoint: "http://otel:4318" } } },
  },
  {
    rule: "has an agent's address that is one",
    field: "spec.observability.tracing.jaeger_agent_endpoint",
    bad: { observability: { tracing: { jaeger_agent_endpoint: "agent" } } },
    good: { observability: { tracing: { jaeger_agent_endpoint: "agent:6831" } } },
  },
  {
    rule: "has a data source only where there is a Grafana operator",
    field: "spec.observability.grafana.createDatasource",
    bad: { observability: { grafana: { createDatasource: true } } },
    good: { observability: { grafana: { createDatasource: true } } },
    goodSettings: withGates("grafanaOperator"),
  },
  {
    rule: "has a data source, or a gateway",
    field: "spec.observability.grafana.createDatasource",
    bad: { ...gated({}), observability: { grafana: { createDatasource: true } } },
    good: { observability: { grafana: { createDatasource: true } } },
    settings: withGates("grafanaOperator"),
    goodSettings: withGates("grafanaOperator"),
  },
  {
    rule: "leaves out a tenant's limit that is no more",
    field: "spec.limits.perTenant[dev].query.maxSearchBytesPerTrace",
    bad: { limits: { perTenant: { dev: { query: { maxSearchBytesPerTrace: 1 } } } } },
    good: { limits: { perTenant: { dev: { query: { maxBytesPerTagValues: 1 } } } } },
  },
  {
    rule: "says where its metrics go",
    field: "spec.template.metricsGenerator.remoteWriteURLs",
    bad: { template: { metricsGenerator: { enabled: true } } },
    good: { template: { metricsGenerator: { enabled: true, remoteWriteURLs: ["http://prom:9090/api/v1/write"] } } },
  },
];

describe("2.3 an API server takes a TempoStack that", () => {
  it.each(rows)("$rule", async ({ field, bad, good, settings = communitySettings, goodSettings = settings }) => {
    const refusal = await attempt(settings, bad);
    expect(refusal?.status).toMatchObject({ code: 422, reason: "Invalid" });
    expect(refusal?.status.details?.causes?.map((cause) => cause.field)).toEqual([field]);
    expect(refusal?.message).toContain(field);
    expect(await attempt(goodSettings, good)).toBeUndefined();
  });
});

/** @returns the refusal; undefined where the stack was taken */
async function attempt(settings: OperatorSettings, spec: object): Promise<ApiError | undefined> {
  const world = await startWebhooks(settings);
  const fields = { endpoint: "http://minio:9000", bucket: "tempo", access_key_id: "tempo", access_key_secret: "s" };
  const data = Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
  );
  await world.admin.create(Secret, { metadata: { name: "minio", namespace: "default" }, data });
  const stack = {
    metadata: { name: "judged", namespace: "default" },
    spec: { storage: { secret: { name: "minio", type: "s3" } }, ...spec } as TempoStack["spec"],
  };
  return world.admin.create(TempoStack, stack).then(
    () => undefined,
    (error: unknown) => error as ApiError,
  );
}
