import { describe, expect, it } from "vitest";
import type { TempoMonolithicSpec } from "../api/tempo-monolithic.ts";
import { defaultGates, type FeatureGates } from "../settings/feature-gates.ts";
import { communitySettings } from "../settings/operator-settings.ts";
import { monolithicStorageRequest } from "../storage/resolve.ts";
import type { ClusterFacts } from "./facts.ts";
import { validateMonolithic } from "./validate-monolithic.ts";

interface Case {
  readonly name?: string;
  readonly spec?: TempoMonolithicSpec;
  readonly gates?: Partial<FeatureGates>;
  readonly facts?: ClusterFacts;
}

function verdict({ name = "sample", spec = {}, gates, facts }: Case) {
  const settings = { ...communitySettings, gates: { ...defaultGates, ...gates } };
  const monolithic = { metadata: { name, namespace: "shop" }, spec };
  const { errors, warnings } = validateMonolithic({ monolithic, settings, ...(facts ? { facts } : {}) });
  return { errors: errors.map(({ field, message }) => `${field}: ${message}`), warnings };
}

const tenant = { tenantName: "dev", tenantId: "1" };
const multitenancy = {
  enabled: true,
  mode: "static",
  authentication: [{ ...tenant, oidc: {} }],
  authorization: { roles: [], roleBindings: [] },
} as const;
const openshift = { enabled: true, mode: "openshift", authentication: [tenant] } as const;
const monitors = { serviceMonitors: { enabled: true } };
const withoutBlock: TempoMonolithicSpec = { storage: { traces: { backend: "s3" } } };

const rules: readonly (readonly [string, Case, Case, string])[] = [
  [
    "name length",
    { name: "a".repeat(63) },
    { name: "a".repeat(64) },
    `metadata.name: Invalid value: "${"a".repeat(64)}": must be no more than 63 characters`,
  ],
  [
    "storage block",
    { spec: { storage: { traces: { backend: "pv" } } } },
    {
      spec: withoutBlock,
      facts: { storage: monolithicStorageRequest(withoutBlock) as ClusterFacts["storage"] & object },
    },
    'spec.storage.traces.s3: Invalid value: "": please specify a storage secret',
  ],
  [
    "ingress needs jaegerui",
    { spec: { jaegerui: { enabled: true, ingress: { enabled: true } } } },
    { spec: { jaegerui: { enabled: false, ingress: { enabled: true } } } },
    "spec.jaegerui.ingress.enabled: Invalid value: true: ingress needs jaegerui: set spec.jaegerui.enabled",
  ],
  [
    "route needs jaegerui",
    { spec: { jaegerui: { enabled: false, route: { enabled: false } } } },
    { spec: { jaegerui: { enabled: false, route: { enabled: true } } }, gates: { "openshift.route": true } },
    "spec.jaegerui.route.enabled: Invalid value: true: route needs jaegerui: set spec.jaegerui.enabled",
  ],
  [
    "route needs its gate",
    { spec: { jaegerui: { enabled: true, route: { enabled: true } } }, gates: { "openshift.route": true } },
    { spec: { jaegerui: { enabled: true, route: { enabled: true } } } },
    "spec.jaegerui.route.enabled: Invalid value: true: enable the openshiftRoute feature gate (openshift.route) to use routes",
  ],
  [
    "no query RBAC with the Jaeger UI",
    { spec: { multitenancy, query: { rbac: { enabled: true } } } },
    { spec: { multitenancy, query: { rbac: { enabled: true } }, jaegerui: { enabled: true } } },
    "spec.rbac.enabled: Invalid value: true: the Jaeger UI does not support query RBAC: disable one of them",
  ],
  [
    "query RBAC needs tenants",
    { spec: { query: { rbac: { enabled: false } } } },
    { spec: { query: { rbac: { enabled: true } } } },
    "spec.rbac.enabled: Invalid value: true: RBAC can only be enabled with multi-tenancy: set spec.multitenancy.enabled",
  ],
  [
    "openshift mode needs the right to review tokens",
    { spec: { multitenancy: openshift }, facts: { tokenReview: { isAllowed: true } } },
    { spec: { multitenancy: openshift }, facts: { tokenReview: { isAllowed: false, user: "dave" } } },
    'spec.multitenancy.mode: Invalid value: "openshift": user dave may not create tokenreviews.authentication.k8s.io, which this mode needs: ask for a role that allows it',
  ],
  [
    "tenants",
    { spec: { multitenancy } },
    { spec: { multitenancy: { enabled: true, mode: "static", authentication: [tenant] } } },
    "spec.multitenancy.enabled: Invalid value: true: tenants.authorization is required in static mode",
  ],
  [
    "ServiceMonitors need their gate",
    { spec: { observability: { metrics: monitors } }, gates: { prometheusOperator: true } },
    { spec: { observability: { metrics: monitors } } },
    "spec.observability.metrics.serviceMonitors.enabled: Invalid value: true: the prometheusOperator feature gate must be enabled to create ServiceMonitors",
  ],
  [
    "PrometheusRules need their gate",
    { spec: { observability: { metrics: { prometheusRules: { enabled: false } } } } },
    { spec: { observability: { metrics: { prometheusRules: { enabled: true } } } } },
    "spec.observability.metrics.prometheusRules.enabled: Invalid value: true: the prometheusOperator feature gate must be enabled to create PrometheusRules",
  ],
  [
    "PrometheusRules need ServiceMonitors",
    {
      spec: { observability: { metrics: { ...monitors, prometheusRules: { enabled: true } } } },
      gates: { prometheusOperator: true },
    },
    {
      spec: { observability: { metrics: { prometheusRules: { enabled: true } } } },
      gates: { prometheusOperator: true },
    },
    "spec.observability.metrics.prometheusRules.enabled: Invalid value: true: spec.observability.metrics.serviceMonitors.enabled must be enabled too: the rules read its metrics",
  ],
  [
    "data source needs its gate",
    { spec: { observability: { grafana: { dataSource: { enabled: false } } } } },
    { spec: { observability: { grafana: { dataSource: { enabled: true } } } } },
    "spec.observability.grafana.dataSource.enabled: Invalid value: true: the grafanaOperator feature gate must be enabled to create a data source",
  ],
  [
    "no data source with the gateway",
    {
      spec: { observability: { grafana: { dataSource: { enabled: true } } } },
      gates: { grafanaOperator: true },
    },
    {
      spec: { multitenancy, observability: { grafana: { dataSource: { enabled: true } } } },
      gates: { grafanaOperator: true },
    },
    "spec.observability.grafana.dataSource.enabled: Invalid value: true: creating a data source is not supported with the gateway",
  ],
  [
    "no custom service account in openshift mode",
    { spec: { serviceAccount: "mine", multitenancy } },
    { spec: { serviceAccount: "mine", multitenancy: openshift } },
    'spec.serviceAccount: Invalid value: "mine": a custom service account is not supported in openshift mode',
  ],
  [
    "custom service account",
    { spec: { serviceAccount: "mine" }, facts: { serviceAccount: { found: {} } } },
    { spec: { serviceAccount: "mine" }, facts: { serviceAccount: { error: 'serviceaccounts "mine" not found' } } },
    'spec.serviceAccount: Invalid value: "mine": serviceaccounts "mine" not found',
  ],
  [
    "no TempoStack of the same name",
    { facts: { isNameTaken: false } },
    { facts: { isNameTaken: true } },
    'metadata.name: Invalid value: "sample": cannot create a TempoMonolithic with the name of a TempoStack in the same namespace',
  ],
  [
    "durations",
    { spec: { timeout: "1m" } },
    { spec: { timeout: "1 minute" } },
    'spec.timeout: Invalid value: "1 minute": invalid duration "1 minute": write numbers with units, as in 1h30m or 300ms',
  ],
  [
    "quantities",
    { spec: { storage: { traces: { backend: "pv", size: "20Gi" } } } },
    { spec: { storage: { traces: { backend: "pv", size: "20 GB" } } } },
    'spec.storage.traces.size: Invalid value: "20 GB": quantity "20 GB" is not a number with an optional suffix: write it as in 500m, 1.5Gi or 1e3',
  ],
  [
    "openshift mode needs the gateway",
    { spec: { multitenancy: openshift } },
    { spec: { multitenancy: { enabled: true, mode: "openshift" } } },
    "spec.multitenancy.enabled: Invalid value: true: openshift mode requires the gateway: enable it",
  ],
  [
    "openshift mode has no roles of its own",
    { spec: { multitenancy: openshift } },
    { spec: { multitenancy: { ...openshift, authorization: {} } } },
    "spec.multitenancy.enabled: Invalid value: true: tenants.authorization must not be set in openshift mode: remove it",
  ],
  [
    "openshift mode has no OIDC",
    { spec: { multitenancy: openshift } },
    { spec: { multitenancy: { ...openshift, authentication: [{ ...tenant, oidc: {} }] } } },
    "spec.multitenancy.enabled: Invalid value: true: oidc of tenant dev must not be set in openshift mode: remove it",
  ],
  [
    "static tenants need OIDC",
    { spec: { multitenancy } },
    { spec: { multitenancy: { ...multitenancy, authentication: [tenant] } } },
    "spec.multitenancy.enabled: Invalid value: true: tenants.authentication[0].oidc of tenant dev is required in static mode",
  ],
  [
    "malformed extraConfig",
    { spec: { extraConfig: { tempo: {} } } },
    { spec: { extraConfig: { tempo: [] } } },
    "spec.extraConfig.tempo: Invalid value: []: must be an object with keys of Tempo's configuration",
  ],
];

describe("validateMonolithic", () => {
  it.each(rules)("2.5 %s: accepts what keeps the rule", (_, kept) => {
    expect(verdict(kept).errors).toEqual([]);
  });

  it.each(rules)("2.5 %s: refuses what breaks the rule", (_, __, broken, said) => {
    expect(verdict(broken).errors).toEqual([said]);
  });

  it.each<[string, Case, string]>([
    ["extraConfig", { spec: { extraConfig: { tempo: {} } } }, "can break the TempoMonolithic"],
    ["jaegerui", { spec: { jaegerui: { enabled: true } } }, "spec.jaegerui.enabled is deprecated"],
    [
      "no authentication, even with tenants",
      { spec: { multitenancy: { enabled: true, mode: "static" } }, gates: { "openshift.noAuthWarning": true } },
      "no authentication or authorization",
    ],
  ])("2.5: warns about %s", (_, given, said) => {
    expect(verdict(given)).toEqual({ errors: [], warnings: [expect.stringContaining(said)] });
  });

  it("2.5: lets a storage Secret come later", () => {
    const detail = "could not fetch storage configuration secret";
    const field = "spec.storage.traces.s3.secret";
    const finding = { reason: "FieldValueInvalid", message: detail, field, detail } as const;
    const facts = (isAbsence: boolean): ClusterFacts => ({ storage: { findings: [{ ...finding, isAbsence }] } });
    expect(verdict({ facts: facts(true) })).toEqual({ errors: [], warnings: [detail] });
    expect(verdict({ facts: facts(false) }).errors).toEqual([`${field}: ${detail}`]);
  });

  it("2.5: does not look at an update that only removes the finalizer of a deleted instance", () => {
    const metadata = { name: "sample", namespace: "shop", deletionTimestamp: "2026-01-01T00:00:00Z" };
    const old = { metadata: { ...metadata, finalizers: ["tempo.grafana.com/finalizer"] }, spec: { timeout: "soon" } };
    const review = { settings: communitySettings, old };
    expect(validateMonolithic({ ...review, monolithic: { ...old, metadata } }).errors).toEqual([]);
    expect(validateMonolithic({ ...review, monolithic: old }).errors).toHaveLength(1);
  });

  it("2.5: reports findings of all groups, and only the first of each", () => {
    const { errors } = verdict({
      spec: {
        jaegerui: { enabled: false, ingress: { enabled: true }, route: { enabled: true } },
        query: { rbac: { enabled: true } },
        observability: { metrics: { ...monitors, prometheusRules: { enabled: true } } },
        timeout: "soon",
      },
    });
    expect(errors.map((text) => text.split(": ")[0])).toEqual([
      "spec.jaegerui.ingress.enabled",
      "spec.rbac.enabled",
      "spec.observability.metrics.serviceMonitors.enabled",
      "spec.timeout",
    ]);
  });

  it("2.5: asks static tenants without a gateway for nothing", () => {
    expect(verdict({ spec: { multitenancy: { enabled: true, mode: "static" } } }).errors).toEqual([]);
  });

  it.each<[string, Case, readonly string[]]>([
    [
      "resources",
      { spec: { resources: { limits: { cpu: -1 } } } },
      ['spec.resources.limits[cpu]: Invalid value: "-1"'],
    ],
    [
      "requests above limits",
      { spec: { jaegerui: { enabled: false, resources: { requests: { memory: "2" }, limits: { memory: "1" } } } } },
      ['spec.jaegerui.resources.requests[memory]: Invalid value: "2": must be no more than the limit, 1'],
    ],
    ["memory", { spec: { storage: { traces: { backend: "memory", size: "-1" } } } }, ["spec.storage.traces.size: "]],
    ["a claim", { spec: { storage: { traces: { backend: "pv", size: "0" } } } }, ["spec.storage.traces.size: "]],
    ["memory without limit", { spec: { storage: { traces: { backend: "memory", size: "0" } } } }, []],
  ])("2.5: refuses amounts that no API server takes: %s", (_, given, expected) => {
    expect(verdict(given).errors).toEqual(expected.map((text) => expect.stringContaining(text)));
  });

  it("2.5: warns of a name that leaves no room for that of the StatefulSet", () => {
    const name = "a".repeat(47);
    const problem = `the name of StatefulSet tempo-${name} would be too long: choose a name of no more than 46 characters`;
    expect(verdict({ name })).toEqual({ errors: [], warnings: [`metadata.name: ${problem}`] });
    expect(verdict({ name: name.slice(1) })).toEqual({ errors: [], warnings: [] });
  });
});
