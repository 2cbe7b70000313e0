import type { PodDisruptionBudget, Service, ServiceAccount, StatefulSet } from "@homeostat/api";
import { isChild } from "@homeostat/runtime";
import { describe, expect, it } from "vitest";
import { stackInput } from "../input.test-support.ts";
import { ingesterObjects } from "./ingester.ts";
import { stackOf } from "./rendered.test-support.ts";
import { stackObjects } from "./stack.ts";

const simplest = stackOf();

const labels = (component: string) => ({
  "app.kubernetes.io/name": "tempo",
  "app.kubernetes.io/instance": "simplest",
  "app.kubernetes.io/managed-by": "tempo-operator",
  "app.kubernetes.io/component": component,
});
const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
};
const apart = (component: string) => ({
  podAntiAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      [100, "kubernetes.io/hostname"] as const,
      [75, "failure-domain.beta.kubernetes.io/zone"] as const,
    ].map(([weight, topologyKey]) => ({
      weight,
      podAffinityTerm: { labelSelector: { matchLabels: labels(component) }, topologyKey },
    })),
  },
});
const s3Keys = [
  { name: "S3_SECRET_KEY", valueFrom: { secretKeyRef: { name: "minio", key: "access_key_secret" } } },
  { name: "S3_ACCESS_KEY", valueFrom: { secretKeyRef: { name: "minio", key: "access_key_id" } } },
];
const s3Args = ["--storage.trace.s3.secret_key=$(S3_SECRET_KEY)", "--storage.trace.s3.access_key=$(S3_ACCESS_KEY)"];
const args = (component: string) => [
  `-target=${component}`,
  "-config.file=/conf/tempo.yaml",
  "-log.level=info",
  "-config.expand-env=true",
];
const httpsReadiness = {
  httpGet: { path: "/ready", port: 3101, scheme: "HTTPS" },
  initialDelaySeconds: 15,
  timeoutSeconds: 1,
};
const configMount = { name: "tempo-conf", mountPath: "/conf", readOnly: true };
const scratchMount = { name: "tempo-tmp-storage", mountPath: "/var/tempo" };
const mtlsMounts = (component: string) => [
  { name: "tempo-simplest-ca-bundle", mountPath: "/var/run/ca" },
  { name: `tempo-simplest-${component}-mtls`, mountPath: "/var/run/tls/server" },
];
const configVolume = { name: "tempo-conf", configMap: { name: "tempo-simplest" } };
const scratchVolume = { name: "tempo-tmp-storage", emptyDir: {} };
const mtlsVolumes = (component: string) => [
  { name: "tempo-simplest-ca-bundle", configMap: { name: "tempo-simplest-ca-bundle" } },
  {
    name: `tempo-simplest-${component}-mtls`,
    secret: { secretName: `tempo-simplest-${component}-mtls` },
  },
];

/** The pod template that 3.1.5 states, of a component whose container is `container`. */
const template = (component: string, container: object, volumes: readonly object[]) => ({
  metadata: {
    labels: { ...labels(component), "tempo-gossip-member": "true" },
    annotations: { "tempo.grafana.com/config.hash": expect.stringMatching(/^[0-9a-f]{64}$/) },
  },
  spec: {
    serviceAccountName: "tempo-simplest",
    securityContext: { fsGroup: 10001 },
    affinity: apart(component),
    containers: [container],
    volumes,
  },
});

const deployment = (component: string, container: object) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: `tempo-simplest-${component}`, labels: labels(component) },
  spec: {
    replicas: 1,
    selector: { matchLabels: labels(component) },
    template: template(component, container, [configVolume, scratchVolume, ...mtlsVolumes(component)]),
  },
});

describe("the workloads of the simplest stack", () => {
  it("3.3 distributor: takes spans of every protocol, and does not know the store", () => {
    const container = {
      name: "tempo",
      image: "docker.io/grafana/tempo:2.10.8",
      args: args("distributor"),
      ports: [
        { name: "otlp-http", containerPort: 4318 },
        { name: "otlp-grpc", containerPort: 4317 },
        { name: "http", containerPort: 3200 },
        { name: "http-memberlist", containerPort: 7946 },
        { name: "thrift-http", containerPort: 14268 },
        { name: "thrift-compact", containerPort: 6831, protocol: "UDP" },
        { name: "thrift-binary", containerPort: 6832, protocol: "UDP" },
        { name: "jaeger-grpc", containerPort: 14250 },
        { name: "http-zipkin", containerPort: 9411 },
      ],
      resources: {},
      readinessProbe: httpsReadiness,
      securityContext: restricted,
      volumeMounts: [configMount, scratchMount, ...mtlsMounts("distributor")],
    };
    expect(simplest.of("Deployment", "tempo-simplest-distributor")).toEqual(deployment("distributor", container));
  });

  it("3.4 ingester: keeps its data on a claim", () => {
    const container = {
      name: "tempo",
      image: "docker.io/grafana/tempo:2.10.8",
      args: [...args("ingester"), ...s3Args],
      env: s3Keys,
      ports: [
        { name: "http-memberlist", containerPort: 7946 },
        { name: "http", containerPort: 3200 },
        { name: "grpc", containerPort: 9095 },
      ],
      resources: {},
      readinessProbe: httpsReadiness,
      securityContext: restricted,
      volumeMounts: [configMount, { name: "data", mountPath: "/var/tempo" }, ...mtlsMounts("ingester")],
    };
    expect(simplest.of("StatefulSet", "tempo-simplest-ingester")).toEqual({
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "tempo-simplest-ingester", labels: labels("ingester") },
      spec: {
        replicas: 1,
        podManagementPolicy: "Parallel",
        selector: { matchLabels: labels("ingester") },
        template: template("ingester", container, [configVolume, ...mtlsVolumes("ingester")]),
        volumeClaimTemplates: [
          {
            metadata: { name: "data" },
            spec: {
              accessModes: ["ReadWriteOnce"],
              resources: { requests: { storage: "10Gi" } },
              volumeMode: "Filesystem",
            },
          },
        ],
      },
    });
  });

  it("3.4 ingester: is made anew where its claim changes, as it cannot be changed", () => {
    const set = ingesterObjects(stackInput()).find((one) => isChild(one) && one.object.kind === "StatefulSet");
    expect(set).toMatchObject({ immutable: "recreate" });
  });

  it.each<[string, string, readonly object[]]>([
    [
      "3.5 compactor",
      "compactor",
      [
        { name: "http", containerPort: 3200 },
        { name: "http-memberlist", containerPort: 7946 },
      ],
    ],
    [
      "3.6 querier",
      "querier",
      [
        { name: "http", containerPort: 3200 },
        { name: "http-memberlist", containerPort: 7946 },
      ],
    ],
  ])("%s: is wired to the store", (_, component, ports) => {
    const container = {
      name: "tempo",
      image: "docker.io/grafana/tempo:2.10.8",
      args: [...args(component), ...s3Args],
      env: s3Keys,
      ports,
      resources: {},
      readinessProbe: httpsReadiness,
      securityContext: restricted,
      volumeMounts: [configMount, scratchMount, ...mtlsMounts(component)],
    };
    expect(simplest.of("Deployment", `tempo-simplest-${component}`)).toEqual(deployment(component, container));
  });

  it("3.6 query-frontend: has a configuration of its own and answers in clear", () => {
    const container = {
      name: "tempo",
      image: "docker.io/grafana/tempo:2.10.8",
      args: [
        "-target=query-frontend",
        "-config.file=/conf/tempo-query-frontend.yaml",
        "-mem-ballast-size-mbs=1024",
        "-log.level=info",
        "-config.expand-env=true",
        ...s3Args,
      ],
      env: s3Keys,
      ports: [
        { name: "http", containerPort: 3200 },
        { name: "grpc", containerPort: 9095 },
      ],
      resources: {},
      readinessProbe: {
        httpGet: { path: "/ready", port: "http", scheme: "HTTP" },
        initialDelaySeconds: 15,
        timeoutSeconds: 1,
      },
      securityContext: restricted,
      volumeMounts: [configMount, scratchMount, ...mtlsMounts("query-frontend")],
    };
    const expected = deployment("query-frontend", container);
    expect(simplest.of("Deployment", "tempo-simplest-query-frontend")).toEqual(expected);
  });
});

describe("readiness of the query-frontend", () => {
  const template = { gateway: { enabled: true } };
  const tenants = { mode: "static" as const };

  it.each([
    ["HTTPS", { template, tenants }, {}],
    ["HTTP", { template, tenants }, { gates: { httpEncryption: false } }],
    ["HTTP", {}, {}],
  ] as const)("3.6: is asked for over %s with %j and %j", (scheme, spec, circumstances) => {
    const port = scheme === "HTTPS" ? 3101 : "http";
    const probe = stackOf(spec, circumstances).container("query-frontend").readinessProbe;
    expect(probe?.httpGet).toEqual({ path: "/ready", port, scheme });
  });
});

const tcp = (name: string, port: number) => ({ name, port, targetPort: name });
const udp = (name: string, port: number) => ({ ...tcp(name, port), protocol: "UDP" });

describe("the Services of the simplest stack", () => {
  it.each<[string, string, readonly object[]]>([
    [
      "3.3",
      "distributor",
      [
        tcp("otlp-http", 4318),
        tcp("otlp-grpc", 4317),
        tcp("http", 3200),
        tcp("thrift-http", 14268),
        udp("thrift-compact", 6831),
        udp("thrift-binary", 6832),
        tcp("jaeger-grpc", 14250),
        tcp("http-zipkin", 9411),
      ],
    ],
    ["3.4", "ingester", [tcp("http", 3200), tcp("grpc", 9095)]],
    ["3.5", "compactor", [tcp("http-memberlist", 7946), tcp("http", 3200)]],
    ["3.6", "querier", [tcp("http-memberlist", 7946), tcp("http", 3200), tcp("grpc", 9095)]],
    ["3.6", "query-frontend", [tcp("http", 3200), tcp("grpc", 9095)]],
  ])("%s: %s has its ports in order", (_, component, ports) => {
    expect(simplest.of<Service>("Service", `tempo-simplest-${component}`)).toEqual({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: `tempo-simplest-${component}`, labels: labels(component) },
      spec: { ports, selector: labels(component) },
    });
  });

  it("3.6: query-frontend-discovery is headless and tells of pods that are not ready", () => {
    expect(simplest.of<Service>("Service", "tempo-simplest-query-frontend-discovery")).toEqual({
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        name: "tempo-simplest-query-frontend-discovery",
        labels: labels("query-frontend-discovery"),
      },
      spec: {
        clusterIP: "None",
        publishNotReadyAddresses: true,
        ports: [tcp("http", 3200), tcp("grpc", 9095), tcp("grpclb", 9096)],
        selector: labels("query-frontend"),
      },
    });
  });

  it("6.5: gossip-ring is made anew where it has an address of its own, which cannot be taken from it", () => {
    const ring = stackObjects(stackInput())
      .filter(isChild)
      .find(({ object }) => object.kind === "Service");
    expect(ring).toMatchObject({ object: { metadata: { name: "tempo-simplest-gossip-ring" } }, immutable: "recreate" });
  });

  it("3.1.2: gossip-ring selects all members, whatever their component", () => {
    const { "app.kubernetes.io/component": _, ...common } = labels("");
    const { metadata, spec } = simplest.of<Service>("Service", "tempo-simplest-gossip-ring");
    expect(metadata?.labels).toEqual(labels("gossip-ring"));
    expect(spec?.selector).toEqual({ ...common, "tempo-gossip-member": "true" });
    expect(spec?.ports).toEqual([tcp("http-memberlist", 7946)]);
    expect(spec?.clusterIP).toBe("None");
    expect(spec?.publishNotReadyAddresses).toBe(true);
  });
});

describe("what stands beside the workloads", () => {
  it("3.2: all but the compactor have a disruption budget", () => {
    const budgets = simplest.all.filter(({ kind }) => kind === "PodDisruptionBudget") as PodDisruptionBudget[];
    const expected = ["distributor", "ingester", "query-frontend", "querier"].map((component) => ({
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: `tempo-simplest-${component}`, labels: labels(component) },
      spec: { maxUnavailable: 1, selector: { matchLabels: labels(component) } },
    }));
    expect(budgets).toEqual(expected);
  });

  it("3.11: the pods have a service account of the stack's name", () => {
    expect(simplest.of<ServiceAccount>("ServiceAccount", "tempo-simplest")).toEqual({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "tempo-simplest", labels: labels("serviceaccount") },
    });
  });

  it("3.2: a stack is made in this order", () => {
    const workloads = simplest.names.filter((name) => /^(ConfigMap|ServiceAccount|Deployment|StatefulSet)/.test(name));
    expect(workloads).toEqual([
      "ConfigMap/tempo-simplest",
      "ServiceAccount/tempo-simplest",
      "Deployment/tempo-simplest-distributor",
      "StatefulSet/tempo-simplest-ingester",
      "Deployment/tempo-simplest-query-frontend",
      "Deployment/tempo-simplest-querier",
      "Deployment/tempo-simplest-compactor",
    ]);
  });

  it("3.1.3: nothing has a namespace or an owner, which whoever applies it adds", () => {
    for (const { metadata } of simplest.all) {
      expect(metadata?.namespace).toBeUndefined();
      expect(metadata?.ownerReferences).toBeUndefined();
    }
  });

  it("3.1.1: a name with dots makes names that are valid everywhere", () => {
    const input = stackInput({}, { name: "a.B" });
    const { metadata, spec } = ingesterObjects(input).flatMap((one) =>
      isChild(one) ? [one.object] : [],
    )[0]! as StatefulSet;
    expect(metadata?.name).toBe("tempo-a-b-ingester");
    // Quirk 26: the ConfigMap keeps the resource's name, the volume cannot.
    expect(spec?.template.spec?.volumes).toContainEqual({
      name: "tempo-a-b-ca-bundle",
      configMap: { name: "tempo-a.B-ca-bundle" },
    });
  });
});
