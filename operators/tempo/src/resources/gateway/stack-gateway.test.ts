import { createHash } from "node:crypto";
import type {
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  Deployment,
  Ingress,
  PodDisruptionBudget,
  Secret,
  Service,
  ServiceAccount,
} from "@homeostat/api";
import { isChild } from "@homeostat/runtime";
import { describe, expect, it } from "vitest";
import type { TempoStackSpec } from "../../api/tempo-stack.ts";
import type { Route } from "../../platform/kinds.ts";
import { openshiftSettings } from "../../settings/operator-settings.ts";
import { stackInput } from "../input.test-support.ts";
import type { TenantSecrets } from "../input.ts";
import { rendered } from "../stack/rendered.test-support.ts";
import { gatewayObjects } from "./stack-gateway.ts";

type Spec = Partial<TempoStackSpec>;
type Gateway = NonNullable<NonNullable<Spec["template"]>["gateway"]>;
type Circumstances = NonNullable<Parameters<typeof stackInput>[1]>;

const gatewayOn = (gateway: Partial<Gateway> = {}): Gateway => ({ enabled: true, ...gateway });

const staticTenants = {
  mode: "static",
  authentication: [
    {
      tenantName: "dev",
      tenantId: "1610b0c3",
      oidc: {
        secret: { name: "dev-oidc" },
        issuerURL: "https://login.example",
        redirectURL: "https://tempo.example/oidc/dev/callback",
        usernameClaim: "email",
        groupClaim: "groups",
      },
    },
  ],
  authorization: {
    roles: [{ name: "read-write", permissions: ["read", "write"], resources: ["traces"], tenants: ["dev"] }],
    roleBindings: [{ name: "team", roles: ["read-write"], subjects: [{ kind: "group", name: "admins" }] }],
  },
} as const satisfies Spec["tenants"];

const openshiftTenants = {
  mode: "openshift",
  authentication: [
    { tenantName: "dev", tenantId: "1610b0c3" },
    { tenantName: "prod", tenantId: "6094b0f1" },
  ],
} as const satisfies Spec["tenants"];

const secrets: ReadonlyMap<string, TenantSecrets> = new Map([
  ["dev", { oidc: { clientID: "tempo", clientSecret: "s3cret" }, cookieSecret: "12345678901234567890123456789012" }],
  ["prod", { cookieSecret: "abcdefghijklmnopqrstuvwxyzABCDEF" }],
]);

const objectsOf = (spec: Spec = {}, { more, ...circumstances }: Circumstances = {}) =>
  gatewayObjects(
    stackInput(
      { tenants: staticTenants, ...spec, template: { gateway: gatewayOn(), ...spec.template } },
      { ...circumstances, more: { tenants: secrets, baseDomain: "apps.example", ...more } },
    ),
  );
const of = (...given: Parameters<typeof objectsOf>) => rendered(objectsOf(...given));
const openshift = (spec: Spec = {}, circumstances: Circumstances = {}) =>
  of({ tenants: openshiftTenants, ...spec }, { settings: { gates: openshiftSettings.gates }, ...circumstances });

const gateway = (given: ReturnType<typeof of>) => given.container("gateway", "tempo-gateway");
const inClear = { httpEncryption: false, grpcEncryption: false };
const labels = {
  "app.kubernetes.io/name": "tempo",
  "app.kubernetes.io/instance": "simplest",
  "app.kubernetes.io/managed-by": "tempo-operator",
  "app.kubernetes.io/component": "gateway",
};

describe("gatewayObjects: which there are", () => {
  it("3.10: none where the gateway is off", () => {
    expect(gatewayObjects(stackInput({ tenants: staticTenants }))).toEqual([]);
  });

  it.each([
    [
      "static",
      of(),
      ["ConfigMap", "Secret", "Deployment", "Service", "PodDisruptionBudget"].map(
        (kind) => `${kind}/tempo-simplest-gateway`,
      ),
    ],
    [
      "openshift",
      openshift(),
      [
        "ServiceAccount/tempo-simplest-gateway",
        "ClusterRole/tempo-simplest-gateway-shop",
        "ClusterRoleBinding/tempo-simplest-gateway-shop",
        "ConfigMap/tempo-simplest-gateway-cabundle",
        "ConfigMap/tempo-simplest-gateway",
        "Secret/tempo-simplest-gateway",
        "Deployment/tempo-simplest-gateway",
        "Service/tempo-simplest-gateway",
        "PodDisruptionBudget/tempo-simplest-gateway",
        "Route/tempo-simplest-gateway",
      ],
    ],
  ])("3.2: those of mode %s", (_, given, names) => {
    expect(given.names).toEqual(names);
  });

  it("3.2: no CA where OpenShift issues no certificates", () => {
    expect(openshift({}, { settings: {} }).has("ConfigMap", "tempo-simplest-gateway-cabundle")).toBe(false);
  });

  it("3.1.2: all of a namespace carry the component's labels", () => {
    for (const { kind, metadata } of openshift().all)
      expect([kind, metadata?.labels]).toEqual([
        kind,
        kind?.startsWith("ClusterRole") ? { ...labels, "app.kubernetes.io/namespace": "shop" } : labels,
      ]);
  });
});

describe("gatewayObjects: arguments", () => {
  const host = (component: string) => `tempo-simplest-${component}.shop.svc.cluster.local`;
  const first = (scheme: string, timeout = "30s") => [
    "--traces.tenant-header=x-scope-orgid",
    "--web.listen=0.0.0.0:8080",
    "--web.internal.listen=0.0.0.0:8081",
    `--traces.write.otlpgrpc.endpoint=${host("distributor")}:4317`,
    `--traces.write.otlphttp.endpoint=${scheme}://${host("distributor")}:4318`,
    `--traces.write-timeout=${timeout}`,
    `--traces.tempo.endpoint=${scheme}://${host("query-frontend")}:3200`,
    "--grpc.listen=0.0.0.0:8090",
    "--rbac.config=/etc/tempo-gateway/cm/rbac.yaml",
    "--tenants.config=/etc/tempo-gateway/secret/tenants.yaml",
    "--log.level=info",
  ];
  const internal = [
    "--tls.internal.server.key-file=/var/run/tls/server/tls.key",
    "--tls.internal.server.cert-file=/var/run/tls/server/tls.crt",
    "--traces.tls.key-file=/var/run/tls/server/tls.key",
    "--traces.tls.cert-file=/var/run/tls/server/tls.crt",
    "--traces.tls.ca-file=/var/run/ca/service-ca.crt",
    "--traces.tls.watch-certs=true",
    "--tls.cipher-suites=TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256",
    "--tls.min-version=VersionTLS13",
  ];
  const serving = [
    "--tls.server.cert-file=/etc/tempo-gateway/serving-certs/tls.crt",
    "--tls.server.key-file=/etc/tempo-gateway/serving-certs/tls.key",
    "--tls.healthchecks.server-ca-file=/etc/tempo-gateway/cabundle/service-ca.crt",
    `--tls.healthchecks.server-name=${host("gateway")}`,
    "--web.healthchecks.url=https://localhost:8080",
    "--tls.client-auth-type=NoClientCert",
  ];
  const jaegerOn = { gateway: gatewayOn(), queryFrontend: { jaegerQuery: { enabled: true } } };
  const tracing = {
    sampling_fraction: "0.5",
    otlp_http_endpoint: "http://otel:4318",
    jaeger_agent_endpoint: "localhost:6831",
  };

  it.each<[string, ReturnType<typeof of>, readonly string[]]>([
    ["in clear", of({}, { gates: inClear }), first("http")],
    ["1 to 12 with encryption", of(), [...first("https"), ...internal]],
    ["6 with a timeout", of({ timeout: "2m" }, { gates: inClear }), first("http", "2m0s")],
    [
      "12 without a profile",
      of({}, { settings: { tlsProfile: { minVersion: "", cipherSuites: [] } } }),
      [...first("https"), ...internal.slice(0, 6)],
    ],
    ["13 with OpenShift's certificates", openshift(), [...first("https"), ...internal, ...serving]],
    ["13 not in mode static", of({}, { gates: { ...inClear, "openshift.servingCertsService": true } }), first("http")],
    [
      "14 with the Jaeger UI",
      of({ template: jaegerOn }),
      [...first("https"), ...internal, `--traces.read.endpoint=https://${host("query-frontend")}:16686`],
    ],
    [
      "14 with the Jaeger UI, in clear",
      of({ template: jaegerOn }, { gates: inClear }),
      [...first("http"), `--traces.read.endpoint=http://${host("query-frontend")}:16686`],
    ],
    [
      "15 with query RBAC",
      of({ template: { gateway: gatewayOn({ rbac: { enabled: true } }) } }, { gates: inClear }),
      [...first("http"), "--traces.query-rbac=true"],
    ],
    [
      "16 with traces of its own",
      of({ observability: { tracing } }, { gates: inClear }),
      [
        ...first("http"),
        "--internal.tracing.otlp-http-endpoint=http://otel:4318",
        "--internal.tracing.sampling-fraction=0.5",
      ],
    ],
  ])("3.10: %s", (_, given, args) => {
    expect(gateway(given).args).toEqual(args);
  });
});

describe("gatewayObjects: pods", () => {
  it("3.10: has ports, probes, and read-only files", () => {
    const { ports, livenessProbe, readinessProbe, volumeMounts, image, securityContext } = gateway(of());
    expect(ports).toEqual([
      { name: "grpc-public", containerPort: 8090 },
      { name: "internal", containerPort: 8081 },
      { name: "public", containerPort: 8080 },
    ]);
    const httpGet = { port: "internal", scheme: "HTTPS" };
    expect(livenessProbe).toEqual({
      httpGet: { path: "/live", ...httpGet },
      timeoutSeconds: 2,
      periodSeconds: 30,
      failureThreshold: 10,
    });
    expect(readinessProbe).toEqual({
      httpGet: { path: "/ready", ...httpGet },
      timeoutSeconds: 1,
      periodSeconds: 5,
      failureThreshold: 12,
    });
    expect(volumeMounts).toEqual([
      { name: "rbac", mountPath: "/etc/tempo-gateway/cm", readOnly: true },
      { name: "tenant", mountPath: "/etc/tempo-gateway/secret/tenants.yaml", subPath: "tenants.yaml", readOnly: true },
      { name: "tempo-simplest-ca-bundle", mountPath: "/var/run/ca" },
      { name: "tempo-simplest-gateway-mtls", mountPath: "/var/run/tls/server" },
    ]);
    expect(of().pod("gateway").volumes).toEqual([
      { name: "rbac", configMap: { name: "tempo-simplest-gateway", items: [{ key: "rbac.yaml", path: "rbac.yaml" }] } },
      {
        name: "tenant",
        secret: { secretName: "tempo-simplest-gateway", items: [{ key: "tenants.yaml", path: "tenants.yaml" }] },
      },
      { name: "tempo-simplest-ca-bundle", configMap: { name: "tempo-simplest-ca-bundle" } },
      { name: "tempo-simplest-gateway-mtls", secret: { secretName: "tempo-simplest-gateway-mtls" } },
    ]);
    expect(image).toBe("quay.io/observatorium/api:main-2026-08-13-db2b289");
    expect(securityContext?.readOnlyRootFilesystem).toBe(true);
  });

  it("3.10: is asked in clear, and shows no certificate, without encryption", () => {
    const given = of({}, { gates: inClear });
    expect(gateway(given).readinessProbe?.httpGet?.scheme).toBe("HTTP");
    expect(given.pod("gateway").volumes?.map(({ name }) => name)).toEqual(["rbac", "tenant"]);
  });

  it("3.10: mounts OpenShift's certificate and its CA", () => {
    const given = openshift();
    expect(gateway(given).volumeMounts?.slice(2, 4)).toEqual([
      { name: "serving-certs", mountPath: "/etc/tempo-gateway/serving-certs", readOnly: true },
      { name: "cabundle", mountPath: "/etc/tempo-gateway/cabundle", readOnly: true },
    ]);
    expect(given.pod("gateway").volumes?.slice(2, 4)).toEqual([
      { name: "serving-certs", secret: { secretName: "tempo-simplest-gateway-tls" } },
      { name: "cabundle", configMap: { name: "tempo-simplest-gateway-cabundle" } },
    ]);
  });

  it("3.10: runs as its own account in mode openshift, else as the stack's", () => {
    expect(openshift().pod("gateway").serviceAccountName).toBe("tempo-simplest-gateway");
    expect(of().pod("gateway").serviceAccountName).toBe("tempo-simplest");
    expect(of({ serviceAccount: "mine" }).pod("gateway").serviceAccountName).toBe("mine");
  });

  it("3.1.5, 2.1.10: takes replicas, placement, and security context of its component", () => {
    const component = {
      replicas: 3,
      nodeSelector: { disk: "ssd" },
      tolerations: [{ key: "a", operator: "Exists" as const }],
      podSecurityContext: { fsGroup: 7 },
    };
    const given = of({ template: { gateway: gatewayOn({ component }) } });
    const { replicas, selector } = given.of<Deployment>("Deployment", "tempo-simplest-gateway").spec!;
    expect({ replicas, selector }).toEqual({ replicas: 3, selector: { matchLabels: labels } });
    const { nodeSelector, tolerations, securityContext, affinity } = given.pod("gateway");
    expect({ nodeSelector, tolerations, securityContext }).toEqual({
      nodeSelector: { disk: "ssd" },
      tolerations: [{ key: "a", operator: "Exists" }],
      securityContext: { fsGroup: 7 },
    });
    expect(
      affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.map(({ weight }) => weight),
    ).toEqual([100, 75]);
  });

  it("quirk 20: keeps the replicas that an autoscaler has chosen", () => {
    const input = stackInput({ tenants: staticTenants, template: { gateway: gatewayOn() } });
    const objects = gatewayObjects({ ...input, scaled: new Map([["tempo-simplest-gateway", 7]]) });
    expect(rendered(objects).of<Deployment>("Deployment", "tempo-simplest-gateway").spec?.replicas).toBe(7);
  });

  it("3.14: is spread over zones without knowing its own, and gossips with nobody", () => {
    const template = of({ replicationZones: [{ topologyKey: "zone", maxSkew: 2 }] }).template("gateway");
    expect(template.metadata?.labels).toEqual({ ...labels, "tempo.grafana.com/zone-aware": "enabled" });
    expect(template.metadata?.annotations?.["tempo.grafana.com/availability-zone-labels"]).toBe("zone");
    expect(template.spec?.topologySpreadConstraints).toMatchObject([
      { maxSkew: 2, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" },
    ]);
    expect(template.spec?.initContainers).toBeUndefined();
    expect(template.spec?.containers[0]?.env).toBeUndefined();
  });

  it("3.1.6: carries digests of its files, of tempo.yaml and of certificates", () => {
    const given = of({}, { more: { certificates: { objects: [], hash: "certs" }, referencesHash: "refs" } });
    const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
    const rbac = given.of<ConfigMap>("ConfigMap", "tempo-simplest-gateway").data!["rbac.yaml"]!;
    const tenants = Buffer.from(given.of<Secret>("Secret", "tempo-simplest-gateway").data!["tenants.yaml"]!, "base64");
    expect(given.template("gateway").metadata?.annotations).toEqual({
      "tempo.grafana.com/config.hash": expect.stringMatching(/^[0-9a-f]{64}$/),
      "tempo.grafana.com/rbacConfig.hash": sha256(rbac),
      "tempo.grafana.com/tenantsConfig.hash": sha256(tenants.toString()),
      "tempo.grafana.com/cert-hash": "certs",
      "tempo.grafana.com/references.hash": "refs",
    });
  });

  it("3.1.9: asks for the OpenTelemetry sidecar's attention when it traces", () => {
    const tracing = {
      sampling_fraction: "1",
      otlp_http_endpoint: "http://o:4318",
      jaeger_agent_endpoint: "localhost:6831",
    };
    const { metadata, spec } = of({ observability: { tracing } }).template("gateway");
    expect(metadata?.annotations?.["sidecar.opentelemetry.io/inject"]).toBe("true");
    expect(spec?.containers[0]?.env).toBeUndefined();
  });

  it("3.1.7: hands the operator's proxies on, to the gateway alone", () => {
    const settings = { proxy: [{ name: "HTTP_PROXY", value: "http://proxy" }], gates: openshiftSettings.gates };
    const { containers } = openshift({}, { settings }).pod("gateway");
    expect(containers.map(({ env }) => env)).toEqual([[{ name: "HTTP_PROXY", value: "http://proxy" }], undefined]);
  });

  it.each<[string, Spec, unknown, unknown]>([
    ["nothing without a size", {}, {}, {}],
    [
      "requests of the size",
      { size: "1x.small" },
      { requests: { cpu: "800m", memory: "192Mi" } },
      { requests: { cpu: "100m", memory: "64Mi" } },
    ],
    [
      "its share of the total",
      { resources: { total: { limits: { cpu: "2", memory: "2Gi" } } } },
      { limits: { cpu: "80m", memory: "64424508" }, requests: { cpu: "24m", memory: "19327354" } },
      { limits: { cpu: "40m", memory: "42949672" }, requests: { cpu: "12m", memory: "12884902" } },
    ],
    [
      "its share, which replicas do not divide, while they do the policy agent's",
      {
        resources: { total: { limits: { cpu: "2" } } },
        template: { gateway: gatewayOn({ component: { replicas: 2 } }) },
      },
      { limits: { cpu: "80m" }, requests: { cpu: "24m" } },
      { limits: { cpu: "20m" }, requests: { cpu: "6m" } },
    ],
    [
      "its own",
      {
        size: "1x.small",
        template: { gateway: gatewayOn({ component: { resources: { limits: { memory: "1Gi" } } } }) },
      },
      { limits: { memory: "1Gi" } },
      { requests: { cpu: "100m", memory: "64Mi" } },
    ],
  ])("2.1.12, 2.1.13: has as resources %s", (_, spec, ofGateway, ofAgent) => {
    const { containers } = openshift(spec).pod("gateway");
    expect(containers.map(({ resources }) => resources)).toEqual([ofGateway, ofAgent]);
    const limit = (ofGateway as { limits?: { memory?: string } }).limits?.memory;
    expect(containers[0]?.env?.map(({ name }) => name)).toEqual(limit === undefined ? undefined : ["GOMEMLIMIT"]);
  });
});

describe("gatewayObjects: policy agent", () => {
  const args = [
    "--log.level=warn",
    "--web.listen=:8082",
    "--web.internal.listen=:8083",
    "--web.healthchecks.url=http://localhost:8082",
    "--opa.package=tempostack",
    "--opa.ssar",
  ];
  const mappings = ["--openshift.mappings=dev=tempo.grafana.com", "--openshift.mappings=prod=tempo.grafana.com"];

  it("3.10: stands beside the gateway in mode openshift, without a security context", () => {
    expect(openshift().container("gateway", "tempo-gateway-opa")).toEqual({
      name: "tempo-gateway-opa",
      image: "quay.io/observatorium/opa-openshift:main-2026-07-01-dbb77e0",
      args: [...args, ...mappings],
      ports: [
        { name: "opa-http", containerPort: 8082 },
        { name: "opa-metrics", containerPort: 8083 },
      ],
      livenessProbe: {
        httpGet: { path: "/live", port: 8083, scheme: "HTTP" },
        timeoutSeconds: 2,
        periodSeconds: 30,
        failureThreshold: 10,
      },
      readinessProbe: {
        httpGet: { path: "/ready", port: 8083, scheme: "HTTP" },
        timeoutSeconds: 1,
        periodSeconds: 5,
        failureThreshold: 12,
      },
      resources: {},
    });
    expect(of().pod("gateway").containers).toHaveLength(1);
  });

  it("3.10: goes by namespaces with query RBAC", () => {
    const given = openshift({ template: { gateway: gatewayOn({ rbac: { enabled: true } }) } });
    expect(given.container("gateway", "tempo-gateway-opa").args).toEqual([
      ...args,
      "--opa.matcher=kubernetes_namespace_name",
      ...mappings,
    ]);
  });

  it("quirk 2, 2.1.1: takes the stack's images", () => {
    const { containers } = openshift({ images: { tempoGateway: "g:1", tempoGatewayOpa: "o:1" } }).pod("gateway");
    expect(containers.map(({ image }) => image)).toEqual(["g:1", "o:1"]);
  });
});

describe("gatewayObjects: the rest", () => {
  it("3.10: has a Service, and a budget of one pod", () => {
    const service = of().of<Service>("Service", "tempo-simplest-gateway");
    expect(service.metadata?.annotations).toBeUndefined();
    expect(service.spec).toEqual({
      ports: [
        { name: "grpc-public", port: 8090, targetPort: "grpc-public" },
        { name: "internal", port: 8081, targetPort: "internal" },
        { name: "public", port: 8080, targetPort: "public" },
      ],
      selector: labels,
    });
    expect(of().of<PodDisruptionBudget>("PodDisruptionBudget", "tempo-simplest-gateway").spec).toEqual({
      maxUnavailable: 1,
      selector: { matchLabels: labels },
    });
  });

  it.each(["static", "openshift"] as const)("3.10: asks OpenShift for a certificate, mode %s", (mode) => {
    const tenants = mode === "static" ? staticTenants : openshiftTenants;
    const { metadata } = openshift({ tenants }).of<Service>("Service", "tempo-simplest-gateway");
    expect(metadata?.annotations).toEqual({
      "service.beta.openshift.io/serving-cert-secret-name": "tempo-simplest-gateway-tls",
    });
  });

  it("3.10: sends users of each tenant back through the Route", () => {
    const { metadata, automountServiceAccountToken } = openshift().of<ServiceAccount>(
      "ServiceAccount",
      "tempo-simplest-gateway",
    );
    expect(automountServiceAccountToken).toBe(true);
    const annotations = Object.entries(metadata?.annotations ?? {}).map(([key, json]) => [key, JSON.parse(json)]);
    const prefix = "serviceaccounts.openshift.io/oauth-redirectreference";
    const reference = {
      kind: "OAuthRedirectReference",
      apiVersion: "v1",
      reference: { kind: "Route", name: "tempo-simplest-gateway" },
    };
    expect(annotations).toEqual([
      [`${prefix}.dev`, reference],
      [`${prefix}.prod`, reference],
    ]);
  });

  it("3.10: may have tokens reviewed, and takes the role over from an operator before", () => {
    const given = openshift();
    const role = given.of<ClusterRole>("ClusterRole", "tempo-simplest-gateway-shop");
    expect(role.rules).toEqual([
      { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
    ]);
    const { roleRef, subjects } = given.of<ClusterRoleBinding>("ClusterRoleBinding", "tempo-simplest-gateway-shop");
    expect({ roleRef, subjects }).toEqual({
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "tempo-simplest-gateway-shop" },
      subjects: [{ kind: "ServiceAccount", name: "tempo-simplest-gateway", namespace: "shop" }],
    });
    const objects = objectsOf({ tenants: openshiftTenants });
    expect(objects.filter(isChild).map(({ adopt }) => adopt)).toEqual(["ownerless", "ownerless"]);
  });

  it("3.10: leaves the CA to OpenShift", () => {
    const cabundle = openshift().of<ConfigMap>("ConfigMap", "tempo-simplest-gateway-cabundle");
    expect(cabundle.metadata?.annotations).toEqual({ "service.beta.openshift.io/inject-cabundle": "true" });
    expect(cabundle.data).toBeUndefined();
  });

  it("3.10, 3.8: is reached by an Ingress", () => {
    const ingress = {
      type: "ingress",
      host: "tempo.example",
      ingressClassName: "nginx",
      annotations: { a: "b" },
    } as const;
    const { metadata, spec } = of({ template: { gateway: gatewayOn({ ingress }) } }).of<Ingress>(
      "Ingress",
      "tempo-simplest-gateway",
    );
    const backend = { service: { name: "tempo-simplest-gateway", port: { name: "public" } } };
    expect(metadata?.annotations).toEqual({ a: "b" });
    expect(spec).toEqual({
      ingressClassName: "nginx",
      rules: [{ host: "tempo.example", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
    });
  });

  it("3.10, 3.8: is reached by a Route, which mode openshift has unless it is switched off", () => {
    const route = openshift({ timeout: "45s" }).of<Route>("Route", "tempo-simplest-gateway");
    expect(route.metadata?.annotations).toEqual({ "haproxy.router.openshift.io/timeout": "45s" });
    expect(route.spec).toEqual({
      to: { kind: "Service", name: "tempo-simplest-gateway" },
      port: { targetPort: "public" },
      tls: { termination: "reencrypt" },
      wildcardPolicy: "None",
    });
    const off = openshift({ template: { gateway: gatewayOn({ ingress: { type: "none" } }) } });
    expect(off.has("Route", "tempo-simplest-gateway")).toBe(false);
  });

  it("3.10: states tenants and roles of mode static", () => {
    const given = of();
    expect(given.of<ConfigMap>("ConfigMap", "tempo-simplest-gateway").data).toEqual({
      "rbac.yaml": `roleBindings:
- name: team
  roles:
  - read-write
  subjects:
  - kind: group
    name: admins
roles:
- name: read-write
  permissions:
  - read
  - write
  resources:
  - traces
  tenants:
  - dev
`,
    });
    const secret = given.of<Secret>("Secret", "tempo-simplest-gateway");
    expect(Buffer.from(secret.data!["tenants.yaml"]!, "base64").toString()).toBe(`tenants:
- name: dev
  id: 1610b0c3
  oidc:
    clientID: tempo
    clientSecret: s3cret
    issuerURL: https://login.example
    redirectURL: https://tempo.example/oidc/dev/callback
    usernameClaim: email
    groupClaim: groups
`);
  });

  it("3.10: states logins of mode openshift, and no roles", () => {
    const given = openshift();
    expect(given.of<ConfigMap>("ConfigMap", "tempo-simplest-gateway").data).toEqual({ "rbac.yaml": "" });
    const secret = given.of<Secret>("Secret", "tempo-simplest-gateway");
    const tenant = (name: string, id: string, cookieSecret: string) => `- name: ${name}
  id: ${id}
  openshift:
    serviceAccount: tempo-simplest-gateway
    redirectURL: https://tempo-simplest-gateway-shop.apps.example/openshift/${name}/callback
    cookieSecret: ${cookieSecret}
  opa:
    url: http://localhost:8082/v1/data/tempostack/allow
    withAccessToken: true
`;
    expect(Buffer.from(secret.data!["tenants.yaml"]!, "base64").toString()).toBe(
      `tenants:\n${tenant("dev", "1610b0c3", '"12345678901234567890123456789012"')}${tenant("prod", "6094b0f1", "abcdefghijklmnopqrstuvwxyzABCDEF")}`,
    );
  });
});
