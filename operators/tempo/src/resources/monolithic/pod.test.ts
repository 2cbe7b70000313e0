import type { ConfigMap } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { sha256 } from "../pod/hash-annotations.ts";
import {
  annotationsOf,
  bucket,
  containerOf,
  type Given,
  oidcTenants,
  openshiftTenants,
  podOf,
  rendered,
  s3,
  setOf,
  tempoYamlOf,
  withJaeger,
} from "./rendered.test-support.ts";

const routes = { "openshift.route": true } as const;
const serving = { "openshift.servingCertsService": true } as const;
const labels = {
  "app.kubernetes.io/name": "tempo-monolithic",
  "app.kubernetes.io/instance": "single",
  "app.kubernetes.io/managed-by": "tempo-operator",
  "app.kubernetes.io/component": "tempo",
};
const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
};

it("3.15: is this StatefulSet where nothing is said", () => {
  expect(setOf()).toEqual({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "tempo-single", labels },
    spec: {
      podManagementPolicy: "Parallel",
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: { "tempo.grafana.com/tempoConfig.hash": sha256(tempoYamlOf()) } },
        spec: {
          serviceAccountName: "tempo-single",
          securityContext: { fsGroup: 10001 },
          affinity: {
            podAntiAffinity: {
              preferredDuringSchedulingIgnoredDuringExecution: [
                {
                  weight: 100,
                  podAffinityTerm: { labelSelector: { matchLabels: labels }, topologyKey: "kubernetes.io/hostname" },
                },
                {
                  weight: 75,
                  podAffinityTerm: {
                    labelSelector: { matchLabels: labels },
                    topologyKey: "failure-domain.beta.kubernetes.io/zone",
                  },
                },
              ],
            },
          },
          containers: [
            {
              name: "tempo",
              image: "docker.io/grafana/tempo:2.10.8",
              args: [
                "-config.file=/conf/tempo.yaml",
                "-mem-ballast-size-mbs=1024",
                "-log.level=info",
                "-config.expand-env=true",
              ],
              ports: [
                { name: "http", containerPort: 3200 },
                { name: "tempo-internal", containerPort: 3101 },
                { name: "otlp-grpc", containerPort: 4317 },
                { name: "otlp-http", containerPort: 4318 },
              ],
              readinessProbe: {
                httpGet: { path: "/ready", port: "tempo-internal", scheme: "HTTP" },
                initialDelaySeconds: 15,
                timeoutSeconds: 1,
              },
              resources: {},
              securityContext: restricted,
              volumeMounts: [
                { name: "tempo-conf", mountPath: "/conf", readOnly: true },
                { name: "tempo-storage", mountPath: "/var/tempo" },
              ],
            },
          ],
          volumes: [
            { name: "tempo-conf", configMap: { name: "tempo-single-config" } },
            { name: "tempo-storage", emptyDir: { medium: "Memory", sizeLimit: "2Gi" } },
          ],
        },
      },
    },
  });
});

describe("storage", () => {
  it("2.5 storage.traces.size: limits the memory", () => {
    const given: Given = [{ storage: { traces: { backend: "memory", size: "512Mi" } } }];
    expect(podOf(...given).volumes).toContainEqual({
      name: "tempo-storage",
      emptyDir: { medium: "Memory", sizeLimit: "512Mi" },
    });
    expect(setOf(...given).spec).not.toHaveProperty("volumeClaimTemplates");
  });

  const claim = (storage: string, more: object = {}) => ({
    metadata: { name: "tempo-storage" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } }, volumeMode: "Filesystem", ...more },
  });

  it.each<[string, Given, object]>([
    ["by default", [{ storage: { traces: { backend: "pv" } } }, { storage: { type: "pv" } }], claim("10Gi")],
    [
      "of a size and class",
      [{ storage: { traces: { backend: "pv", size: "20Gi", storageClassName: "ssd" } } }, { storage: { type: "pv" } }],
      claim("20Gi", { storageClassName: "ssd" }),
    ],
    [
      "of no class at all",
      [{ storage: { traces: { backend: "pv", storageClassName: "" } } }, { storage: { type: "pv" } }],
      claim("10Gi", { storageClassName: "" }),
    ],
    ["for the write-ahead log of an object store", [bucket("s3"), { storage: s3 }], claim("10Gi")],
  ])("2.5 storage.traces.size, storageClassName: claims a volume %s", (_, given, expected) => {
    expect(setOf(...given).spec?.volumeClaimTemplates).toEqual([expected]);
    expect(podOf(...given).volumes?.map(({ name }) => name)).not.toContain("tempo-storage");
    expect(containerOf("tempo", ...given).volumeMounts).toContainEqual({
      name: "tempo-storage",
      mountPath: "/var/tempo",
    });
  });

  const fromSecret = (name: string, key: string) => ({ name, valueFrom: { secretKeyRef: { name: "bucket", key } } });

  it("2.5 storage.traces.s3.secret: gives Tempo its keys", () => {
    const { env, args } = containerOf("tempo", bucket("s3"), { storage: s3 });
    expect(env).toEqual([
      fromSecret("S3_SECRET_KEY", "access_key_secret"),
      fromSecret("S3_ACCESS_KEY", "access_key_id"),
    ]);
    expect(args?.slice(-2)).toEqual([
      "--storage.trace.s3.secret_key=$(S3_SECRET_KEY)",
      "--storage.trace.s3.access_key=$(S3_ACCESS_KEY)",
    ]);
  });

  it("2.5 storage.traces.azure.secret: gives Tempo its account", () => {
    const storage = { type: "azure", mode: "static", container: "c", accountName: "a" } as const;
    const { env } = containerOf("tempo", bucket("azure"), { storage });
    expect(env).toEqual([
      fromSecret("AZURE_ACCOUNT_NAME", "account_name"),
      fromSecret("AZURE_ACCOUNT_KEY", "account_key"),
    ]);
  });

  it("2.5 storage.traces.gcs.secret: is mounted", () => {
    const given: Given = [bucket("gcs"), { storage: { type: "gcs", mode: "static", bucket: "b" } }];
    expect(podOf(...given).volumes).toContainEqual({ name: "storage-gcs-key", secret: { secretName: "bucket" } });
    expect(containerOf("tempo", ...given).env).toEqual([
      { name: "GOOGLE_APPLICATION_CREDENTIALS", value: "/etc/storage/secrets/key.json" },
    ]);
  });

  it("2.5 storage.traces.s3.tls: mounts CA and certificate", () => {
    const tls = { ca: { configMap: "s3-ca", key: "ca.crt" }, certSecret: "s3-cert" };
    const given: Given = [bucket("s3"), { storage: { ...s3, tls } }];
    expect(containerOf("tempo", ...given).volumeMounts?.slice(2)).toEqual([
      { name: "s3-ca", mountPath: "/var/run/tls/storage/ca", readOnly: true },
      { name: "s3-cert", mountPath: "/var/run/tls/storage/cert", readOnly: true },
    ]);
    expect(tempoYamlOf(...given)).toContain("tls_ca_path: /var/run/tls/storage/ca/ca.crt");
  });

  it("2.5 storage.traces.s3.credentialMode token: needs nothing in the pod", () => {
    const storage = { ...s3, mode: "token", region: "eu", roleArn: "arn:r" } as const;
    expect(containerOf("tempo", bucket("s3"), { storage })).not.toHaveProperty("env");
  });

  it("2.5 storage.traces.s3.credentialMode token-cco: takes on the operator's role", () => {
    const storage = { ...s3, mode: "token-cco", region: "eu" } as const;
    const given: Given = [
      bucket("s3"),
      { storage, settings: { roleArn: "arn:role" }, more: { storageSecretHash: "digest" } },
    ];
    expect(containerOf("tempo", ...given).env).toContainEqual({ name: "AWS_ROLE_ARN", value: "arn:role" });
    expect(podOf(...given).volumes).toContainEqual({
      name: "token-auth-config",
      secret: { secretName: "single-managed-credentials" },
    });
    expect(annotationsOf(...given)["tempo.grafana.com/token.cco.auth.hash"]).toBe("digest");
  });
});

describe("receivers", () => {
  const receivers = (given: Given) => {
    const mounts = containerOf("tempo", ...given).volumeMounts ?? [];
    return Object.fromEntries(
      mounts.filter(({ mountPath }) => mountPath.includes("receiver")).map((mount) => [mount.mountPath, mount.name]),
    );
  };
  const both = (tls: object) => ({
    ingestion: { otlp: { grpc: { enabled: true, tls }, http: { enabled: true, tls } } },
  });

  it("2.5 ingestion.otlp.{grpc,http}.enabled: opens ports", () => {
    const off = { ingestion: { otlp: { grpc: { enabled: false }, http: { enabled: false } } } };
    expect(containerOf("tempo", off).ports?.map(({ name }) => name)).toEqual(["http", "tempo-internal"]);
  });

  it.each<[string, Given, object]>([
    [
      "of both receivers",
      [both({ enabled: true, caName: "ca", certName: "cert" })],
      {
        "/var/run/ca-receiver/grpc": "ca",
        "/var/run/tls/receiver/grpc": "cert",
        "/var/run/ca-receiver/http": "ca",
        "/var/run/tls/receiver/http": "cert",
      },
    ],
    [
      "of one receiver, without a CA",
      [{ ingestion: { otlp: { http: { enabled: true, tls: { enabled: true, certName: "Cert.1" } } } } }],
      { "/var/run/tls/receiver/http": "cert-1" },
    ],
    ["of none where TLS is off", [both({ enabled: false, caName: "ca", certName: "cert" })], {}],
    [
      "that OpenShift issues",
      [both({ enabled: true }), { gates: serving }],
      {
        "/var/run/tls/receiver/grpc": "tempo-single-serving-cert",
        "/var/run/tls/receiver/http": "tempo-single-serving-cert",
      },
    ],
    [
      "that OpenShift issues for the gateway",
      [
        { ...oidcTenants, ingestion: { otlp: { http: { enabled: true, tls: { enabled: true } } } } },
        { gates: serving },
      ],
      { "/var/run/tls/receiver/http": "tempo-single-gateway-serving-cert" },
    ],
  ])("2.5 ingestion.otlp.*.tls.{caName,certName}: mounts certificates %s", (_, given, expected) => {
    expect(receivers(given)).toEqual(expected);
  });

  it("3.1.10: has a volume once that both receivers use", () => {
    const volumes = podOf(both({ enabled: true, caName: "ca", certName: "cert" })).volumes ?? [];
    expect(volumes.map(({ name }) => name)).toEqual(["tempo-conf", "tempo-storage", "ca", "cert"]);
  });

  it("2.5 ingestion.otlp.*.tls.{minVersion,cipherSuites}: are in tempo.yaml", () => {
    const text = tempoYamlOf(both({ enabled: true, certName: "c", minVersion: "1.2", cipherSuites: ["SUITE"] }));
    expect(text.match(/min_version: "1.2"\n +cipher_suites:\n +- SUITE/g)).toHaveLength(2);
  });
});

describe("placement", () => {
  it.each<[string, Given[0], object]>([
    ["nodeSelector", { nodeSelector: { disk: "ssd" } }, { nodeSelector: { disk: "ssd" } }],
    ["tolerations", { tolerations: [{ key: "k", operator: "Exists" }] }, { tolerations: [{ key: "k" }] }],
    [
      "podSecurityContext",
      { podSecurityContext: { runAsUser: 7 } },
      { securityContext: { runAsUser: 7, fsGroup: 10001 } },
    ],
    ["affinity", { affinity: { podAffinity: {} } }, { affinity: { podAffinity: {} } }],
    ["serviceAccount", { serviceAccount: "mine" }, { serviceAccountName: "mine" }],
  ])("2.5 %s: is the pod's", (_, spec, expected) => {
    expect(podOf(spec)).toMatchObject(expected);
  });

  it("2.5 affinity: replaces the operator's own wholly", () => {
    expect(podOf({ affinity: {} }).affinity).toEqual({});
  });
});

describe("environment and resources", () => {
  const limits = { limits: { memory: "1k" } };

  it("2.5 env, envFrom: come last, to Tempo alone", () => {
    const given: Given = [
      {
        ...withJaeger(),
        env: [{ name: "MINE", value: "1" }],
        envFrom: [{ secretRef: { name: "more" } }],
        resources: limits,
      },
      { settings: { proxy: [{ name: "HTTP_PROXY", value: "http://proxy" }] } },
    ];
    const tempo = containerOf("tempo", ...given);
    expect(tempo.env?.map(({ name }) => name)).toEqual(["HTTP_PROXY", "GOMEMLIMIT", "MINE"]);
    expect(tempo.envFrom).toEqual([{ secretRef: { name: "more" } }]);
    const others = podOf(...given).containers.slice(1);
    expect(others.map(({ name, env }) => [name, env?.map((variable) => variable.name)])).toEqual([
      ["jaeger-query", ["HTTP_PROXY"]],
      ["tempo-query", ["HTTP_PROXY"]],
    ]);
    expect(others.filter((other) => other.envFrom)).toEqual([]);
  });

  it.each<[string, Given, string, boolean]>([
    ["resources", [{ resources: limits }], "tempo", true],
    ["jaegerui.resources", [withJaeger({ resources: limits })], "jaeger-query", true],
    ["jaegerui.tempoQueryResources", [withJaeger({ tempoQueryResources: limits })], "tempo-query", true],
    [
      "jaegerui.authentication.resources",
      [
        withJaeger({ route: { enabled: true }, authentication: { enabled: true, resources: limits } }),
        { gates: routes },
      ],
      "oauth-proxy",
      false,
    ],
    [
      "multitenancy.resources",
      [{ multitenancy: { ...oidcTenants.multitenancy, resources: limits } }],
      "tempo-gateway",
      false,
    ],
    [
      "multitenancy.resources",
      [{ multitenancy: { ...openshiftTenants.multitenancy, resources: limits } }],
      "tempo-gateway-opa",
      false,
    ],
  ])("2.5 %s, 3.17: are those of the right container, with a memory limit for Go", (_, given, name, isLimited) => {
    const { resources, env = [] } = containerOf(name, ...given);
    expect(resources).toEqual(limits);
    expect(env.find((variable) => variable.name === "GOMEMLIMIT")?.value).toBe(isLimited ? "800" : undefined);
    const others = podOf(...given).containers.filter(
      (container) => container.name !== name && container.name !== "tempo-gateway",
    );
    for (const other of others) expect(other.resources ?? {}).toEqual({});
  });
});

describe("jaegerui", () => {
  const queryArgs = [
    "--query.base-path=/",
    "--span-storage.type=grpc",
    "--grpc-storage.server=localhost:7777",
    "--query.bearer-token-propagation=true",
  ];
  const tenantArgs = ["--multi-tenancy.enabled=true", "--multi-tenancy.header=x-scope-orgid"];
  const localArgs = [
    "--query.grpc-server.host-port=localhost:16685",
    "--query.http-server.host-port=localhost:16686",
    "--admin.http.host-port=localhost:16687",
  ];

  it.each<[string, Given[0], readonly string[]]>([
    ["alone", {}, queryArgs],
    ["with tenants", { multitenancy: { enabled: true, mode: "static" } }, [...queryArgs, ...tenantArgs]],
    ["behind the gateway", oidcTenants, [...queryArgs, ...tenantArgs, ...localArgs]],
  ])("3.15: jaeger-query is started so %s", (_, spec, args) => {
    const container = containerOf("jaeger-query", { ...withJaeger(), ...spec });
    expect(container.args).toEqual(args);
    expect(container).not.toHaveProperty("readinessProbe");
    expect(container.volumeMounts?.[0]).toEqual({ name: "tempo-query-tmp", mountPath: "/tmp" });
  });

  it("3.15: tempo-query reads its file and has no probe", () => {
    expect(containerOf("tempo-query", withJaeger())).toEqual({
      name: "tempo-query",
      image: "docker.io/grafana/tempo-query:2.10.8",
      args: ["-config=/conf/tempo-query.yaml"],
      ports: [{ name: "proxy-grpc", containerPort: 7777 }],
      resources: {},
      securityContext: restricted,
      volumeMounts: [{ name: "tempo-conf", mountPath: "/conf", readOnly: true }],
    });
  });

  const login = (more: object = {}): Given => [
    withJaeger({ route: { enabled: true }, authentication: { enabled: true, ...more } }),
    { gates: routes },
  ];

  it("2.5 jaegerui.authentication.enabled: puts OpenShift's login before it", () => {
    const proxy = containerOf("oauth-proxy", ...login());
    expect(proxy.args).toEqual([
      "--cookie-secret-file=/var/run/secrets/kubernetes.io/serviceaccount/token",
      "--https-address=:8443",
      "--openshift-service-account=tempo-single",
      "--provider=openshift",
      "--tls-cert=/etc/tls/private/tls.crt",
      "--tls-key=/etc/tls/private/tls.key",
      "--upstream=http://localhost:16686",
      "--upstream-timeout=30s",
      '--openshift-sar={"namespace": "shop", "resource": "pods", "verb": "get"}',
    ]);
    expect(proxy.volumeMounts).toEqual([{ name: "single-ui-oauth-proxy-tls", mountPath: "/etc/tls/private" }]);
  });

  it("2.5 jaegerui.authentication.sar: is what users must pass", () => {
    expect(containerOf("oauth-proxy", ...login({ sar: '{"verb":"list"}' })).args?.at(-1)).toBe(
      '--openshift-sar={"verb":"list"}',
    );
  });

  it("2.5 serviceAccount: stands for the client at the login", () => {
    const [spec, circumstances] = login();
    const { args } = containerOf("oauth-proxy", { ...spec, serviceAccount: "mine" }, circumstances);
    expect(args).toContain("--openshift-service-account=mine");
  });

  it.each<[string, Given, readonly string[]]>([
    ["alone", [withJaeger()], ["tempo", "jaeger-query", "tempo-query"]],
    ["with a login", login(), ["tempo", "jaeger-query", "tempo-query", "oauth-proxy"]],
    [
      "without a Route there is no login",
      [withJaeger({ authentication: { enabled: true } }), { gates: routes }],
      ["tempo", "jaeger-query", "tempo-query"],
    ],
    [
      "the gateway has its own login",
      [{ ...login()[0], ...openshiftTenants }, { gates: routes }],
      ["tempo", "jaeger-query", "tempo-query", "tempo-gateway", "tempo-gateway-opa"],
    ],
  ])("3.15: is run by these containers: %s", (_, given, names) => {
    expect(podOf(...given).containers.map(({ name }) => name)).toEqual(names);
  });
});

describe("restarts", () => {
  const annotation = (key: string) => `tempo.grafana.com/${key}`;

  it("3.1.6: follow the configuration", () => {
    expect(annotationsOf({ timeout: "1m" })).not.toEqual(annotationsOf());
    const jaeger = withJaeger();
    const map = rendered(jaeger).get("ConfigMap/tempo-single-config") as ConfigMap;
    expect(annotationsOf(jaeger)).toEqual({
      [annotation("tempoConfig.hash")]: sha256(map.data!["tempo.yaml"]!),
      [annotation("tempoQueryConfig.hash")]: sha256(map.data!["tempo-query.yaml"]!),
    });
  });

  it("3.1.6: follow certificates and what belongs to the user", () => {
    const more = { certificates: { hash: "certs", objects: [] }, referencesHash: "references" };
    expect(annotationsOf({}, { more })).toMatchObject({
      [annotation("cert-hash")]: "certs",
      [annotation("references.hash")]: "references",
    });
  });

  it("3.1.6: follow the gateway's files", () => {
    const tenants = (clientID: string): Given => [
      oidcTenants,
      { more: { tenants: new Map([["dev", { oidc: { clientID } }]]) } },
    ];
    const [one, other] = [annotationsOf(...tenants("one")), annotationsOf(...tenants("other"))];
    expect(one[annotation("tenantsConfig.hash")]).not.toBe(other[annotation("tenantsConfig.hash")]);
    expect(one[annotation("rbacConfig.hash")]).toBe(other[annotation("rbacConfig.hash")]);
    expect(one[annotation("rbacConfig.hash")]).toMatch(/^[0-9a-f]{64}$/);
  });
});
