import type { ConfigMap, Ingress, Service, ServiceAccount } from "@homeostat/api";
import { isChild } from "@homeostat/runtime";
import { describe, expect, it } from "vitest";
import type { Route, ServiceMonitor } from "../../platform/kinds.ts";
import { monolithicInput } from "../input.test-support.ts";
import { monolithicObjects } from "./monolithic.ts";
import {
  bucket,
  type Given,
  idsOf,
  oidcTenants,
  openshiftTenants,
  rendered,
  s3,
  tempoYamlOf,
  withJaeger,
} from "./rendered.test-support.ts";

const always = [
  "ConfigMap/tempo-single-config",
  "ServiceAccount/tempo-single",
  "StatefulSet/tempo-single",
  "Service/tempo-single",
];
const without = (...ids: string[]) => always.filter((id) => !ids.includes(id));
const behindGateway = [
  ...without("Service/tempo-single"),
  "ConfigMap/tempo-single-gateway",
  "Secret/tempo-single-gateway",
  "Service/tempo-single-gateway",
];
const routes = { "openshift.route": true } as const;
const serving = { "openshift.servingCertsService": true } as const;
const labelsOf = (component: string) => ({
  "app.kubernetes.io/name": "tempo-monolithic",
  "app.kubernetes.io/instance": "single",
  "app.kubernetes.io/managed-by": "tempo-operator",
  "app.kubernetes.io/component": component,
});

describe("which objects exist", () => {
  it.each<[string, Given, readonly string[]]>([
    ["nothing is said", [], always],
    ["serviceAccount is the user's", [{ serviceAccount: "mine" }], without("ServiceAccount/tempo-single")],
    ["jaegerui is on", [withJaeger()], [...always, "Service/tempo-single-jaegerui"]],
    [
      "jaegerui has an ingress",
      [withJaeger({ ingress: { enabled: true } })],
      [...always, "Service/tempo-single-jaegerui", "Ingress/tempo-single-jaegerui"],
    ],
    [
      "the ingress of jaegerui is off",
      [withJaeger({ ingress: { enabled: false } })],
      [...always, "Service/tempo-single-jaegerui"],
    ],
    [
      "jaegerui has a route",
      [withJaeger({ route: { enabled: true } }), { gates: routes }],
      [...always, "Service/tempo-single-jaegerui", "Route/tempo-single-jaegerui"],
    ],
    ["jaegerui is off and its ingress on", [{ jaegerui: { enabled: false, ingress: { enabled: true } } }], always],
    ["tenants are kept apart without authentication", [{ multitenancy: { enabled: true, mode: "static" } }], always],
    ["tenants authenticate", [oidcTenants], behindGateway],
    ["multitenancy is off", [{ multitenancy: { ...oidcTenants.multitenancy, enabled: false } }], always],
    [
      "tenants are OpenShift's",
      [openshiftTenants],
      [...behindGateway, "ClusterRole/tempo-single-gateway-shop", "ClusterRoleBinding/tempo-single-gateway-shop"],
    ],
    [
      "jaegerui is behind the gateway",
      [{ ...oidcTenants, ...withJaeger({ ingress: { enabled: true } }) }],
      [...behindGateway, "Ingress/tempo-single-jaegerui"],
    ],
    ["OpenShift issues certificates", [{}, { gates: serving }], [...always, "ConfigMap/tempo-single-serving-cabundle"]],
    [
      "credentials come from OpenShift",
      [bucket("s3"), { storage: { ...s3, mode: "token-cco", region: "eu" }, settings: { roleArn: "arn:role" } }],
      [...always, "CredentialsRequest/single"],
    ],
    [
      "metrics and a data source are wanted",
      [
        {
          observability: {
            metrics: { serviceMonitors: { enabled: true }, prometheusRules: { enabled: true } },
            grafana: { dataSource: { enabled: true } },
          },
        },
      ],
      [...always, "ServiceMonitor/tempo-single", "PrometheusRule/single-prometheus-rule", "GrafanaDatasource/single"],
    ],
    [
      "metrics and a data source are not wanted",
      [
        {
          observability: {
            metrics: { serviceMonitors: { enabled: false }, prometheusRules: { enabled: false } },
            grafana: { dataSource: { enabled: false } },
          },
        },
      ],
      always,
    ],
    [
      "the operator issues certificates",
      [
        {},
        {
          more: {
            certificates: { hash: "h", objects: [{ kind: "Secret", metadata: { name: "tempo-single-signing-ca" } }] },
          },
        },
      ],
      [...always, "Secret/tempo-single-signing-ca"],
    ],
  ])("3.15: are these where %s", (_, given, expected) => {
    expect([...idsOf(...given)].sort()).toEqual([...expected].sort());
  });

  it("3.15: come in the order of use: what the pod reads, the pod, the ways to it", () => {
    const ids = idsOf({ ...openshiftTenants, ...withJaeger({ ingress: { enabled: true } }) });
    const kinds = ids.map((id) => id.split("/")[0]);
    expect(kinds).toEqual([
      "ConfigMap",
      "ServiceAccount",
      "ConfigMap",
      "Secret",
      "ClusterRole",
      "ClusterRoleBinding",
      "StatefulSet",
      "Service",
      "Ingress",
    ]);
  });

  it("6.5: makes the StatefulSet anew where its claim changes", () => {
    const children = monolithicObjects(monolithicInput()).filter(isChild);
    expect(children.map(({ object, immutable }) => [object.kind, immutable])).toEqual([["StatefulSet", "recreate"]]);
  });

  it("3.1.3: takes over objects outside of namespaces from an earlier operator", () => {
    const children = monolithicObjects(monolithicInput(openshiftTenants)).filter(isChild);
    const adopting = children.filter(({ adopt }) => adopt === "ownerless").map(({ object }) => object.kind);
    expect(adopting).toEqual(["ClusterRole", "ClusterRoleBinding"]);
  });

  it("3.1.1: makes names that Services can have of a name with dots", () => {
    expect(idsOf({}, { name: "My.tempo" })).toEqual([
      "ConfigMap/tempo-my-tempo-config",
      "ServiceAccount/tempo-my-tempo",
      "StatefulSet/tempo-my-tempo",
      "Service/tempo-my-tempo",
    ]);
  });
});

describe("labels", () => {
  it.each<[string, Given, string]>([
    ["ConfigMap/tempo-single-config", [], "config"],
    ["ServiceAccount/tempo-single", [], "serviceaccount"],
    ["StatefulSet/tempo-single", [], "tempo"],
    ["Service/tempo-single", [], "tempo"],
    ["Service/tempo-single-jaegerui", [withJaeger()], "jaegerui"],
    ["Ingress/tempo-single-jaegerui", [withJaeger({ ingress: { enabled: true } })], "jaegerui"],
    ["Service/tempo-single-gateway", [oidcTenants], "gateway"],
    ["ConfigMap/tempo-single-gateway", [oidcTenants], "gateway"],
    ["Secret/tempo-single-gateway", [oidcTenants], "gateway"],
  ])("3.1.2: of %s say that of its component", (id, given, component) => {
    expect(rendered(...given).get(id)?.metadata?.labels).toEqual(labelsOf(component));
  });

  it("3.1.2: of objects outside of namespaces name the namespace", () => {
    const role = rendered(openshiftTenants).get("ClusterRole/tempo-single-gateway-shop");
    expect(role?.metadata?.labels).toEqual({ ...labelsOf("gateway"), "app.kubernetes.io/namespace": "shop" });
  });
});

describe("the ConfigMap", () => {
  const configOf = (...given: Given) => rendered(...given).get("ConfigMap/tempo-single-config") as ConfigMap;

  it("4.11: holds tempo.yaml alone without jaegerui", () => {
    expect(Object.keys(configOf().data!)).toEqual(["tempo.yaml"]);
  });

  it("2.5 jaegerui.servicesQueryDuration, findTracesConcurrentRequests: are in tempo-query.yaml", () => {
    const jaeger = withJaeger({ servicesQueryDuration: "24h", findTracesConcurrentRequests: 7 });
    expect(configOf(jaeger).data!["tempo-query.yaml"]).toBe(`address: 0.0.0.0:7777
backend: localhost:3200
tenant_header_key: x-scope-orgid
services_query_duration: 24h0m0s
find_traces_concurrent_requests: 7
`);
  });

  it.each<[string, Given, string]>([
    ["timeout", [{ timeout: "2m" }], "  http_server_read_timeout: 2m0s\n  http_server_write_timeout: 2m0s\n"],
    ["multitenancy.enabled", [{ multitenancy: { enabled: true, mode: "static" } }], "multitenancy_enabled: true\n"],
    [
      "query.mcpServer",
      [{ query: { mcpServer: { enabled: true } } }],
      "query_frontend:\n  mcp_server:\n    enabled: true\n",
    ],
    [
      "extraConfig",
      [{ extraConfig: { tempo: { ingester: { max_block_duration: "5m" } } } }],
      "\ningester:\n    max_block_duration: 5m\n",
    ],
    [
      "storage.traces.backend s3",
      [bucket("s3"), { storage: s3 }],
      "    s3:\n      endpoint: minio:9000\n      insecure: true\n      bucket: b\n",
    ],
    [
      "storage.traces.backend azure",
      [bucket("azure"), { storage: { type: "azure", mode: "static", container: "c", accountName: "a" } }],
      "    azure:\n      container_name: c\n",
    ],
    [
      "storage.traces.backend gcs",
      [bucket("gcs"), { storage: { type: "gcs", mode: "static", bucket: "b" } }],
      "    gcs:\n      bucket_name: b\n",
    ],
    [
      "storage.traces.backend pv",
      [{ storage: { traces: { backend: "pv" } } }, { storage: { type: "pv" } }],
      "    local:\n      path: /var/tempo/blocks\n",
    ],
    [
      "ingestion.otlp.http off",
      [{ ingestion: { otlp: { http: { enabled: false } } } }],
      "      protocols:\n        grpc:\n          endpoint: 0.0.0.0:4317\nusage_report:",
    ],
  ])("2.5 %s: is in tempo.yaml", (_, given, text) => {
    expect(tempoYamlOf(...given)).toContain(text);
  });
});

describe("observability", () => {
  const extraLabels = { team: "a", "app.kubernetes.io/instance": "mine" };
  const metrics = {
    serviceMonitors: { enabled: true, extraLabels },
    prometheusRules: { enabled: true, extraLabels },
  };

  it.each(["ServiceMonitor/tempo-single", "PrometheusRule/single-prometheus-rule"])(
    "2.5 observability.metrics.*.extraLabels: are put on %s, where the operator's own win",
    (id) => {
      const labels = rendered({ observability: { metrics } }).get(id)?.metadata?.labels;
      expect(labels).toMatchObject({ ...labelsOf("tempo"), team: "a" });
    },
  );

  it("3.15: metrics are scraped in clear without a gateway, and over TLS behind it", () => {
    const monitorOf = (spec: Given[0]) =>
      rendered({ observability: { metrics }, ...spec }).get("ServiceMonitor/tempo-single") as ServiceMonitor;
    expect(monitorOf({}).spec).toMatchObject({
      endpoints: [{ port: "http", scheme: "http" }],
      selector: { matchLabels: labelsOf("tempo") },
    });
    const tlsConfig = {
      cert: { secret: { name: "tempo-single-mtls" } },
      serverName: "tempo-single.shop.svc.cluster.local",
    };
    expect(monitorOf(oidcTenants).spec).toMatchObject({
      endpoints: [
        { port: "internal", scheme: "https", tlsConfig },
        { port: "http", scheme: "https", tlsConfig },
      ],
      selector: { matchLabels: labelsOf("gateway") },
    });
  });

  it("2.5 observability.grafana.dataSource.instanceSelector: chooses the Grafana that asks Tempo", () => {
    const instanceSelector = { matchLabels: { dashboards: "a" } };
    const made = rendered({ observability: { grafana: { dataSource: { enabled: true, instanceSelector } } } });
    expect(made.get("GrafanaDatasource/single")).toMatchObject({
      metadata: { labels: labelsOf("tempo") },
      spec: { instanceSelector, datasource: { url: "http://tempo-single.shop.svc.cluster.local:3200" } },
    });
  });
});

describe("the service account", () => {
  const accountOf = (...given: Given) => rendered(...given).get("ServiceAccount/tempo-single") as ServiceAccount;
  const redirect =
    '{"kind":"OAuthRedirectReference","apiVersion":"v1","reference":{"kind":"Route","name":"tempo-single-jaegerui"}}';
  const key = (of: string) => `serviceaccounts.openshift.io/oauth-redirectreference.${of}`;

  it.each<[string, Given, Readonly<Record<string, string>> | undefined]>([
    ["nothing for local storage", [], undefined],
    ["nothing for keys of S3", [bucket("s3"), { storage: s3 }], undefined],
    [
      "the role for tokens of AWS",
      [bucket("s3"), { storage: { ...s3, mode: "token", roleArn: "arn:r" } }],
      { "eks.amazonaws.com/audience": "sts.amazonaws.com", "eks.amazonaws.com/role-arn": "arn:r" },
    ],
    [
      "the client for tokens of Azure, which the Go operator forgets",
      [
        bucket("azure"),
        {
          storage: {
            type: "azure",
            mode: "token",
            container: "c",
            accountName: "a",
            clientId: "client",
            tenantId: "t",
          },
        },
      ],
      { "azure.workload.identity/client-id": "client", "azure.workload.identity/tenant-id": "t" },
    ],
    [
      "a redirect for each tenant of OpenShift",
      [openshiftTenants],
      { [key("dev")]: redirect, [key("prod")]: redirect },
    ],
    ["no redirect for static tenants", [oidcTenants], undefined],
    [
      "one for the login proxy",
      [withJaeger({ route: { enabled: true }, authentication: { enabled: true } }), { gates: routes }],
      { [key("primary")]: redirect },
    ],
  ])("3.15, 3.11: is annotated with %s", (_, given, annotations) => {
    expect(accountOf(...given).metadata?.annotations).toEqual(annotations);
  });

  it("2.5 serviceAccount: is what the pod runs as", () => {
    const set = (...given: Given) => rendered(...given).get("StatefulSet/tempo-single");
    const spec = (name: string) => ({ spec: { template: { spec: { serviceAccountName: name } } } });
    expect(set()).toMatchObject(spec("tempo-single"));
    expect(set({ serviceAccount: "mine" })).toMatchObject(spec("mine"));
  });
});

describe("Services", () => {
  const http = { name: "http", port: 3200, targetPort: "http" };
  const grpc = { name: "otlp-grpc", port: 4317, targetPort: "otlp-grpc" };
  const otlpHttp = { name: "otlp-http", port: 4318, targetPort: "otlp-http" };
  const jaeger = [
    { name: "jaeger-grpc", port: 16685, targetPort: "jaeger-grpc" },
    { name: "jaeger-ui", port: 16686, targetPort: "jaeger-ui" },
    { name: "jaeger-metrics", port: 16687, targetPort: "jaeger-metrics" },
  ];
  const gateway = [
    { name: "public", port: 8080, targetPort: "public" },
    { name: "internal", port: 8081, targetPort: "internal" },
    http,
  ];
  const grpcOff = { ingestion: { otlp: { grpc: { enabled: false } } } } as const;

  it.each<[string, Given, string, readonly object[]]>([
    ["all receivers", [], "tempo-single", [http, grpc, otlpHttp]],
    ["ingestion.otlp.grpc off", [grpcOff], "tempo-single", [http, otlpHttp]],
    ["ingestion.otlp.http off", [{ ingestion: { otlp: { http: { enabled: false } } } }], "tempo-single", [http, grpc]],
    ["jaegerui", [withJaeger()], "tempo-single-jaegerui", jaeger],
    [
      "jaegerui with OpenShift's login",
      [withJaeger({ route: { enabled: true }, authentication: { enabled: true } }), { gates: routes }],
      "tempo-single-jaegerui",
      [...jaeger, { name: "oauth-proxy", port: 8443, targetPort: "oauth-proxy" }],
    ],
    ["the gateway", [oidcTenants], "tempo-single-gateway", [...gateway, { ...grpc, targetPort: "grpc-public" }]],
    ["the gateway without gRPC", [{ ...oidcTenants, ...grpcOff }], "tempo-single-gateway", gateway],
  ])("3.15: lead to the pod for %s", (_, given, name, ports) => {
    const service = rendered(...given).get(`Service/${name}`) as Service;
    expect(service.spec).toEqual({ ports, selector: labelsOf("tempo") });
  });

  const tls = { enabled: true, tls: { enabled: true } };
  const cert = "service.beta.openshift.io/serving-cert-secret-name";
  it.each<[string, Given, string, Readonly<Record<string, string>> | undefined]>([
    ["no receiver uses TLS", [{}, { gates: serving }], "tempo-single", undefined],
    [
      "a receiver's TLS names nothing",
      [{ ingestion: { otlp: { http: tls } } }, { gates: serving }],
      "tempo-single",
      { [cert]: "tempo-single-serving-cert" },
    ],
    ["OpenShift issues none", [{ ingestion: { otlp: { http: tls } } }], "tempo-single", undefined],
    [
      "the user has a certificate",
      [
        { ingestion: { otlp: { http: { enabled: true, tls: { enabled: true, certName: "mine" } } } } },
        { gates: serving },
      ],
      "tempo-single",
      undefined,
    ],
    [
      "there is a gateway",
      [oidcTenants, { gates: serving }],
      "tempo-single-gateway",
      { [cert]: "tempo-single-gateway-serving-cert" },
    ],
    [
      "OpenShift's login needs one",
      [withJaeger({ route: { enabled: true }, authentication: { enabled: true } }), { gates: routes }],
      "tempo-single-jaegerui",
      { [cert]: "single-ui-oauth-proxy-tls" },
    ],
  ])("3.15: ask OpenShift for certificates where %s", (_, given, name, annotations) => {
    expect(rendered(...given).get(`Service/${name}`)?.metadata?.annotations).toEqual(annotations);
  });
});

describe("ways from outside", () => {
  const ingressOf = (...given: Given) => rendered(...given).get("Ingress/tempo-single-jaegerui") as Ingress;
  const routeOf = (...given: Given) => rendered(...given).get("Route/tempo-single-jaegerui") as Route;
  const backend = { service: { name: "tempo-single-jaegerui", port: { name: "jaeger-ui" } } };

  it("2.5 jaegerui.ingress: takes any host where none is given", () => {
    expect(ingressOf(withJaeger({ ingress: { enabled: true } })).spec).toEqual({ defaultBackend: backend });
  });

  it("2.5 jaegerui.ingress.host, ingressClassName, annotations: are handed on", () => {
    const ingress = { enabled: true, host: "ui.example", ingressClassName: "nginx", annotations: { a: "b" } };
    const made = ingressOf(withJaeger({ ingress }));
    expect(made.metadata?.annotations).toEqual({ a: "b" });
    expect(made.spec).toEqual({
      ingressClassName: "nginx",
      rules: [{ host: "ui.example", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
    });
  });

  it("3.15: lead to the gateway where it is on", () => {
    const jaeger = withJaeger({ ingress: { enabled: true }, route: { enabled: true } });
    const given: Given = [{ ...oidcTenants, ...jaeger }, { gates: { ...routes, ...serving } }];
    const { defaultBackend } = ingressOf(...given).spec!;
    expect(defaultBackend).toEqual({ service: { name: "tempo-single-gateway", port: { name: "public" } } });
    expect(routeOf(...given)).toMatchObject({
      spec: {
        to: { kind: "Service", name: "tempo-single-gateway" },
        port: { targetPort: "public" },
        tls: { termination: "reencrypt" },
      },
    });
  });

  it("2.5 jaegerui.route.host, annotations: are handed on, beside the timeout", () => {
    const route = { enabled: true, host: "ui.example", annotations: { a: "b" } };
    const made = routeOf({ timeout: "90s", ...withJaeger({ route }) }, { gates: routes });
    expect(made.metadata?.annotations).toEqual({ a: "b", "haproxy.router.openshift.io/timeout": "90s" });
    expect(made).toMatchObject({
      spec: {
        host: "ui.example",
        to: { kind: "Service", name: "tempo-single-jaegerui" },
        port: { targetPort: "jaeger-ui" },
        tls: { termination: "edge" },
      },
    });
  });

  it.each([
    ["insecure", undefined],
    ["passthrough", { termination: "passthrough" }],
    ["reencrypt", { termination: "reencrypt" }],
  ] as const)("2.5 jaegerui.route.termination: is kept where it is %s", (termination, tls) => {
    const route = { enabled: true, termination };
    expect(routeOf(withJaeger({ route }), { gates: routes }).spec?.tls).toEqual(tls);
  });

  it("3.9: a route to OpenShift's login encrypts anew", () => {
    const jaeger = withJaeger({ route: { enabled: true, termination: "edge" }, authentication: { enabled: true } });
    expect(routeOf(jaeger, { gates: routes })).toMatchObject({
      spec: { port: { targetPort: "oauth-proxy" }, tls: { termination: "reencrypt" } },
    });
  });
});

it("3.15: the CA bundle of OpenShift's certificates is for OpenShift to fill", () => {
  const bundle = rendered({}, { gates: serving }).get("ConfigMap/tempo-single-serving-cabundle") as ConfigMap;
  expect(bundle.metadata?.annotations).toEqual({ "service.beta.openshift.io/inject-cabundle": "true" });
  expect(bundle).not.toHaveProperty("data");
});

it("3.11: credentials are asked for the pod's own service account, also where the spec names none", () => {
  const given: Given = [
    bucket("s3"),
    { storage: { ...s3, mode: "token-cco", region: "eu" }, settings: { roleArn: "arn:role" } },
  ];
  expect(rendered(...given).get("CredentialsRequest/single")).toMatchObject({
    spec: { serviceAccountNames: ["tempo-single"], secretRef: { name: "single-managed-credentials" } },
  });
});
