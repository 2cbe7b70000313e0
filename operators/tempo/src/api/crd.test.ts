import type { JSONSchemaProps } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { TempoMonolithic } from "./tempo-monolithic.ts";
import { TempoStack } from "./tempo-stack.ts";

/** Parts of a Pod, known by one of their fields: what is below them is core/v1's. */
const podParts: Readonly<Record<string, string>> = {
  claims: "resources",
  fsGroupChangePolicy: "podSecurityContext",
  tolerationSeconds: "toleration",
  valueFrom: "env",
  configMapRef: "envFrom",
  matchLabels: "labelSelector",
  podAntiAffinity: "affinity",
};

function typeOf(node: JSONSchemaProps): string {
  const part = Object.keys(podParts).find((field) => node.properties?.[field] !== undefined);
  if (part !== undefined) return podParts[part]!;
  if (node["x-kubernetes-int-or-string"]) return "quantity";
  if (node["x-kubernetes-preserve-unknown-fields"]) return "any";
  if (node.type === "array") return `[]${typeOf(node.items as JSONSchemaProps)}`;
  if (node.additionalProperties) return `{}${typeOf(node.additionalProperties as JSONSchemaProps)}`;
  return node.enum === undefined ? node.type! : node.enum.join("|");
}

function facts(node: JSONSchemaProps, required: boolean): string {
  return [
    typeOf(node),
    ...(required ? ["required"] : []),
    ...(node.default === undefined ? [] : [`=${JSON.stringify(node.default)}`]),
    ...(node.minLength === undefined ? [] : [`minLength ${node.minLength}`]),
    ...(node.minimum === undefined ? [] : [`min ${node.minimum}`]),
    ...(node.maximum === undefined ? [] : [`max ${node.maximum}`]),
  ].join(" ");
}

/** Every field below `node` that is no plain object, as `path: what it is`; an object is told only where it is required. */
function fieldsOf(node: JSONSchemaProps, path: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const at = path === "" ? name : `${path}.${name}`;
    const line = `${at}: ${facts(child, node.required?.includes(name) === true)}`;
    const inner = innerOf(child);
    const below = inner ? fieldsOf(inner.node, `${at}${inner.suffix}`) : [];
    const isPlain = typeOf(child) === "object" && !node.required?.includes(name);
    return [...(isPlain ? [] : [line]), ...below];
  });
}

function innerOf(node: JSONSchemaProps): { node: JSONSchemaProps; suffix: string } | undefined {
  const inside = (node.items ?? node.additionalProperties ?? node) as JSONSchemaProps;
  if (typeOf(inside) !== "object") return undefined;
  return { node: inside, suffix: node.items ? "[]" : node.additionalProperties ? "{}" : "" };
}

const specOf = (resource: typeof TempoStack | typeof TempoMonolithic) =>
  resource.crd().spec.versions[0]!.schema!.openAPIV3Schema!.properties!["spec"]!;
const statusOf = (resource: typeof TempoStack | typeof TempoMonolithic) =>
  resource.crd().spec.versions[0]!.schema!.openAPIV3Schema!.properties!["status"]!;

const component = (at: string) => [
  `${at}.replicas: integer`,
  `${at}.nodeSelector: {}string`,
  `${at}.tolerations: []toleration`,
  `${at}.resources: resources`,
  `${at}.podSecurityContext: podSecurityContext`,
];
const tls = (at: string) => [
  `${at}.enabled: boolean`,
  `${at}.caName: string`,
  `${at}.certName: string`,
  `${at}.minVersion: string`,
  `${at}.cipherSuites: []string`,
];
const ingress = (at: string) => [
  `${at}.type: ingress|route|none|`,
  `${at}.annotations: {}string`,
  `${at}.host: string`,
  `${at}.ingressClassName: string`,
  `${at}.route.termination: insecure|edge|passthrough|reencrypt`,
];
const limits = (at: string) => [
  `${at}.ingestion.ingestionBurstSizeBytes: integer`,
  `${at}.ingestion.ingestionRateLimitBytes: integer`,
  `${at}.ingestion.maxBytesPerTrace: integer`,
  `${at}.ingestion.maxTracesPerUser: integer`,
  `${at}.query.maxBytesPerTagValues: integer`,
  `${at}.query.maxSearchDuration: string`,
  `${at}.query.maxSearchBytesPerTrace: integer`,
];
const tenants = (at: string) => [
  `${at}.mode: static|openshift ="static"`,
  `${at}.authentication: []object`,
  `${at}.authentication[].tenantName: string required`,
  `${at}.authentication[].tenantId: string required`,
  `${at}.authentication[].oidc.secret.name: string`,
  `${at}.authentication[].oidc.issuerURL: string`,
  `${at}.authentication[].oidc.redirectURL: string`,
  `${at}.authentication[].oidc.groupClaim: string`,
  `${at}.authentication[].oidc.usernameClaim: string`,
  `${at}.authorization.roles: []object`,
  `${at}.authorization.roles[].name: string required`,
  `${at}.authorization.roles[].resources: []string required`,
  `${at}.authorization.roles[].tenants: []string required`,
  `${at}.authorization.roles[].permissions: []read|write required`,
  `${at}.authorization.roleBindings: []object`,
  `${at}.authorization.roleBindings[].name: string required`,
  `${at}.authorization.roleBindings[].subjects: []object required`,
  `${at}.authorization.roleBindings[].subjects[].name: string required`,
  `${at}.authorization.roleBindings[].subjects[].kind: user|group required`,
  `${at}.authorization.roleBindings[].roles: []string required`,
];
const authentication = (at: string) => [`${at}.enabled: boolean`, `${at}.sar: string`, `${at}.resources: resources`];
const reconciliation = [
  "reconciliation.interval: string",
  "reconciliation.retryBackoff: exponential|linear|constant",
  "reconciliation.maxRetries: integer min 0",
];

const stackFields = [
  'managementState: Managed|Unmanaged ="Managed"',
  "size: 1x.demo|1x.pico|1x.extra-small|1x.small|1x.medium",
  "timeout: string",
  "serviceAccount: string",
  "resources.total: resources",
  ...["tempo", "tempoQuery", "jaegerQuery", "tempoGateway", "tempoGatewayOpa", "oauthProxy"].map(
    (name) => `images.${name}: string`,
  ),
  "env: []env",
  "envFrom: []envFrom",
  "extraConfig.tempo: any",
  "networkPolicy.enabled: boolean =true",
  // Ours.
  "networkPolicy.metricsNamespaceSelector: labelSelector",
  "storage: object required",
  "storage.secret: object required",
  "storage.secret.name: string required minLength 1",
  "storage.secret.type: azure|gcs|s3 required",
  "storage.secret.credentialMode: static|token|token-cco",
  ...tls("storage.tls"),
  'storageSize: quantity ="10Gi"',
  "storageClassName: string",
  "retention.global.traces: string",
  "retention.perTenant: {}object",
  "retention.perTenant{}.traces: string",
  ...limits("limits.global"),
  "limits.perTenant: {}object",
  ...limits("limits.perTenant{}"),
  "search.defaultResultLimit: integer",
  "search.maxDuration: string",
  "search.maxResultLimit: integer",
  "hashRing.memberlist.enableIPv6: boolean",
  "hashRing.memberlist.instanceAddrType: default|podIP",
  "replicationFactor: integer",
  "replicationZones: []object",
  "replicationZones[].maxSkew: integer =1 min 1 max 2147483647",
  "replicationZones[].topologyKey: string required",
  ...tenants("tenants"),
  ...component("template.distributor.component"),
  ...tls("template.distributor.tls"),
  ...component("template.ingester"),
  ...component("template.compactor"),
  ...component("template.querier"),
  ...component("template.queryFrontend.component"),
  "template.queryFrontend.mcpServer.enabled: boolean",
  "template.queryFrontend.jaegerQuery.enabled: boolean",
  ...ingress("template.queryFrontend.jaegerQuery.ingress"),
  "template.queryFrontend.jaegerQuery.monitorTab.enabled: boolean",
  "template.queryFrontend.jaegerQuery.monitorTab.prometheusEndpoint: string",
  "template.queryFrontend.jaegerQuery.monitorTab.redMetricsNamespace: string",
  "template.queryFrontend.jaegerQuery.resources: resources",
  "template.queryFrontend.jaegerQuery.tempoQuery.resources: resources",
  "template.queryFrontend.jaegerQuery.servicesQueryDuration: string",
  "template.queryFrontend.jaegerQuery.findTracesConcurrentRequests: integer",
  ...authentication("template.queryFrontend.jaegerQuery.authentication"),
  "template.gateway.enabled: boolean required",
  ...component("template.gateway.component"),
  ...ingress("template.gateway.ingress"),
  "template.gateway.rbac.enabled: boolean",
  "template.metricsGenerator.enabled: boolean",
  ...component("template.metricsGenerator.component"),
  "template.metricsGenerator.remoteWriteURLs: []string",
  "template.metricsGenerator.processors: []string",
  "observability.metrics.createServiceMonitors: boolean",
  "observability.metrics.extraServiceMonitorLabels: {}string",
  "observability.metrics.createPrometheusRules: boolean",
  "observability.metrics.extraPrometheusRuleLabels: {}string",
  "observability.tracing.sampling_fraction: string",
  "observability.tracing.otlp_http_endpoint: string",
  'observability.tracing.jaeger_agent_endpoint: string ="localhost:6831"',
  "observability.grafana.createDatasource: boolean",
  "observability.grafana.instanceSelector: labelSelector",
  ...reconciliation,
];

const monolithicFields = [
  "management: Managed|Unmanaged",
  'storage.traces.backend: memory|pv|azure|gcs|s3 ="memory"',
  "storage.traces.size: quantity",
  "storage.traces.storageClassName: string",
  "storage.traces.s3.secret: string required minLength 1",
  ...tls("storage.traces.s3.tls"),
  "storage.traces.s3.credentialMode: static|token|token-cco",
  "storage.traces.azure.secret: string required minLength 1",
  "storage.traces.gcs.secret: string required minLength 1",
  "ingestion.otlp.grpc.enabled: boolean =true",
  ...tls("ingestion.otlp.grpc.tls"),
  "ingestion.otlp.http.enabled: boolean =true",
  ...tls("ingestion.otlp.http.tls"),
  "jaegerui.enabled: boolean required",
  "jaegerui.ingress.enabled: boolean required",
  "jaegerui.ingress.annotations: {}string",
  "jaegerui.ingress.host: string",
  "jaegerui.ingress.ingressClassName: string",
  "jaegerui.route.enabled: boolean required",
  "jaegerui.route.annotations: {}string",
  "jaegerui.route.host: string",
  "jaegerui.route.termination: insecure|edge|passthrough|reencrypt",
  ...authentication("jaegerui.authentication"),
  "jaegerui.resources: resources",
  "jaegerui.tempoQueryResources: resources",
  "jaegerui.servicesQueryDuration: string",
  "jaegerui.findTracesConcurrentRequests: integer",
  "multitenancy.enabled: boolean required",
  ...tenants("multitenancy"),
  "multitenancy.resources: resources",
  "query.rbac.enabled: boolean",
  "query.mcpServer.enabled: boolean",
  "observability.metrics.serviceMonitors.enabled: boolean required",
  "observability.metrics.serviceMonitors.extraLabels: {}string",
  "observability.metrics.prometheusRules.enabled: boolean required",
  "observability.metrics.prometheusRules.extraLabels: {}string",
  "observability.grafana.dataSource.enabled: boolean required",
  "observability.grafana.dataSource.instanceSelector: labelSelector",
  "resources: resources",
  "podSecurityContext: podSecurityContext",
  "timeout: string",
  "serviceAccount: string",
  "extraConfig.tempo: any",
  "env: []env",
  "envFrom: []envFrom",
  "nodeSelector: {}string",
  "tolerations: []toleration",
  "affinity: affinity",
  ...reconciliation,
];

const versions = ["operatorVersion: string", "tempoVersion: string", "observedGeneration: integer"];
const conditionFields = [
  "conditions: []object",
  "conditions[].type: string required",
  "conditions[].status: True|False|Unknown required",
  "conditions[].observedGeneration: integer min 0",
  "conditions[].lastTransitionTime: string required",
  "conditions[].reason: string required minLength 1",
  "conditions[].message: string required",
];

describe("the CRDs", () => {
  it.each([
    { section: "2.1", kind: "TempoStack", resource: TempoStack, fields: stackFields },
    { section: "2.5", kind: "TempoMonolithic", resource: TempoMonolithic, fields: monolithicFields },
  ])("$section: $kind has every field of its spec and no other", ({ resource, fields }) => {
    expect(fieldsOf(specOf(resource as typeof TempoStack), "").toSorted()).toEqual(fields.toSorted());
  });

  it.each([
    {
      section: "2.4",
      kind: "TempoStack",
      resource: TempoStack,
      fields: [
        "tempoQueryVersion: string",
        ...["compactor", "distributor", "ingester", "querier", "queryFrontend", "gateway", "metricsGenerator"].map(
          (name) => `components.${name}: {}[]string`,
        ),
      ],
    },
    { section: "2.6", kind: "TempoMonolithic", resource: TempoMonolithic, fields: ["components.tempo: {}[]string"] },
  ])("$section: $kind has every field of its status and no other", ({ resource, fields }) => {
    const expected = [...versions, "componentImages: {}string", ...conditionFields, ...fields];
    expect(fieldsOf(statusOf(resource as typeof TempoStack), "").toSorted()).toEqual(expected.toSorted());
  });

  it("1.3: carry the names and columns that kubectl shows", () => {
    const ready = '.status.conditions[?(@.type=="Ready")].status';
    const stack = TempoStack.crd();
    expect(stack.spec).toMatchObject({
      group: "tempo.grafana.com",
      scope: "Namespaced",
      names: { plural: "tempostacks", singular: "tempostack", shortNames: ["tempo", "tempos"] },
    });
    expect(stack.spec.versions).toHaveLength(1);
    expect(stack.spec.versions[0]).toMatchObject({ name: "v1alpha1", served: true, storage: true });
    expect(stack.spec.versions[0]!.subresources).toEqual({ status: {} });
    expect(stack.spec.versions[0]!.additionalPrinterColumns).toEqual([
      { name: "Management", type: "string", jsonPath: ".spec.managementState" },
      { name: "Tempo Version", type: "string", jsonPath: ".status.tempoVersion" },
      { name: "Ready", type: "string", jsonPath: ready },
      { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
      { name: "Reason", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].reason', priority: 1 },
      { name: "Message", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
    ]);
    const monolithic = TempoMonolithic.crd();
    expect(monolithic.spec.names).toMatchObject({ plural: "tempomonolithics", kind: "TempoMonolithic" });
    expect(monolithic.spec.names.shortNames).toBeUndefined();
    expect(monolithic.spec.versions[0]!.additionalPrinterColumns!.map(({ name }) => name)).toEqual([
      "Tempo Version",
      "Ready",
      "Age",
      "Reason",
      "Message",
    ]);
  });

  it("2.1: keep whatever stands under extraConfig.tempo", () => {
    const spec = { storage: { secret: { name: "minio", type: "s3" } }, extraConfig: { tempo: { a: [{ b: null }] } } };
    expect(TempoStack.parse({ metadata: { name: "simplest" }, spec }).spec.extraConfig).toEqual(spec.extraConfig);
  });

  it("2.1: refuse a stack without storage, and an unknown storage type, with the path of the field", () => {
    expect(() => TempoStack.parse({ metadata: { name: "simplest" }, spec: {} })).toThrow("spec.storage");
    const spec = { storage: { secret: { name: "minio", type: "swift" } } };
    expect(() => TempoStack.parse({ metadata: { name: "simplest" }, spec })).toThrow("spec.storage.secret.type");
  });
});
