import type { JSONSchemaProps, KubeObject } from "@homeostat/api";
import { isChild } from "@homeostat/runtime";
import { describe, expect, it } from "vitest";
import { TempoMonolithic, type TempoMonolithicSpec } from "../../api/tempo-monolithic.ts";
import { defaultGates } from "../../settings/feature-gates.ts";
import { communitySettings } from "../../settings/operator-settings.ts";
import type { StorageParams } from "../../storage/params.ts";
import { monolithicStorageRequest, resolveStorage } from "../../storage/resolve.ts";
import { monolithicInput } from "../input.test-support.ts";
import { monolithicObjects } from "./monolithic.ts";
import { oidcTenants, withJaeger } from "./rendered.test-support.ts";

const settings = {
  ...communitySettings,
  roleArn: "arn:role",
  gates: { ...defaultGates, "openshift.route": true, prometheusOperator: true, grafanaOperator: true },
};

/** From the spec alone to objects, through what the operator looks up. */
function objectsOf(spec: TempoMonolithicSpec): readonly KubeObject[] {
  const storage = storageOf(spec);
  const objects = monolithicObjects(monolithicInput(spec, { settings, storage }));
  return objects.map((made) => (isChild(made) ? made.object : made));
}

/** A Secret's, for every store and mode. */
const keys = {
  ...{ bucket: "b", endpoint: "http://minio:9000", access_key_id: "i", access_key_secret: "s", region: "eu" },
  ...{ container: "c", account_name: "a", account_key: "k" },
  ...{ bucketname: "b", "key.json": "{}" },
};
const base64 = (text: string): string => Buffer.from(text).toString("base64");

function storageOf(spec: TempoMonolithicSpec): StorageParams {
  const asked = monolithicStorageRequest(spec);
  if ("params" in asked) return asked.params;
  if ("findings" in asked) throw new Error(JSON.stringify(asked.findings));
  const found = { data: Object.fromEntries(Object.entries(keys).map(([key, text]) => [key, base64(text)])) };
  const caConfigMap = { found: { data: { "ca.crt": "CA" } } };
  const resolved = resolveStorage(asked.request, { secret: { found }, caConfigMap }, settings);
  if ("findings" in resolved) throw new Error(JSON.stringify(resolved.findings));
  return resolved.params;
}

interface Group {
  /** What the fields are set in. */
  readonly base: TempoMonolithicSpec;
  /** Path → another value. Lists of objects have one entry, `[]`. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const memory = { limits: { memory: "1Gi" } };
const s3 = (more: object = {}): TempoMonolithicSpec => ({
  storage: { traces: { backend: "s3", s3: { secret: "bucket", credentialMode: "static", ...more } } },
});
const certificate = { enabled: true, tls: { enabled: true, certName: "cert" } } as const;
const tlsFields = (path: string) => ({
  [`${path}.tls.enabled`]: false,
  [`${path}.tls.caName`]: "other-ca",
  [`${path}.tls.certName`]: "other-cert",
  [`${path}.tls.minVersion`]: "1.2",
  [`${path}.tls.cipherSuites`]: ["SUITE"],
});
const authentication = "multitenancy.authentication[]";
const authorization = "multitenancy.authorization";

const groups: Readonly<Record<string, Group>> = {
  "nothing said": {
    base: {},
    fields: {
      "storage.traces.backend": "pv",
      "storage.traces.size": "1Gi",
      "ingestion.otlp.grpc.enabled": false,
      "ingestion.otlp.http.enabled": false,
      "jaegerui.enabled": true,
      "multitenancy.enabled": true,
      "query.mcpServer.enabled": true,
      "observability.metrics.serviceMonitors.enabled": true,
      "observability.metrics.prometheusRules.enabled": true,
      "observability.grafana.dataSource.enabled": true,
      resources: memory,
      podSecurityContext: { runAsUser: 7 },
      timeout: "1m",
      serviceAccount: "mine",
      "extraConfig.tempo": { a: 1 },
      env: [{ name: "A", value: "1" }],
      envFrom: [{ secretRef: { name: "more" } }],
      nodeSelector: { disk: "ssd" },
      tolerations: [{ operator: "Exists" }],
      affinity: {},
    },
  },
  "a volume": {
    base: { storage: { traces: { backend: "pv" } } },
    fields: { "storage.traces.storageClassName": "ssd" },
  },
  S3: {
    base: s3(),
    fields: { "storage.traces.s3.secret": "other", "storage.traces.s3.credentialMode": "token-cco" },
  },
  "S3 over TLS": { base: s3({ tls: { enabled: true, caName: "ca" } }), fields: tlsFields("storage.traces.s3") },
  Azure: {
    base: { storage: { traces: { backend: "azure", azure: { secret: "bucket" } } } },
    fields: { "storage.traces.azure.secret": "other" },
  },
  GCS: {
    base: { storage: { traces: { backend: "gcs", gcs: { secret: "bucket" } } } },
    fields: { "storage.traces.gcs.secret": "other" },
  },
  "receivers with TLS": {
    base: { ingestion: { otlp: { grpc: certificate, http: certificate } } },
    fields: { ...tlsFields("ingestion.otlp.grpc"), ...tlsFields("ingestion.otlp.http") },
  },
  "the Jaeger UI": {
    base: withJaeger({ ingress: { enabled: true }, route: { enabled: true } }),
    fields: {
      "jaegerui.ingress.enabled": false,
      "jaegerui.ingress.annotations": { a: "b" },
      "jaegerui.ingress.host": "ui.example",
      "jaegerui.ingress.ingressClassName": "nginx",
      "jaegerui.route.enabled": false,
      "jaegerui.route.annotations": { a: "b" },
      "jaegerui.route.host": "ui.example",
      "jaegerui.route.termination": "passthrough",
      "jaegerui.authentication.enabled": true,
      "jaegerui.resources": memory,
      "jaegerui.tempoQueryResources": memory,
      "jaegerui.servicesQueryDuration": "1h",
      "jaegerui.findTracesConcurrentRequests": 7,
    },
  },
  "a login before it": {
    base: withJaeger({ route: { enabled: true }, authentication: { enabled: true } }),
    fields: { "jaegerui.authentication.sar": "{}", "jaegerui.authentication.resources": memory },
  },
  "the gateway": {
    base: oidcTenants,
    fields: {
      "multitenancy.mode": "openshift",
      "multitenancy.resources": memory,
      "query.rbac.enabled": true,
      [`${authentication}.tenantName`]: "prod",
      [`${authentication}.tenantId`]: "id-9",
      [`${authentication}.oidc.issuerURL`]: "https://other.example",
      [`${authentication}.oidc.redirectURL`]: "https://other.example",
      [`${authentication}.oidc.groupClaim`]: "other",
      [`${authentication}.oidc.usernameClaim`]: "other",
      [`${authorization}.roles[].name`]: "other",
      [`${authorization}.roles[].resources`]: ["logs"],
      [`${authorization}.roles[].tenants`]: ["prod"],
      [`${authorization}.roles[].permissions`]: ["read"],
      [`${authorization}.roleBindings[].name`]: "other",
      [`${authorization}.roleBindings[].subjects[].name`]: "other",
      [`${authorization}.roleBindings[].subjects[].kind`]: "user",
      [`${authorization}.roleBindings[].roles`]: ["other"],
    },
  },
  "what watches it": {
    base: {
      observability: {
        metrics: { serviceMonitors: { enabled: true }, prometheusRules: { enabled: true } },
        grafana: { dataSource: { enabled: true } },
      },
    },
    fields: {
      "observability.metrics.serviceMonitors.extraLabels": { a: "b" },
      "observability.metrics.prometheusRules.extraLabels": { a: "b" },
      "observability.grafana.dataSource.instanceSelector": { matchLabels: { a: "b" } },
    },
  },
};

/** Fields that are no matter of objects, and whose they are. */
const elsewhere = {
  management: "of reconciliation",
  "reconciliation.interval": "of reconciliation",
  "reconciliation.retryBackoff": "of reconciliation",
  "reconciliation.maxRetries": "of reconciliation",
  [`${authentication}.oidc.secret.name`]: "of looking up: rendering is given what the Secret says",
};

/** The spec with the field at `path` set. */
function set(spec: TempoMonolithicSpec, path: string, value: unknown): TempoMonolithicSpec {
  const copy = structuredClone(spec) as unknown;
  const keys = path.replaceAll("[]", ".0").split(".");
  let at = copy as Record<string, unknown>;
  for (const key of keys.slice(0, -1)) at = (at[key] ??= {}) as Record<string, unknown>;
  at[keys.at(-1)!] = value;
  return copy as TempoMonolithicSpec;
}

describe("every field of a TempoMonolithic", () => {
  const cases = Object.entries(groups).flatMap(([group, { base, fields }]) =>
    Object.entries(fields).map(([path, value]) => [path, group, base, value] as const),
  );

  it.each(cases)("2.5 %s: changes the objects (%s)", (path, _, base, value) => {
    expect(objectsOf(set(base, path, value))).not.toEqual(objectsOf(base));
  });

  it.each(Object.entries(elsewhere))("2.5 %s: does not: it is %s", (path) => {
    expect(objectsOf(set(oidcTenants, path, "Unmanaged"))).toEqual(objectsOf(oidcTenants));
  });

  it("2.5: is among these", () => {
    const told = [...cases.map(([path]) => path), ...Object.keys(elsewhere)];
    expect([...new Set(told)].sort()).toEqual(leavesOf(specSchema(), "").sort());
  });
});

const specSchema = (): JSONSchemaProps =>
  TempoMonolithic.crd().spec.versions[0]!.schema!.openAPIV3Schema!.properties!["spec"]!;

/** Fields by which a part of Kubernetes' own API is known: what is below is not ours. */
const foreign = [
  "claims",
  "fsGroup",
  "tolerationSeconds",
  "valueFrom",
  "configMapRef",
  "matchLabels",
  "podAntiAffinity",
];

/** Paths of all fields that hold no fields of ours. */
function leavesOf(node: JSONSchemaProps, path: string): string[] {
  const inner = node.type === "array" ? (node.items as JSONSchemaProps) : node;
  const { properties } = inner;
  if (properties === undefined || foreign.some((field) => field in properties)) return [path];
  const prefix = node.type === "array" ? `${path}[].` : path && `${path}.`;
  return Object.entries(properties).flatMap(([name, child]) => leavesOf(child, `${prefix}${name}`));
}
