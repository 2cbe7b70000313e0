import { describe, expect, it } from "vitest";
import type { TempoStack } from "../api/tempo-stack.ts";
import { defaultGates, type FeatureGates } from "../settings/feature-gates.ts";
import { communitySettings } from "../settings/operator-settings.ts";
import type { StorageFinding } from "../storage/resolve.ts";
import type { ClusterFacts } from "./facts.ts";
import { validateStack } from "./validate-stack.ts";

type Spec = Partial<TempoStack["spec"]>;
type Template = NonNullable<Spec["template"]>;

interface Case {
  readonly name?: string;
  readonly spec?: Spec;
  readonly gates?: Partial<FeatureGates>;
  readonly facts?: ClusterFacts;
}

const stackOf = ({ name = "simplest", spec }: Case): TempoStack => ({
  metadata: { name, namespace: "shop" },
  spec: {
    managementState: "Managed",
    storage: { secret: { name: "minio", type: "s3" } },
    storageSize: "10Gi",
    ...spec,
  },
});

function verdict(given: Case) {
  const { gates, facts } = given;
  const settings = { ...communitySettings, gates: { ...defaultGates, ...gates } };
  const { errors, warnings } = validateStack({ stack: stackOf(given), settings, ...(facts ? { facts } : {}) });
  return { errors: errors.map(({ field, message }) => `${field}: ${message}`), warnings };
}

const absence = (field: string): StorageFinding => ({
  reason: "FieldValueInvalid",
  field,
  message: `Invalid value: "x": could not fetch ${field}`,
  detail: `could not fetch ${field}`,
  isAbsence: true,
});
const wrong: StorageFinding = {
  ...absence("spec.storage.secret.name"),
  message: "Invalid value: wrong",
  isAbsence: false,
};

const jaeger = (jaegerQuery: object): Spec => ({ template: { queryFrontend: { jaegerQuery } } });
const gateway = (rest: object = {}, template: object = {}): Template => ({
  gateway: { enabled: true, ...rest },
  ...template,
});
const oidc = { secret: { name: "oidc" } };
const tenant = { tenantName: "dev", tenantId: "1", oidc };
const authorization = { roles: [], roleBindings: [] };
const tenants = { mode: "static", authentication: [tenant], authorization } as const;
const openshift = { mode: "openshift", authentication: [{ tenantName: "dev", tenantId: "1" }] } as const;
const route = { "openshift.route": true };

const jaegerType = "spec.template.queryFrontend.jaegerQuery.ingress.type";
const routeGate = "enable the openshiftRoute feature gate (openshift.route) to use routes";
const tracing = (fields: object) => ({
  spec: { observability: { tracing: { jaeger_agent_endpoint: "localhost:6831", ...fields } } },
});

/** [rule, a stack that keeps it, a stack that breaks it, what is said then]. */
const rules: readonly (readonly [string, Case, Case, string])[] = [
  [
    "name length",
    { name: "a".repeat(63) },
    { name: "a".repeat(64) },
    `metadata.name: Invalid value: "${"a".repeat(64)}": must be no more than 63 characters`,
  ],
  [
    "custom service account",
    { spec: { serviceAccount: "mine" }, facts: { serviceAccount: { found: {} } } },
    { spec: { serviceAccount: "mine" }, facts: { serviceAccount: { error: 'serviceaccounts "mine" not found' } } },
    'spec.serviceAccount: Invalid value: "mine": serviceaccounts "mine" not found',
  ],
  [
    "storage",
    { facts: { storage: { findings: [absence("spec.storage.secret.name")] } } },
    { facts: { storage: { findings: [wrong] } } },
    "spec.storage.secret.name: Invalid value: wrong",
  ],
  [
    "malformed extraConfig",
    { spec: { extraConfig: { tempo: { querier: {} } } } },
    { spec: { extraConfig: { tempo: "querier: {}" } } },
    `spec.extraConfig.tempo: Invalid value: "querier: {}": must be an object with keys of Tempo's configuration`,
  ],
  [
    "size",
    { spec: { size: "1x.demo" } },
    { spec: { size: "2x.demo" as "1x.demo" } },
    'spec.size: Unsupported value: "2x.demo": supported values: "1x.demo", "1x.pico", "1x.extra-small", "1x.small", "1x.medium"',
  ],
  [
    "replication quorum",
    { spec: { replicationFactor: 3, template: { ingester: { replicas: 2 } } } },
    { spec: { replicationFactor: 3, template: { ingester: { replicas: 1 } } } },
    "spec.ReplicationFactor: Invalid value: 3: replication factor of 3 needs at least 2 ingester replicas",
  ],
  [
    "distinct zones",
    { spec: { replicationZones: ["zone", "rack"].map((topologyKey) => ({ maxSkew: 1, topologyKey })) } },
    { spec: { replicationZones: ["zone", "zone"].map((topologyKey) => ({ maxSkew: 1, topologyKey })) } },
    'spec.replicationZones[1].topologyKey: Duplicate value: "zone"',
  ],
  [
    "Jaeger ingress needs jaegerQuery",
    { spec: jaeger({ enabled: true, ingress: { type: "ingress" } }) },
    { spec: jaeger({ ingress: { type: "ingress" } }) },
    `${jaegerType}: Invalid value: "ingress": ingress needs jaegerQuery: set spec.template.queryFrontend.jaegerQuery.enabled`,
  ],
  [
    "Jaeger route needs jaegerQuery",
    { spec: jaeger({ enabled: true, ingress: { type: "route" } }), gates: route },
    { spec: jaeger({ ingress: { type: "route" } }), gates: route },
    `${jaegerType}: Invalid value: "route": ingress needs jaegerQuery: set spec.template.queryFrontend.jaegerQuery.enabled`,
  ],
  [
    "Jaeger route needs its gate",
    { spec: jaeger({ enabled: true, ingress: { type: "route" } }), gates: route },
    { spec: jaeger({ enabled: true, ingress: { type: "route" } }) },
    `${jaegerType}: Invalid value: "route": ${routeGate}`,
  ],
  [
    "monitor tab needs an endpoint",
    { spec: jaeger({ monitorTab: { enabled: true, prometheusEndpoint: "http://prometheus:9090" } }) },
    { spec: jaeger({ monitorTab: { enabled: true } }) },
    'spec.template.queryFrontend.jaegerQuery.monitorTab.prometheusEndpoint: Invalid value: "": must be set when monitoring is enabled',
  ],
  [
    "no gateway beside a Jaeger ingress",
    { spec: { tenants, template: gateway({}, { queryFrontend: { jaegerQuery: { enabled: true } } }) } },
    {
      spec: {
        tenants,
        template: gateway({}, { queryFrontend: { jaegerQuery: { enabled: true, ingress: { type: "ingress" } } } }),
      },
    },
    "spec.template.gateway.enabled: Invalid value: true: cannot have both a gateway and a Jaeger ingress: use the Jaeger UI through the gateway",
  ],
  [
    "no query RBAC with the Jaeger UI",
    { spec: { tenants, template: gateway({ rbac: { enabled: true } }) } },
    {
      spec: {
        tenants,
        template: gateway({ rbac: { enabled: true } }, { queryFrontend: { jaegerQuery: { enabled: true } } }),
      },
    },
    "spec.template.gateway.enabled: Invalid value: true: the Jaeger UI does not support query RBAC: disable gateway.rbac or jaegerQuery",
  ],
  [
    "a gateway needs tenants",
    { spec: { tenants, template: gateway() } },
    { spec: { template: gateway() } },
    "spec.template.gateway.enabled: Invalid value: true: configure tenants to enable the gateway: set spec.tenants",
  ],
  [
    "gateway route needs its gate",
    { spec: { tenants, template: gateway({ ingress: { type: "route" } }) }, gates: route },
    { spec: { tenants, template: gateway({ ingress: { type: "route" } }) } },
    `spec.template.gateway.ingress.type: Invalid value: "route": ${routeGate}`,
  ],
  [
    "no gateway beside TLS of receivers",
    { spec: { tenants, template: gateway({}, { distributor: { tls: { enabled: false } } }) } },
    { spec: { tenants, template: gateway({}, { distributor: { tls: { enabled: true, certName: "cert" } } }) } },
    "spec.template.gateway.enabled: Invalid value: true: cannot be combined with spec.template.distributor.tls: the gateway ends TLS of what comes in",
  ],
  [
    "openshift mode needs the right to review tokens",
    { spec: { tenants: openshift, template: gateway() }, gates: route, facts: { tokenReview: { isAllowed: true } } },
    {
      spec: { tenants: openshift, template: gateway() },
      gates: route,
      facts: { tokenReview: { isAllowed: false, user: "dave" } },
    },
    'spec.tenants.mode: Invalid value: "openshift": user dave may not create tokenreviews.authentication.k8s.io, which this mode needs: ask for a role that allows it',
  ],
  [
    "ServiceMonitors need their gate",
    { spec: { observability: { metrics: { createServiceMonitors: true } } }, gates: { prometheusOperator: true } },
    { spec: { observability: { metrics: { createServiceMonitors: true } } } },
    "spec.observability.metrics.createServiceMonitors: Invalid value: true: the prometheusOperator feature gate must be enabled to create ServiceMonitors",
  ],
  [
    "PrometheusRules need their gate",
    {
      spec: { observability: { metrics: { createServiceMonitors: true, createPrometheusRules: true } } },
      gates: { prometheusOperator: true },
    },
    { spec: { observability: { metrics: { createPrometheusRules: true } } } },
    "spec.observability.metrics.createPrometheusRules: Invalid value: true: the prometheusOperator feature gate must be enabled to create PrometheusRules",
  ],
  [
    "PrometheusRules need ServiceMonitors",
    {},
    { spec: { observability: { metrics: { createPrometheusRules: true } } }, gates: { prometheusOperator: true } },
    "spec.observability.metrics.createPrometheusRules: Invalid value: true: spec.observability.metrics.createServiceMonitors must be enabled too: the rules read its metrics",
  ],
  [
    "sampling fraction",
    tracing({ sampling_fraction: "0.5", otlp_http_endpoint: "http://collector:4318" }),
    tracing({ sampling_fraction: "half", otlp_http_endpoint: "http://collector:4318" }),
    'spec.observability.tracing.sampling_fraction: Invalid value: "half": must be a number, as in 0.1',
  ],
  [
    "sampling needs an endpoint",
    tracing({ otlp_http_endpoint: "" }),
    tracing({ sampling_fraction: "1.0" }),
    'spec.observability.tracing.otlp_http_endpoint: Invalid value: "": must be a URI when sampling_fraction is set, as in http://collector:4318',
  ],
  [
    "Jaeger agent",
    tracing({ jaeger_agent_endpoint: "[::1]:6831" }),
    tracing({ jaeger_agent_endpoint: "localhost" }),
    'spec.observability.tracing.jaeger_agent_endpoint: Invalid value: "localhost": must be host:port',
  ],
  [
    "data source needs its gate",
    { spec: { observability: { grafana: { createDatasource: true } } }, gates: { grafanaOperator: true } },
    { spec: { observability: { grafana: { createDatasource: true } } } },
    "spec.observability.grafana.createDatasource: Invalid value: true: the grafanaOperator feature gate must be enabled to create a data source",
  ],
  [
    "no data source with the gateway",
    { spec: { tenants, template: gateway(), observability: { grafana: { createDatasource: false } } } },
    {
      spec: { tenants, template: gateway(), observability: { grafana: { createDatasource: true } } },
      gates: { grafanaOperator: true },
    },
    "spec.observability.grafana.createDatasource: Invalid value: true: creating a data source is not supported with the gateway",
  ],
  [
    "deprecated limit",
    { spec: { limits: { global: { query: { maxBytesPerTagValues: 1 } } } } },
    { spec: { limits: { global: { query: { maxSearchBytesPerTrace: 0 } } } } },
    "spec.limits.global.query.maxSearchBytesPerTrace: Invalid value: 0: this field is deprecated and must be unset",
  ],
  [
    "deprecated limit of a tenant",
    { spec: { limits: { perTenant: { a: {} } } } },
    { spec: { limits: { perTenant: { a: { query: { maxSearchBytesPerTrace: 5 } } } } } },
    "spec.limits.perTenant[a].query.maxSearchBytesPerTrace: Invalid value: 5: this field is deprecated and must be unset",
  ],
  [
    "TLS of receivers needs a certificate",
    { spec: { template: { distributor: { tls: { enabled: true, certName: "cert" } } } } },
    { spec: { template: { distributor: { tls: { enabled: true } } } } },
    'spec.template.distributor.tls.cert: Invalid value: "": name of a certificate Secret is needed when TLS is enabled: set certName',
  ],
  [
    "TLS of receivers may use serving certificates",
    {
      spec: { template: { distributor: { tls: { enabled: true } } } },
      gates: { "openshift.servingCertsService": true },
    },
    { spec: { template: { distributor: { tls: { enabled: true } } } } },
    'spec.template.distributor.tls.cert: Invalid value: "": name of a certificate Secret is needed when TLS is enabled: set certName',
  ],
  [
    "metrics generator needs a URL",
    { spec: { template: { metricsGenerator: { enabled: true, remoteWriteURLs: ["http://prometheus"] } } } },
    { spec: { template: { metricsGenerator: { enabled: true } } } },
    "spec.template.metricsGenerator.remoteWriteURLs: Required value: at least one URL is needed when the metrics generator is enabled",
  ],
  [
    "no TempoMonolithic of the same name",
    { facts: { isNameTaken: false } },
    { facts: { isNameTaken: true } },
    'metadata.name: Invalid value: "simplest": cannot create a TempoStack with the name of a TempoMonolithic in the same namespace',
  ],
  [
    "durations",
    { spec: { retention: { perTenant: { a: { traces: "1h30m" } } } } },
    { spec: { retention: { perTenant: { a: { traces: "2d" } } } } },
    'spec.retention.perTenant[a].traces: Invalid value: "2d": invalid duration "2d": write numbers with units, as in 1h30m or 300ms',
  ],
  [
    "quantities",
    { spec: { template: { querier: { resources: { limits: { memory: "1Gi" } } } } } },
    { spec: { template: { querier: { resources: { limits: { memory: "1GB" } } } } } },
    'spec.template.querier.resources.limits[memory]: Invalid value: "1GB": quantity "1GB" is not a number with an optional suffix: write it as in 500m, 1.5Gi or 1e3',
  ],
];

describe("validateStack", () => {
  it.each(rules)("2.3 %s: accepts what keeps the rule", (_, kept) => {
    expect(verdict(kept).errors).toEqual([]);
  });

  it.each(rules)("2.3 %s: refuses what breaks the rule", (_, __, broken, said) => {
    expect(verdict(broken).errors).toEqual([said]);
  });

  it.each<[string, NonNullable<Spec["tenants"]>, boolean, string | undefined]>([
    ["accepts whole static tenants", tenants, true, undefined],
    ["asks static tenants for nothing without the gateway", { mode: "static" }, false, undefined],
    [
      "asks for authentication",
      { mode: "static", authorization },
      true,
      "tenants.authentication is required in static mode",
    ],
    [
      "asks for authorization",
      { mode: "static", authentication: [tenant] },
      true,
      "tenants.authorization is required in static mode",
    ],
    [
      "asks for roles",
      { mode: "static", authentication: [tenant], authorization: { roleBindings: [] } },
      true,
      "tenants.authorization.roles is required in static mode",
    ],
    [
      "asks for role bindings",
      { mode: "static", authentication: [tenant], authorization: { roles: [] } },
      true,
      "tenants.authorization.roleBindings is required in static mode",
    ],
    [
      "asks for oidc of every tenant",
      { mode: "static", authentication: [tenant, { tenantName: "prod", tenantId: "2" }], authorization },
      true,
      "tenants.authentication[1].oidc of tenant prod is required in static mode",
    ],
    ["accepts openshift tenants", openshift, true, undefined],
    ["asks openshift mode for the gateway", openshift, false, "openshift mode requires the gateway: enable it"],
    [
      "forbids authorization in openshift mode",
      { ...openshift, authorization },
      true,
      "tenants.authorization must not be set in openshift mode: remove it",
    ],
    [
      "forbids oidc in openshift mode",
      { mode: "openshift", authentication: [tenant] },
      true,
      "oidc of tenant dev must not be set in openshift mode: remove it",
    ],
  ])("2.3 tenants: %s", (_, given, enabled, said) => {
    const { errors } = verdict({ spec: { tenants: given, template: { gateway: { enabled } } }, gates: route });
    expect(errors).toEqual(said === undefined ? [] : [expect.stringMatching(/^spec\.template\.tenants: .*/)]);
    if (said !== undefined) expect(errors[0]).toContain(said);
  });

  it.each<[string, Case, string]>([
    [
      "an absent storage secret",
      { facts: { storage: { findings: [absence("the secret")] } } },
      "could not fetch the secret",
    ],
    ["extraConfig", { spec: { extraConfig: { tempo: {} } } }, "can break the TempoStack"],
    [
      "a size beside total resources",
      { spec: { size: "1x.demo", resources: { total: {} } } },
      "spec.size takes precedence over spec.resources.total",
    ],
    [
      "jaegerQuery",
      { spec: jaeger({ enabled: true }) },
      "spec.template.queryFrontend.jaegerQuery.enabled is deprecated",
    ],
    [
      "a name that leaves no room for those of Services",
      { name: "a".repeat(33) },
      `the name of Service tempo-${"a".repeat(33)}-query-frontend-discovery would be too long: choose a name of no more than 32 characters`,
    ],
    ["no authentication", { gates: { "openshift.noAuthWarning": true } }, "no authentication or authorization"],
  ])("2.3: warns about %s", (_, given, said) => {
    expect(verdict(given)).toEqual({ errors: [], warnings: [expect.stringContaining(said)] });
  });

  it("2.3: refuses an absent storage secret together with something wrong", () => {
    const findings = [absence("spec.storage.secret.name"), wrong];
    expect(verdict({ facts: { storage: { findings } } }).errors).toHaveLength(2);
  });

  it("2.3: reports findings of all groups, and only the first of each", () => {
    const { errors } = verdict({
      spec: {
        ...jaeger({ ingress: { type: "route" }, monitorTab: { enabled: true } }),
        observability: { metrics: { createServiceMonitors: true }, grafana: { createDatasource: true } },
        replicationFactor: 3,
      },
    });
    expect(errors.map((text) => text.split(": ")[0])).toEqual([
      "spec.ReplicationFactor",
      jaegerType,
      "spec.observability.metrics.createServiceMonitors",
    ]);
  });

  it("2.3: says nothing of a name that just leaves room for those of Services", () => {
    expect(verdict({ name: "a".repeat(32) })).toEqual({ errors: [], warnings: [] });
  });

  it.each([
    ["spec.timeout", { timeout: "" }],
    ["spec.search.maxDuration", { search: { maxDuration: "" } }],
    ["spec.retention.perTenant[a].traces", { retention: { perTenant: { a: { traces: "" } } } }],
    ["spec.template.queryFrontend.jaegerQuery.servicesQueryDuration", jaeger({ servicesQueryDuration: "" })],
  ])("2: refuses %s that is empty: no duration of Go is", (field, spec) => {
    expect(verdict({ spec }).errors).toEqual([expect.stringContaining(`${field}: Invalid value: ""`)]);
  });

  it.each<[string, Spec, readonly string[]]>([
    [
      "replicas below zero",
      {
        template: {
          ingester: { replicas: 5 },
          querier: { replicas: -1 },
          gateway: { enabled: false, component: { replicas: -2 } },
        },
      },
      [
        "querier.replicas: Invalid value: -1: must not be negative",
        "gateway.component.replicas: Invalid value: -2: must not be negative",
      ],
    ],
    [
      "a limit below zero",
      { template: { ingester: { resources: { limits: { cpu: "-1" } } } } },
      ['ingester.resources.limits[cpu]: Invalid value: "-1": must not be negative'],
    ],
    [
      "requests above their limits",
      {
        template: {
          compactor: {
            resources: { requests: { cpu: "1001m", memory: "1Gi", x: "9" }, limits: { cpu: 1, memory: "1024Mi" } },
          },
        },
      },
      ['compactor.resources.requests[cpu]: Invalid value: "1001m": must be no more than the limit, 1'],
    ],
  ])("2: refuses %s, which no API server takes", (_, spec, expected) => {
    expect(verdict({ spec }).errors).toEqual(expected.map((text) => `spec.template.${text}`));
  });

  it("3.14: refuses a zone without a label", () => {
    const replicationZones = [{ maxSkew: 1, topologyKey: "" }];
    expect(verdict({ spec: { replicationZones } }).errors).toEqual([
      "spec.replicationZones[0].topologyKey: Required value: name a label of nodes",
    ]);
  });

  it.each(["constructor", "toString", "__proto__"])("2.3: refuses the size %s", (size) => {
    expect(verdict({ spec: { size: size as "1x.demo" } }).errors).toEqual([expect.stringMatching(/^spec\.size: /)]);
  });

  it("2.3: does not look at an update that only removes the finalizer of a deleted stack", () => {
    const settings = communitySettings;
    const bad = stackOf({ spec: { replicationFactor: 3 } });
    const deleted = { ...bad, metadata: { ...bad.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
    const old = { ...deleted, metadata: { ...deleted.metadata, finalizers: ["tempo.grafana.com/finalizer"] } };
    expect(validateStack({ stack: deleted, old, settings })).toEqual({ errors: [], warnings: [] });
    expect(validateStack({ stack: old, old, settings }).errors).toHaveLength(1);
    const changed = { ...deleted, spec: { ...deleted.spec, replicationFactor: 5 } };
    expect(validateStack({ stack: changed, old, settings }).errors).toHaveLength(1);
  });
});
