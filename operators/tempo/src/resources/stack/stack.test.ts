import type { Deployment, Service, StatefulSet } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import type { TempoStackSpec } from "../../api/tempo-stack.ts";
import { stackInput } from "../input.test-support.ts";
import { type Rendered, renderedInput, stackOf } from "./rendered.test-support.ts";

const everything = {
  tenants: { mode: "openshift" as const, authentication: [{ tenantName: "dev", tenantId: "1" }] },
  replicationZones: [{ maxSkew: 1, topologyKey: "zone" }],
  hashRing: { memberlist: { instanceAddrType: "podIP" as const } },
  env: [{ name: "A", value: "1" }],
  observability: {
    metrics: { createServiceMonitors: true, createPrometheusRules: true },
    tracing: {
      sampling_fraction: "1.0",
      otlp_http_endpoint: "http://otel:4318",
      jaeger_agent_endpoint: "localhost:6831",
    },
  },
  template: {
    queryFrontend: { jaegerQuery: { enabled: true } },
    gateway: { enabled: true },
    metricsGenerator: { enabled: true, remoteWriteURLs: ["http://p:9090/api/v1/write"] },
  },
} satisfies Partial<TempoStackSpec>;
const prometheus = { gates: { prometheusOperator: true } };

describe("all objects of a stack", () => {
  it("3.2: come in the order of making", () => {
    const kinds = stackOf(everything, prometheus).names.map((name) => name.replace("tempo-simplest", "~"));
    const at = (name: string) => {
      expect(kinds).toContain(name);
      return kinds.indexOf(name);
    };
    const order = [
      ...["ConfigMap/~", "ServiceAccount/~", "Deployment/~-distributor", "StatefulSet/~-ingester"],
      ...["Service/~-gossip-ring", "Deployment/~-query-frontend", "Deployment/~-querier", "Deployment/~-compactor"],
      ...["Deployment/~-metrics-generator", "Deployment/~-gateway", "ServiceMonitor/~-compactor"],
      ...["PrometheusRule/simplest-prometheus-rule", "NetworkPolicy/~-gossip"],
    ].map(at);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  it("3.2: are each of another name", () => {
    const { names } = stackOf(everything, prometheus);
    expect(new Set(names).size).toBe(names.length);
  });

  it("3.2: hold the certificates that the operator issues", () => {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "tempo-simplest-signing-ca" } };
    const stack = stackOf({}, { more: { certificates: { objects: [secret], hash: "h" } } });
    expect(stack.of("Secret", "tempo-simplest-signing-ca")).toBe(secret);
  });

  it("3.11: hold a request for credentials in mode token-cco, where the operator has a role", () => {
    const storage = { type: "s3", mode: "token-cco", bucket: "b", endpoint: "e", isHttps: true, region: "r" } as const;
    expect(stackOf({}, { storage, settings: { roleArn: "arn:r" } }).has("CredentialsRequest", "simplest")).toBe(true);
    expect(stackOf().has("CredentialsRequest", "simplest")).toBe(false);
  });

  it("are the same for the same input", () => {
    expect(stackOf(everything).all).toEqual(stackOf(everything).all);
  });
});

describe("the order within container tempo", () => {
  const stack = stackOf(everything, { settings: { proxy: [{ name: "HTTP_PROXY", value: "p" }] } });

  it("3.1.5: has mounts and volumes as the Go operator does", () => {
    expect(stack.container("querier").volumeMounts?.map(({ name }) => name)).toEqual([
      ...["tempo-conf", "tempo-tmp-storage", "tempo-simplest-ca-bundle", "tempo-simplest-querier-mtls"],
    ]);
    expect(stack.pod("querier").volumes?.map(({ name }) => name)).toEqual([
      ...[
        "tempo-conf",
        "tempo-tmp-storage",
        "az-annotation",
        "tempo-simplest-ca-bundle",
        "tempo-simplest-querier-mtls",
      ],
    ]);
  });

  it("3.1.5: has storage between scratch space and certificates, and receivers last", () => {
    const tls = { ca: { configMap: "store", key: "ca.crt" }, certSecret: "store" };
    const storage = { type: "s3", mode: "static", bucket: "b", endpoint: "e", isHttps: true, tls } as const;
    const receivers = { enabled: true, caName: "receivers", certName: "receivers" };
    const other = stackOf({ template: { distributor: { tls: receivers } } }, { storage });
    expect(other.pod("querier").volumes?.map(({ name }) => name)).toEqual([
      ...["tempo-conf", "tempo-tmp-storage", "store", "store-cert"],
      ...["tempo-simplest-ca-bundle", "tempo-simplest-querier-mtls"],
    ]);
    expect(other.pod("distributor").volumes?.map(({ name }) => name)).toEqual([
      ...["tempo-conf", "tempo-tmp-storage"],
      ...["tempo-simplest-ca-bundle", "tempo-simplest-distributor-mtls", "receivers", "receivers-cert"],
    ]);
  });

  it("3.1.5: has the environment from the operator's to the user's", () => {
    const limits = { memory: "1Gi" };
    const template = { ...everything.template, querier: { resources: { limits } } };
    const input = { ...everything, template };
    const settings = { proxy: [{ name: "HTTP_PROXY", value: "p" }] };
    const { env = [] } = stackOf(input, { settings }).container("querier");
    expect(env.map(({ name }) => name)).toEqual([
      ...["HTTP_PROXY", "S3_SECRET_KEY", "S3_ACCESS_KEY", "GOMEMLIMIT"],
      ...["OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"],
      ...["HASH_RING_INSTANCE_ADDR", "INSTANCE_AVAILABILITY_ZONE", "A"],
    ]);
  });
});

describe("2.1.1: the user's environment", () => {
  const names = ({ env = [] }: { readonly env?: readonly { readonly name: string }[] }) => env.map(({ name }) => name);

  it("wins over the operator's, and each variable is there once", () => {
    const env = [
      { name: "S3_SECRET_KEY", value: "mine" },
      { name: "A", value: "1" },
      { name: "A", value: "2" },
    ];
    const container = stackOf({ env }).container("querier");
    expect(names(container)).toEqual(["S3_ACCESS_KEY", "S3_SECRET_KEY", "A"]);
    expect(container.env?.slice(1)).toEqual([env[0], env[2]]);
  });
});

describe("2.1.13: the published figures for 2 CPU and 2Gi behind the gateway", () => {
  const total = { limits: { cpu: "2", memory: "2Gi" } };
  const { observability: _, ...rest } = everything;
  const stack = stackOf({ ...rest, resources: { total } });
  const figures = (cpu: string, cpuRequest: string, memory: string, memoryRequest: string) => ({
    limits: { cpu, memory },
    requests: { cpu: cpuRequest, memory: memoryRequest },
  });

  it.each([
    ["distributor", "tempo", figures("520m", "156m", "236223200", "70866960")],
    ["ingester", "tempo", figures("720m", "216m", "1052267008", "315680128")],
    ["compactor", "tempo", figures("300m", "90m", "365072224", "109521672")],
    ["querier", "tempo", figures("180m", "54m", "300647712", "90194320")],
    ["query-frontend", "tempo", figures("80m", "24m", "42949672", "12884902")],
    ["query-frontend", "tempo-query", figures("80m", "24m", "42949672", "12884902")],
    ["query-frontend", "jaeger-query", figures("80m", "24m", "42949672", "12884902")],
    ["gateway", "tempo-gateway", figures("80m", "24m", "64424508", "19327354")],
    ["gateway", "tempo-gateway-opa", figures("40m", "12m", "42949672", "12884902")],
  ])("are those of %s, container %s", (component, container, resources) => {
    expect(stack.container(component, container).resources).toEqual(resources);
  });
});

describe("3.12: the metrics generator", () => {
  const template = { metricsGenerator: { enabled: true, remoteWriteURLs: ["http://p:9090"] } };
  const spec: Partial<TempoStackSpec> = {
    template,
    env: [{ name: "A", value: "1" }],
    envFrom: [{ secretRef: { name: "s" } }],
  };
  const stack = stackOf(spec);

  it("is a component like the others, with the user's environment and security context (quirk 17)", () => {
    const container = stack.container("metrics-generator");
    expect(container.args?.slice(0, 4)).toEqual([
      "-target=metrics-generator",
      "-config.file=/conf/tempo.yaml",
      "-log.level=info",
      "-config.expand-env=true",
    ]);
    expect(container.ports).toEqual([
      { name: "http", containerPort: 3200 },
      { name: "grpc", containerPort: 9095 },
      { name: "http-memberlist", containerPort: 7946 },
    ]);
    expect(container.env?.map(({ name }) => name)).toEqual(["S3_SECRET_KEY", "S3_ACCESS_KEY", "A"]);
    expect(container.envFrom).toEqual([{ secretRef: { name: "s" } }]);
    expect(container.volumeMounts?.map(({ name }) => name)).toContain("tempo-simplest-metrics-generator-mtls");
    expect(stack.pod("metrics-generator").securityContext).toEqual({ fsGroup: 10001 });
  });

  it("has a Service, a disruption budget, and replicas by the size", () => {
    const { spec: service } = stack.of<Service>("Service", "tempo-simplest-metrics-generator");
    expect(service?.ports).toEqual([
      { name: "http-memberlist", port: 7946, targetPort: "http-memberlist" },
      { name: "http", port: 3200, targetPort: "http" },
      { name: "grpc", port: 9095, targetPort: "grpc" },
    ]);
    expect(stack.has("PodDisruptionBudget", "tempo-simplest-metrics-generator")).toBe(true);
    const replicas = (one: Rendered) =>
      one.of<Deployment>("Deployment", "tempo-simplest-metrics-generator").spec?.replicas;
    expect(replicas(stack)).toBeUndefined();
    expect(replicas(stackOf({ ...spec, size: "1x.small" }))).toBe(3);
  });

  it("2.1.9: is placed and sized by its component block", () => {
    const component = { replicas: 2, nodeSelector: { a: "b" }, resources: { limits: { cpu: "1" } } };
    const metricsGenerator = { ...template.metricsGenerator, component };
    const own = stackOf({ template: { metricsGenerator } });
    expect(own.pod("metrics-generator").nodeSelector).toEqual({ a: "b" });
    expect(own.container("metrics-generator").resources).toEqual({ limits: { cpu: "1" } });
  });

  it("has a share of resources.total, though one on top of it (quirk 17)", () => {
    const { resources, env } = stackOf({ template, resources: { total: { limits: { memory: "2Gi" } } } }).container(
      "metrics-generator",
    );
    expect(resources).toEqual({ limits: { memory: "214748368" }, requests: { memory: "64424512" } });
    expect(env).toContainEqual({ name: "GOMEMLIMIT", value: "171798694" });
  });

  it("is not there when it is off, whatever the size", () => {
    expect(stackOf({ size: "1x.small" }).has("Deployment", "tempo-simplest-metrics-generator")).toBe(false);
  });
});

describe("replicas", () => {
  const input = stackInput({ template: { querier: { replicas: 3 }, ingester: { replicas: 2 } } });
  const replicasOf = (stack: Rendered, kind: string, component: string) =>
    stack.of<Deployment | StatefulSet>(kind, `tempo-simplest-${component}`).spec?.replicas;

  it("2.1.10: are the stack's", () => {
    expect(replicasOf(renderedInput(input), "Deployment", "querier")).toBe(3);
    expect(replicasOf(renderedInput(input), "StatefulSet", "ingester")).toBe(2);
  });

  it("are the autoscaler's where there is one (quirk 20), and shares stay those of the stack", () => {
    const scaled = new Map([
      ["tempo-simplest-querier", 7],
      ["tempo-simplest-ingester", 5],
    ]);
    const stack = renderedInput({ ...input, scaled });
    expect(replicasOf(stack, "Deployment", "querier")).toBe(7);
    expect(replicasOf(stack, "StatefulSet", "ingester")).toBe(5);
    expect(replicasOf(stack, "Deployment", "compactor")).toBe(1);
    expect(stack.template("querier")).toEqual(renderedInput(input).template("querier"));
  });
});

describe("3.1.6: what replaces pods", () => {
  const hashOf = (stack: Rendered, annotation: string, component = "querier") =>
    stack.template(component).metadata?.annotations?.[`tempo.grafana.com/${annotation}`];

  it("is a change of tempo.yaml, in every pod alike", () => {
    const before = stackOf();
    const after = stackOf({ retention: { global: { traces: "1h" } } });
    for (const component of ["distributor", "ingester", "query-frontend", "querier", "compactor"]) {
      expect(hashOf(before, "config.hash", component)).toBe(hashOf(before, "config.hash"));
      expect(hashOf(after, "config.hash", component)).not.toBe(hashOf(before, "config.hash", component));
    }
  });

  it("is no change of overrides by tenant, which Tempo reads again by itself", () => {
    const perTenant = (traces: string) => ({ retention: { global: {}, perTenant: { a: { traces } } } });
    expect(hashOf(stackOf(perTenant("1h")), "config.hash")).toBe(hashOf(stackOf(perTenant("2h")), "config.hash"));
  });

  it("is a change of tempo-query.yaml, in the query-frontend's pods alone (quirk 10)", () => {
    const jaeger = (findTracesConcurrentRequests: number) =>
      stackOf({ template: { queryFrontend: { jaegerQuery: { enabled: true, findTracesConcurrentRequests } } } });
    const annotation = "tempoQueryConfig.hash";
    expect(hashOf(jaeger(1), annotation, "query-frontend")).not.toBe(hashOf(jaeger(2), annotation, "query-frontend"));
    expect(jaeger(1).template("querier")).toEqual(jaeger(2).template("querier"));
  });
});
