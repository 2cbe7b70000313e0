import type { ClusterRoleBinding, ConfigMap, Secret } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import type { TempoMonolithicSpec } from "../../api/tempo-monolithic.ts";
import {
  containerOf,
  type Given,
  oidcTenants,
  openshiftTenants,
  podOf,
  rendered,
  withJaeger,
} from "./rendered.test-support.ts";

const serving = { "openshift.servingCertsService": true } as const;
const argsOf = (...given: Given) => containerOf("tempo-gateway", ...given).args!;
const clear = { httpEncryption: false, grpcEncryption: false } as const;

const common = (scheme: string) => [
  "--web.listen=0.0.0.0:8080",
  "--web.internal.listen=0.0.0.0:8081",
  "--traces.tenant-header=x-scope-orgid",
  `--traces.tempo.endpoint=${scheme}://localhost:3200`,
  "--traces.write-timeout=30s",
  "--rbac.config=/etc/tempo-gateway/rbac/rbac.yaml",
  "--tenants.config=/etc/tempo-gateway/tenants/tenants.yaml",
  "--log.level=info",
];
const internalTls = [
  "--tls.internal.server.key-file=/var/run/tls/server/tls.key",
  "--tls.internal.server.cert-file=/var/run/tls/server/tls.crt",
  "--traces.tls.key-file=/var/run/tls/server/tls.key",
  "--traces.tls.cert-file=/var/run/tls/server/tls.crt",
  "--traces.tls.ca-file=/var/run/ca/service-ca.crt",
  "--traces.tls.watch-certs=true",
];
const receiving = (scheme: string) => [
  "--grpc.listen=0.0.0.0:8090",
  "--traces.write.otlpgrpc.endpoint=localhost:4317",
  `--traces.write.otlphttp.endpoint=${scheme}://localhost:4318`,
];
const grpcOff = { ingestion: { otlp: { grpc: { enabled: false } } } } as const;
const httpTls = { ingestion: { otlp: { http: { enabled: true, tls: { enabled: true, certName: "c" } } } } } as const;

describe("the gateway's container", () => {
  it.each<[string, Given, readonly string[]]>([
    ["by default", [oidcTenants], [...common("https"), ...internalTls, ...receiving("https")]],
    ["in clear", [oidcTenants, { gates: clear }], [...common("http"), ...receiving("http")]],
    [
      "in clear before an HTTP receiver with TLS",
      [{ ...oidcTenants, ...httpTls }, { gates: clear }],
      [...common("http"), ...receiving("https")],
    ],
    ["without gRPC", [{ ...oidcTenants, ...grpcOff }], [...common("https"), ...internalTls]],
    [
      "with jaegerui",
      [{ ...oidcTenants, ...withJaeger() }],
      [...common("https"), ...internalTls, ...receiving("https"), "--traces.read.endpoint=http://localhost:16686"],
    ],
    [
      "with query.rbac",
      [{ ...oidcTenants, query: { rbac: { enabled: true } } }],
      [...common("https"), ...internalTls, ...receiving("https"), "--traces.query-rbac=true"],
    ],
    [
      "with OpenShift's certificates",
      [oidcTenants, { gates: serving }],
      [
        ...common("https"),
        ...internalTls,
        ...receiving("https"),
        "--tls.server.cert-file=/etc/tempo-gateway/serving-cert/tls.crt",
        "--tls.server.key-file=/etc/tempo-gateway/serving-cert/tls.key",
        "--tls.healthchecks.server-ca-file=/etc/tempo-gateway/serving-ca/service-ca.crt",
        "--tls.healthchecks.server-name=tempo-single-gateway.shop.svc.cluster.local",
        "--web.healthchecks.url=https://localhost:8080",
        "--tls.client-auth-type=NoClientCert",
        "--tls.cipher-suites=TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256",
        "--tls.min-version=VersionTLS13",
      ],
    ],
  ])("3.15: is started so %s", (_, given, args) => {
    expect(argsOf(...given)).toEqual(args);
  });

  it("2.5 timeout: is how long the gateway writes", () => {
    expect(argsOf({ ...oidcTenants, timeout: "2m" })).toContain("--traces.write-timeout=2m0s");
  });

  it.each<[string, TempoMonolithicSpec, readonly string[]]>([
    ["all", oidcTenants, ["public", "internal", "grpc-public"]],
    ["gRPC off", { ...oidcTenants, ...grpcOff }, ["public", "internal"]],
  ])("3.15: listens on these ports: %s", (_, spec, names) => {
    expect(containerOf("tempo-gateway", spec).ports?.map(({ name }) => name)).toEqual(names);
  });

  it.each([
    ["HTTPS", {}],
    ["HTTP", { httpEncryption: false }],
  ] as const)("3.10: is probed over %s", (scheme, gates) => {
    expect(containerOf("tempo-gateway", oidcTenants, { gates })).toMatchObject({
      livenessProbe: {
        httpGet: { path: "/live", port: "internal", scheme },
        timeoutSeconds: 2,
        periodSeconds: 30,
        failureThreshold: 10,
      },
      readinessProbe: {
        httpGet: { path: "/ready", port: "internal", scheme },
        timeoutSeconds: 1,
        periodSeconds: 5,
        failureThreshold: 12,
      },
    });
  });

  it("3.15: reads its files from the ConfigMap and the Secret", () => {
    expect(containerOf("tempo-gateway", oidcTenants, { gates: clear }).volumeMounts).toEqual([
      { name: "gateway-rbac", mountPath: "/etc/tempo-gateway/rbac", readOnly: true },
      { name: "gateway-tenants", mountPath: "/etc/tempo-gateway/tenants", readOnly: true },
    ]);
    const { volumes } = podOf(oidcTenants);
    expect(volumes).toContainEqual({ name: "gateway-rbac", configMap: { name: "tempo-single-gateway" } });
    expect(volumes).toContainEqual({ name: "gateway-tenants", secret: { secretName: "tempo-single-gateway" } });
  });

  it("3.15: mounts OpenShift's certificates", () => {
    const { volumes } = podOf(oidcTenants, { gates: serving });
    expect(volumes).toContainEqual({
      name: "gateway-serving-cert",
      secret: { secretName: "tempo-single-gateway-serving-cert" },
    });
    expect(volumes).toContainEqual({
      name: "gateway-serving-ca",
      configMap: { name: "tempo-single-serving-cabundle" },
    });
  });
});

describe("mutual TLS", () => {
  const secured = (...given: Given) =>
    podOf(...given)
      .containers.filter(({ volumeMounts = [] }) => volumeMounts.some(({ mountPath }) => mountPath === "/var/run/ca"))
      .map(({ name }) => name);

  it.each<[string, Given, readonly string[]]>([
    ["nobody without a gateway", [withJaeger()], []],
    ["Tempo and the gateway", [oidcTenants], ["tempo", "tempo-gateway"]],
    [
      "what asks Tempo, too",
      [{ ...openshiftTenants, ...withJaeger() }],
      ["tempo", "jaeger-query", "tempo-query", "tempo-gateway"],
    ],
    ["all of them for gRPC alone", [oidcTenants, { gates: { httpEncryption: false } }], ["tempo", "tempo-gateway"]],
    ["nobody where both gates are off", [oidcTenants, { gates: clear }], []],
  ])("3.15, 3.1.8: is mounted by %s", (_, given, names) => {
    expect(secured(...given)).toEqual(names);
  });

  it("3.1.8: uses the CA and the certificate of the instance", () => {
    const { volumes } = podOf(oidcTenants, { name: "a.b" });
    expect(volumes).toContainEqual({ name: "tempo-a-b-ca-bundle", configMap: { name: "tempo-a.b-ca-bundle" } });
    expect(volumes).toContainEqual({ name: "tempo-a-b-mtls", secret: { secretName: "tempo-a-b-mtls" } });
  });
});

describe("the policy agent", () => {
  it("3.10: maps each tenant, in the package of this kind, without a security context", () => {
    const agent = containerOf("tempo-gateway-opa", openshiftTenants);
    expect(agent.args).toEqual([
      "--log.level=warn",
      "--web.listen=:8082",
      "--web.internal.listen=:8083",
      "--web.healthchecks.url=http://localhost:8082",
      "--opa.package=tempomonolithic",
      "--opa.ssar",
      "--openshift.mappings=dev=tempo.grafana.com",
      "--openshift.mappings=prod=tempo.grafana.com",
    ]);
    expect(agent).not.toHaveProperty("securityContext");
  });

  it("2.5 query.rbac: is asked by namespace", () => {
    const { args } = containerOf("tempo-gateway-opa", { ...openshiftTenants, query: { rbac: { enabled: true } } });
    expect(args).toContain("--opa.matcher=kubernetes_namespace_name");
  });

  it("3.15: gets no proxies, unlike the gateway", () => {
    const proxy = [{ name: "NO_PROXY", value: "cluster" }];
    expect(containerOf("tempo-gateway-opa", openshiftTenants, { settings: { proxy } })).not.toHaveProperty("env");
    expect(containerOf("tempo-gateway", openshiftTenants, { settings: { proxy } }).env).toEqual(proxy);
  });
});

describe("the gateway's files", () => {
  const filesOf = (...given: Given) => {
    const objects = rendered(...given);
    const secret = objects.get("Secret/tempo-single-gateway") as Secret;
    return {
      rbac: (objects.get("ConfigMap/tempo-single-gateway") as ConfigMap).data!["rbac.yaml"],
      tenants: Buffer.from(secret.data!["tenants.yaml"]!, "base64").toString(),
    };
  };

  it("2.5 multitenancy.{authentication,authorization}: are in them", () => {
    const tenants = new Map([["dev", { oidc: { clientID: "client", clientSecret: "hush", issuerCAPath: "/ca" } }]]);
    expect(filesOf(oidcTenants, { more: { tenants } })).toEqual({
      rbac: `roleBindings:
- name: everyone
  roles:
  - all
  subjects:
  - kind: group
    name: team
roles:
- name: all
  permissions:
  - read
  - write
  resources:
  - traces
  tenants:
  - dev
`,
      tenants: `tenants:
- name: dev
  id: id-1
  oidc:
    clientID: client
    clientSecret: hush
    issuerCAPath: /ca
    issuerURL: https://login.example
    redirectURL: https://tempo.example/oidc/dev/callback
    usernameClaim: email
    groupClaim: groups
`,
    });
  });

  it("2.5 multitenancy.mode openshift: sends users back by the Route of the Jaeger UI", () => {
    const secrets = new Map([
      ["dev", { cookieSecret: "cookie1" }],
      ["prod", { cookieSecret: "cookie2" }],
    ]);
    const { rbac, tenants } = filesOf(openshiftTenants, { more: { tenants: secrets, baseDomain: "apps.example" } });
    expect(rbac).toBe("");
    expect(tenants).toContain(`- name: dev
  id: id-1
  openshift:
    serviceAccount: tempo-single
    redirectURL: https://tempo-single-jaegerui-shop.apps.example/openshift/dev/callback
    cookieSecret: cookie1
  opa:
    url: http://localhost:8082/v1/data/tempomonolithic/allow
    withAccessToken: true
`);
    expect(tenants).toContain("cookieSecret: cookie2");
  });

  it("3.15: in mode openshift the pod's account may ask whose tokens it is shown", () => {
    const binding = rendered(openshiftTenants).get(
      "ClusterRoleBinding/tempo-single-gateway-shop",
    ) as ClusterRoleBinding;
    expect(binding.subjects).toEqual([{ kind: "ServiceAccount", name: "tempo-single", namespace: "shop" }]);
  });
});
