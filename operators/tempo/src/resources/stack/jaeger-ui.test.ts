import type { Ingress, Service } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import type { TempoStackSpec } from "../../api/tempo-stack.ts";
import type { Route } from "../../platform/kinds.ts";
import { oauthProxyContainer } from "../pod/oauth-proxy.ts";
import { inClear, type StackCircumstances, stackOf } from "./rendered.test-support.ts";

type JaegerQuery = NonNullable<NonNullable<NonNullable<TempoStackSpec["template"]>["queryFrontend"]>["jaegerQuery"]>;

const withJaeger = (jaegerQuery: JaegerQuery = {}, circumstances: StackCircumstances = {}, spec = {}) =>
  stackOf({ template: { queryFrontend: { jaegerQuery: { enabled: true, ...jaegerQuery } } }, ...spec }, circumstances);

const labels = {
  "app.kubernetes.io/name": "tempo",
  "app.kubernetes.io/instance": "simplest",
  "app.kubernetes.io/managed-by": "tempo-operator",
  "app.kubernetes.io/component": "query-frontend",
};
const name = "tempo-simplest-query-frontend";
const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
};
const onOpenshift = {
  gates: { "openshift.route": true, "openshift.servingCertsService": true, "openshift.oauthProxy": true },
};

describe("the containers beside the query-frontend", () => {
  const mtls = [
    { name: "tempo-simplest-ca-bundle", mountPath: "/var/run/ca" },
    { name: "tempo-simplest-query-frontend-mtls", mountPath: "/var/run/tls/server" },
  ];

  it("3.7: are jaeger-query and tempo-query, in this order", () => {
    const [, jaegerQuery, tempoQuery, ...others] = withJaeger().pod("query-frontend").containers;
    expect(jaegerQuery).toEqual({
      name: "jaeger-query",
      image: "docker.io/jaegertracing/jaeger-query:1.68.0",
      args: [
        "--query.base-path=/",
        "--span-storage.type=grpc",
        "--grpc-storage.server=localhost:7777",
        "--query.bearer-token-propagation=true",
      ],
      ports: [
        { name: "jaeger-grpc", containerPort: 16685 },
        { name: "jaeger-ui", containerPort: 16686 },
        { name: "jaeger-metrics", containerPort: 16687 },
      ],
      resources: {},
      securityContext: restricted,
      volumeMounts: [{ name: "tempo-tmp-storage-query", mountPath: "/tmp" }, ...mtls],
    });
    expect(tempoQuery).toEqual({
      name: "tempo-query",
      image: "docker.io/grafana/tempo-query:2.10.8",
      args: ["-config=/conf/tempo-query.yaml"],
      ports: [{ name: "proxy-grpc", containerPort: 7777 }],
      resources: {},
      readinessProbe: { grpc: { port: 7777 }, timeoutSeconds: 1, periodSeconds: 5, failureThreshold: 12 },
      securityContext: restricted,
      volumeMounts: [{ name: "tempo-conf", mountPath: "/conf", readOnly: true }, ...mtls],
    });
    expect(others).toEqual([]);
  });

  it("3.1.5: share volumes that are listed after Tempo's own, certificates last", () => {
    expect(
      withJaeger({})
        .pod("query-frontend")
        .volumes?.map((volume) => volume.name),
    ).toEqual([
      ...["tempo-conf", "tempo-tmp-storage", "tempo-tmp-storage-query"],
      ...["tempo-simplest-ca-bundle", "tempo-simplest-query-frontend-mtls"],
    ]);
  });

  it("3.1.7: have the operator's proxies first, also with the Monitor tab", () => {
    const proxy = [{ name: "HTTP_PROXY", value: "http://proxy" }];
    const monitorTab = { enabled: true, prometheusEndpoint: "http://prom" };
    const stack = withJaeger({ monitorTab }, { settings: { proxy } });
    expect(stack.container("query-frontend", "jaeger-query").env?.map((one) => one.name)).toEqual([
      ...["HTTP_PROXY", "METRICS_STORAGE_TYPE", "PROMETHEUS_SERVER_URL"],
    ]);
  });

  it("3.1.8: have no certificates where components speak in clear", () => {
    const stack = withJaeger({}, { gates: inClear });
    expect(stack.container("query-frontend", "jaeger-query").volumeMounts).toEqual([
      { name: "tempo-tmp-storage-query", mountPath: "/tmp" },
    ]);
    expect(stack.container("query-frontend", "tempo-query").volumeMounts).toEqual([
      { name: "tempo-conf", mountPath: "/conf", readOnly: true },
    ]);
  });

  it.each([
    ["http", { httpEncryption: true, grpcEncryption: false }],
    ["grpc", { httpEncryption: false, grpcEncryption: true }],
  ] as const)(
    "3.7: with the gateway, jaeger-query serves %s alone with TLS where only that is encrypted",
    (protocol, gates) => {
      const template = { gateway: { enabled: true }, queryFrontend: { jaegerQuery: { enabled: true } } };
      const stack = stackOf({ template, tenants: { mode: "static" } }, { gates });
      const { args = [] } = stack.container("query-frontend", "jaeger-query");
      expect(args.filter((arg) => arg.includes(".tls."))).toEqual([
        `--query.${protocol}.tls.enabled=true`,
        `--query.${protocol}.tls.key=/var/run/tls/server/tls.key`,
        `--query.${protocol}.tls.cert=/var/run/tls/server/tls.crt`,
        `--query.${protocol}.tls.client-ca=/var/run/ca/service-ca.crt`,
      ]);
    },
  );

  it("3.9: has the login last, under the account that it stands for", () => {
    const stack = withJaeger({ ingress: { type: "route" } }, onOpenshift, { timeout: "1m" });
    expect(stack.pod("query-frontend").serviceAccountName).toBe(name);
    expect(stack.pod("query-frontend").containers.at(-1)).toEqual({
      name: "oauth-proxy",
      image: "quay.io/openshift/origin-oauth-proxy:4.14",
      args: [
        "--cookie-secret-file=/var/run/secrets/kubernetes.io/serviceaccount/token",
        "--https-address=:8443",
        `--openshift-service-account=${name}`,
        "--provider=openshift",
        "--tls-cert=/etc/tls/private/tls.crt",
        "--tls-key=/etc/tls/private/tls.key",
        "--upstream=http://localhost:16686",
        "--upstream-timeout=1m0s",
        '--openshift-sar={"namespace": "shop", "resource": "pods", "verb": "get"}',
      ],
      ports: [{ name: "oauth-proxy", containerPort: 8443 }],
      resources: {},
      readinessProbe: {
        httpGet: { path: "/oauth/healthz", port: "oauth-proxy", scheme: "HTTPS" },
        initialDelaySeconds: 10,
        timeoutSeconds: 5,
      },
      securityContext: restricted,
      volumeMounts: [{ name: "simplest-ui-oauth-proxy-tls", mountPath: "/etc/tls/private" }],
    });
  });

  it("2.1.7 authentication: is sized and limited by the stack", () => {
    const resources = { limits: { cpu: "1" } };
    const authentication = { enabled: true, sar: '{"verb": "list"}', resources };
    const stack = withJaeger({ ingress: { type: "route" }, authentication }, { gates: { "openshift.route": true } });
    const proxy = stack.container("query-frontend", "oauth-proxy");
    expect(proxy.args?.at(-1)).toBe('--openshift-sar={"verb": "list"}');
    expect(proxy.resources).toEqual(resources);
  });

  it("3.9: let everybody in where no review is asked for", () => {
    const proxy = { image: "i", resources: {}, instance: "simplest", serviceAccount: "a", timeout: "30s", parts: [] };
    const blank = oauthProxyContainer({ ...proxy, sar: " " });
    expect(blank.args.at(-1)).toBe("--upstream-timeout=30s");
  });

  it("3.7: tell tenants apart in every mode", () => {
    const template = { gateway: { enabled: true }, queryFrontend: { jaegerQuery: { enabled: true } } };
    const stack = stackOf({ template, tenants: { mode: "openshift" } });
    expect(stack.container("query-frontend", "jaeger-query").args).toContain("--multi-tenancy.enabled=true");
  });

  it("3.1.7: have the operator's proxies, the login too", () => {
    const proxy = [{ name: "NO_PROXY", value: ".svc" }];
    const settings = { proxy };
    const stack = withJaeger({ ingress: { type: "route" }, authentication: { enabled: true } }, { settings });
    for (const container of stack.pod("query-frontend").containers) expect(container.env?.at(0)).toEqual(proxy[0]);
    expect(stack.pod("query-frontend").containers).toHaveLength(4);
  });
});

describe("the way to the Jaeger UI", () => {
  it("3.8: is an Ingress for a host", () => {
    const annotations = { "nginx.org/x": "y" };
    const ingress = { type: "ingress" as const, host: "ui.example.com", ingressClassName: "nginx", annotations };
    expect(withJaeger({ ingress }).of<Ingress>("Ingress", name)).toEqual({
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name, labels, annotations },
      spec: {
        ingressClassName: "nginx",
        rules: [
          {
            host: "ui.example.com",
            http: {
              paths: [{ path: "/", pathType: "Prefix", backend: { service: { name, port: { name: "jaeger-ui" } } } }],
            },
          },
        ],
      },
    });
  });

  it("3.8: is an Ingress for all hosts where none is named", () => {
    expect(withJaeger({ ingress: { type: "ingress" } }).of<Ingress>("Ingress", name)).toEqual({
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name, labels },
      spec: { defaultBackend: { service: { name, port: { name: "jaeger-ui" } } } },
    });
  });

  it.each([
    ["insecure", undefined],
    ["edge", { termination: "edge" }],
    ["passthrough", { termination: "passthrough" }],
    ["reencrypt", { termination: "reencrypt" }],
  ] as const)("3.8: is a Route with termination %s", (termination, tls) => {
    const ingress = { type: "route" as const, host: "ui.example.com", route: { termination } };
    expect(withJaeger({ ingress }, {}, { timeout: "90s" }).of<Route>("Route", name)).toEqual({
      apiVersion: "route.openshift.io/v1",
      kind: "Route",
      metadata: { name, labels, annotations: { "haproxy.router.openshift.io/timeout": "90s" } },
      spec: {
        host: "ui.example.com",
        to: { kind: "Service", name },
        port: { targetPort: "jaeger-ui" },
        ...(tls ? { tls } : {}),
      },
    });
  });

  it("2.2: is a Route with termination edge where the stack says none", () => {
    expect(withJaeger({ ingress: { type: "route" } }).of<Route>("Route", name).spec?.tls).toEqual({
      termination: "edge",
    });
  });

  it("3.8: is a Route that waits no shorter than Tempo, in whole seconds", () => {
    const stack = withJaeger({ ingress: { type: "route" } }, {}, { timeout: "1500ms" });
    expect(stack.of<Route>("Route", name).metadata?.annotations).toEqual({
      "haproxy.router.openshift.io/timeout": "2s",
    });
  });

  it("3.8: is a Route whose timeout the user may set", () => {
    const annotations = { "haproxy.router.openshift.io/timeout": "5m" };
    const stack = withJaeger({ ingress: { type: "route", annotations } });
    expect(stack.of<Route>("Route", name).metadata?.annotations).toEqual(annotations);
  });

  it("3.9: leads to the login, and is encrypted all the way, whatever the termination", () => {
    const stack = withJaeger({ ingress: { type: "route", route: { termination: "edge" } } }, onOpenshift);
    expect(stack.of<Route>("Route", name).spec).toEqual({
      to: { kind: "Service", name },
      port: { targetPort: "oauth-proxy" },
      tls: { termination: "reencrypt" },
    });
    expect(stack.of<Service>("Service", name).spec?.ports?.map((port) => port.name)).toEqual([
      ...["http", "grpc", "jaeger-grpc", "jaeger-ui", "jaeger-metrics", "oauth-proxy"],
    ]);
  });

  it("2.1.7: is none without Jaeger, and none past the gateway", () => {
    const ingress = { type: "ingress" as const };
    const tenants = { mode: "static" as const };
    const gateway = { enabled: true };
    const off = stackOf({ template: { queryFrontend: { jaegerQuery: { ingress } } } });
    const behind = withJaeger(
      {},
      {},
      { tenants, template: { gateway, queryFrontend: { jaegerQuery: { enabled: true, ingress } } } },
    );
    expect(off.has("Ingress", name)).toBe(false);
    expect(behind.has("Ingress", name)).toBe(false);
  });
});

describe("what the Jaeger UI is allowed", () => {
  it("3.9: is what the login's account may, whose Route users return to", () => {
    const storage = { type: "s3", mode: "token", bucket: "b", endpoint: "e", isHttps: true, roleArn: "arn:r" } as const;
    const stack = withJaeger({ ingress: { type: "route" } }, { ...onOpenshift, storage });
    expect(stack.of("ServiceAccount", name)).toEqual({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: {
        name,
        labels,
        annotations: {
          "serviceaccounts.openshift.io/oauth-redirectreference.primary": JSON.stringify({
            kind: "OAuthRedirectReference",
            apiVersion: "v1",
            reference: { kind: "Route", name },
          }),
          "eks.amazonaws.com/audience": "sts.amazonaws.com",
          "eks.amazonaws.com/role-arn": "arn:r",
        },
      },
    });
  });

  const prometheusEndpoint = "https://thanos-querier.openshift-monitoring.svc.cluster.local:9092";
  const monitorTab = { enabled: true, prometheusEndpoint };

  it.each<[string, JaegerQuery, string]>([
    ["the stack's account", { monitorTab }, "tempo-simplest"],
    ["the login's account, where there is one", { monitorTab, ingress: { type: "route" } }, name],
  ])("3.7: is to read the cluster's metrics of its namespace, for %s", (_, jaegerQuery, account) => {
    const stack = withJaeger(jaegerQuery, onOpenshift);
    expect(stack.of("Role", "tempo-simplest-metrics-reader")).toEqual({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: "tempo-simplest-metrics-reader", labels },
      rules: [{ apiGroups: ["metrics.k8s.io"], resources: ["pods"], verbs: ["get", "create"] }],
    });
    expect(stack.of("RoleBinding", "tempo-simplest-metrics-reader")).toEqual({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "tempo-simplest-metrics-reader", labels },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "tempo-simplest-metrics-reader" },
      subjects: [{ kind: "ServiceAccount", name: account, namespace: "shop" }],
    });
  });
});
