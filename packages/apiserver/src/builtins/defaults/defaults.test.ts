import type { JsonObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { applyBuiltinDefaults } from "./defaults.ts";
import { pullPolicyOf } from "./pull-policy.ts";

function defaulted(apiVersion: string, kind: string, object: JsonObject): JsonObject {
  const [group, version] = apiVersion.includes("/") ? (apiVersion.split("/") as [string, string]) : ["", apiVersion];
  const result = structuredClone(object);
  applyBuiltinDefaults({ group, version, kind }, result);
  const again = structuredClone(result);
  applyBuiltinDefaults({ group, version, kind }, again);
  expect(again, `${kind}: defaults twice are defaults once`).toEqual(result);
  return result;
}

const containerDefaults = {
  resources: {},
  terminationMessagePath: "/dev/termination-log",
  terminationMessagePolicy: "File",
};
const podSpecDefaults = {
  restartPolicy: "Always",
  terminationGracePeriodSeconds: 30,
  dnsPolicy: "ClusterFirst",
  securityContext: {},
  schedulerName: "default-scheduler",
};
const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "nginx" }] } };
const templateDefaulted = {
  metadata: { labels: { app: "web" } },
  spec: {
    ...podSpecDefaults,
    containers: [{ name: "web", image: "nginx", imagePullPolicy: "Always", ...containerDefaults }],
  },
};

describe("pods", () => {
  it("B281 B284 gives a pod exactly what upstream does", () => {
    const pod = defaulted("v1", "Pod", {
      metadata: { name: "a" },
      spec: { containers: [{ name: "web", image: "nginx:1.27" }] },
    });
    expect(pod).toEqual({
      metadata: { name: "a" },
      spec: {
        ...podSpecDefaults,
        enableServiceLinks: true,
        containers: [{ name: "web", image: "nginx:1.27", imagePullPolicy: "IfNotPresent", ...containerDefaults }],
      },
    });
  });

  it.each([
    ["nginx", "Always"],
    ["nginx:latest", "Always"],
    ["nginx:1.27", "IfNotPresent"],
    ["registry.local:5000/nginx", "Always"],
    ["registry.local:5000/nginx:1", "IfNotPresent"],
    ["nginx@sha256:abc", "IfNotPresent"],
    ["nginx:latest@sha256:abc", "IfNotPresent"],
  ])("B281 pulls %s by policy %s", (image, policy) => {
    expect(pullPolicyOf(image)).toBe(policy);
  });

  it("B282 fills probes, and keeps what is set", () => {
    const pod = defaulted("v1", "Pod", {
      spec: {
        containers: [
          {
            name: "web",
            image: "x:1",
            livenessProbe: { httpGet: { port: 80 }, timeoutSeconds: 5 },
            readinessProbe: { grpc: { port: 9000 } },
            lifecycle: { preStop: { httpGet: { port: "http" } } },
          },
        ],
      },
    }) as { spec: { containers: JsonObject[] } };
    const [container] = pod.spec.containers;
    expect(container).toMatchObject({
      livenessProbe: {
        httpGet: { port: 80, path: "/", scheme: "HTTP" },
        timeoutSeconds: 5,
        periodSeconds: 10,
        successThreshold: 1,
        failureThreshold: 3,
      },
      readinessProbe: { grpc: { port: 9000, service: "" }, timeoutSeconds: 1 },
      lifecycle: { preStop: { httpGet: { port: "http", path: "/", scheme: "HTTP" } } },
    });
  });

  it.each<[string, JsonObject, JsonObject]>([
    ["secret", { secret: { secretName: "s" } }, { secret: { secretName: "s", defaultMode: 420 } }],
    [
      "configMap with a mode",
      { configMap: { name: "c", defaultMode: 256 } },
      { configMap: { name: "c", defaultMode: 256 } },
    ],
    ["host path", { hostPath: { path: "/x" } }, { hostPath: { path: "/x", type: "" } }],
    ["volume without source", {}, { emptyDir: {} }],
    ["empty directory", { emptyDir: {} }, { emptyDir: {} }],
    [
      "projection",
      {
        projected: {
          sources: [
            { serviceAccountToken: { path: "t" } },
            { downwardAPI: { items: [{ path: "l", fieldRef: { fieldPath: "metadata.labels" } }] } },
          ],
        },
      },
      {
        projected: {
          defaultMode: 420,
          sources: [
            { serviceAccountToken: { path: "t", expirationSeconds: 3600 } },
            { downwardAPI: { items: [{ path: "l", fieldRef: { fieldPath: "metadata.labels", apiVersion: "v1" } }] } },
          ],
        },
      },
    ],
    [
      "ephemeral claim",
      { ephemeral: { volumeClaimTemplate: { spec: { accessModes: ["ReadWriteOnce"] } } } },
      { ephemeral: { volumeClaimTemplate: { spec: { accessModes: ["ReadWriteOnce"], volumeMode: "Filesystem" } } } },
    ],
  ])("B283 defaults a %s", (_title, volume, expected) => {
    const pod = defaulted("v1", "Pod", { spec: { containers: [], volumes: [{ name: "v", ...volume }] } }) as {
      spec: { volumes: JsonObject[] };
    };
    expect(pod.spec.volumes[0]).toEqual({ name: "v", ...expected });
  });

  it("B284 requests what is limited and takes host ports, in a Pod but not in a template", () => {
    const spec = {
      hostNetwork: true,
      serviceAccountName: "builder",
      containers: [
        {
          name: "a",
          image: "x:1",
          ports: [{ containerPort: 80 }],
          resources: { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m" } },
        },
      ],
    };
    expect(defaulted("v1", "Pod", { spec })).toMatchObject({
      spec: {
        serviceAccount: "builder",
        containers: [
          {
            ports: [{ containerPort: 80, hostPort: 80, protocol: "TCP" }],
            resources: { requests: { cpu: "500m", memory: "1Gi" } },
          },
        ],
      },
    });
    const deployment = defaulted("apps/v1", "Deployment", { spec: { template: { spec } } }) as {
      spec: { template: { spec: JsonObject } };
    };
    expect(deployment.spec.template.spec).toMatchObject({
      serviceAccount: "builder",
      containers: [{ ports: [{ containerPort: 80, protocol: "TCP" }], resources: { requests: { cpu: "500m" } } }],
    });
    expect(deployment.spec.template.spec["enableServiceLinks"]).toBeUndefined();
  });
});

describe("workloads", () => {
  const selector = { matchLabels: { app: "web" } };

  it("B289 completes a Deployment", () => {
    expect(defaulted("apps/v1", "Deployment", { metadata: { name: "web" }, spec: { selector, template } })).toEqual({
      metadata: { name: "web" },
      spec: {
        selector,
        replicas: 1,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        template: templateDefaulted,
      },
    });
  });

  it("B289 keeps zero replicas, and gives Recreate no rolling update", () => {
    const deployment = defaulted("apps/v1", "Deployment", {
      spec: { replicas: 0, strategy: { type: "Recreate" }, selector, template },
    });
    expect(deployment).toMatchObject({ spec: { replicas: 0, strategy: { type: "Recreate" } } });
    expect((deployment["spec"] as JsonObject)["strategy"]).toEqual({ type: "Recreate" });
  });

  it("B289 completes a StatefulSet with its claims", () => {
    const claim = { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"] } };
    expect(
      defaulted("apps/v1", "StatefulSet", {
        metadata: {},
        spec: { selector, template, volumeClaimTemplates: [claim] },
      }),
    ).toEqual({
      metadata: {},
      spec: {
        selector,
        replicas: 1,
        podManagementPolicy: "OrderedReady",
        updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
        revisionHistoryLimit: 10,
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
        template: templateDefaulted,
        volumeClaimTemplates: [
          {
            apiVersion: "v1",
            kind: "PersistentVolumeClaim",
            metadata: { name: "data" },
            spec: { accessModes: ["ReadWriteOnce"], volumeMode: "Filesystem" },
            status: { phase: "Pending" },
          },
        ],
      },
    });
  });

  it("B289 completes a DaemonSet and a ReplicaSet", () => {
    expect(defaulted("apps/v1", "DaemonSet", { spec: { selector, template } })).toMatchObject({
      spec: {
        updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
        revisionHistoryLimit: 10,
      },
    });
    expect(defaulted("apps/v1", "ReplicaSet", { spec: { selector } })).toEqual({
      metadata: {},
      spec: { selector, replicas: 1 },
    });
  });

  it.each<[string, JsonObject, JsonObject]>([
    ["neither", {}, { completions: 1, parallelism: 1 }],
    ["completions", { completions: 3 }, { completions: 3, parallelism: 1 }],
    ["parallelism", { parallelism: 2 }, { parallelism: 2 }],
  ])("B290 runs a Job that says %s", (_title, given, expected) => {
    const job = defaulted("batch/v1", "Job", { metadata: { name: "j" }, spec: { ...given, template } });
    expect(job).toEqual({
      metadata: { name: "j", labels: { app: "web" } },
      spec: {
        ...expected,
        backoffLimit: 6,
        completionMode: "NonIndexed",
        suspend: false,
        podReplacementPolicy: "TerminatingOrFailed",
        template: templateDefaulted,
      },
    });
  });

  it("B290 completes a CronJob without touching the job's own fields", () => {
    expect(
      defaulted("batch/v1", "CronJob", {
        metadata: {},
        spec: { schedule: "* * * * *", jobTemplate: { spec: { template } } },
      }),
    ).toEqual({
      metadata: {},
      spec: {
        schedule: "* * * * *",
        concurrencyPolicy: "Allow",
        suspend: false,
        successfulJobsHistoryLimit: 3,
        failedJobsHistoryLimit: 1,
        jobTemplate: { spec: { template: templateDefaulted } },
      },
    });
  });
});

describe("services and storage", () => {
  it.each<[string, JsonObject, JsonObject]>([
    [
      "plain",
      { ports: [{ port: 80 }] },
      { type: "ClusterIP", internalTrafficPolicy: "Cluster", ports: [{ port: 80, targetPort: 80, protocol: "TCP" }] },
    ],
    [
      "node port",
      { type: "NodePort" },
      { type: "NodePort", internalTrafficPolicy: "Cluster", externalTrafficPolicy: "Cluster" },
    ],
    [
      "load balancer",
      { type: "LoadBalancer" },
      {
        type: "LoadBalancer",
        internalTrafficPolicy: "Cluster",
        externalTrafficPolicy: "Cluster",
        allocateLoadBalancerNodePorts: true,
      },
    ],
    [
      "external name",
      { type: "ExternalName", externalName: "example.com" },
      { type: "ExternalName", externalName: "example.com" },
    ],
  ])("B287 completes a %s Service", (_title, spec, expected) => {
    expect(defaulted("v1", "Service", { metadata: {}, spec })).toEqual({
      metadata: {},
      spec: { ...expected, sessionAffinity: "None" },
    });
  });

  it("B292 merges stringData into data and never keeps it", () => {
    const secret = defaulted("v1", "Secret", { metadata: {}, data: { a: "b2xk" }, stringData: { a: "new", b: "ü" } });
    expect(secret).toEqual({ metadata: {}, type: "Opaque", data: { a: "bmV3", b: "w7w=" } });
  });

  it("B270 labels a namespace with its name", () => {
    const namespace = { metadata: { name: "team", labels: { "kubernetes.io/metadata.name": "other", a: "b" } } };
    expect(defaulted("v1", "Namespace", namespace)).toEqual({
      metadata: { name: "team", labels: { "kubernetes.io/metadata.name": "team", a: "b" } },
      status: { phase: "Active" },
    });
  });

  it("B293 completes claims, volumes and classes", () => {
    expect(defaulted("v1", "PersistentVolumeClaim", { spec: {} })).toMatchObject({
      spec: { volumeMode: "Filesystem" },
      status: { phase: "Pending" },
    });
    expect(defaulted("v1", "PersistentVolume", { spec: {} })).toMatchObject({
      spec: { persistentVolumeReclaimPolicy: "Retain", volumeMode: "Filesystem" },
      status: { phase: "Pending" },
    });
    expect(defaulted("storage.k8s.io/v1", "StorageClass", {})).toMatchObject({
      reclaimPolicy: "Delete",
      volumeBindingMode: "Immediate",
    });
  });
});

describe("policies and the rest", () => {
  it("B294 completes an HPA of version 2, of version 1 only its minimum", () => {
    expect(
      defaulted("autoscaling/v2", "HorizontalPodAutoscaler", {
        spec: { maxReplicas: 3, behavior: { scaleUp: { selectPolicy: "Min" } } },
      }),
    ).toEqual({
      metadata: {},
      spec: {
        maxReplicas: 3,
        minReplicas: 1,
        metrics: [
          { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } },
        ],
        behavior: {
          scaleUp: {
            selectPolicy: "Min",
            stabilizationWindowSeconds: 0,
            policies: [
              { type: "Pods", value: 4, periodSeconds: 15 },
              { type: "Percent", value: 100, periodSeconds: 15 },
            ],
          },
          scaleDown: { selectPolicy: "Max", policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
        },
      },
    });
    expect(defaulted("autoscaling/v1", "HorizontalPodAutoscaler", { spec: { maxReplicas: 3 } })).toEqual({
      metadata: {},
      spec: { maxReplicas: 3, minReplicas: 1 },
    });
  });

  it("B294 derives the directions of a NetworkPolicy", () => {
    expect(defaulted("networking.k8s.io/v1", "NetworkPolicy", { spec: { podSelector: {} } })).toMatchObject({
      spec: { policyTypes: ["Ingress"] },
    });
    expect(
      defaulted("networking.k8s.io/v1", "NetworkPolicy", {
        spec: { podSelector: {}, egress: [{ ports: [{ port: 53 }] }] },
      }),
    ).toMatchObject({
      spec: { policyTypes: ["Ingress", "Egress"], egress: [{ ports: [{ port: 53, protocol: "TCP" }] }] },
    });
  });

  it("B294 names the groups of a binding", () => {
    const binding: JsonObject = {
      roleRef: { kind: "ClusterRole", name: "view" },
      subjects: [
        { kind: "User", name: "jane" },
        { kind: "ServiceAccount", name: "sa", namespace: "ns" },
      ],
    };
    expect(defaulted("rbac.authorization.k8s.io/v1", "RoleBinding", binding)).toMatchObject({
      roleRef: { apiGroup: "rbac.authorization.k8s.io" },
      subjects: [
        { kind: "User", apiGroup: "rbac.authorization.k8s.io" },
        { kind: "ServiceAccount", name: "sa", namespace: "ns" },
      ],
    });
  });

  it("B294 completes webhooks", () => {
    const configuration = {
      webhooks: [
        { name: "w", clientConfig: { service: { name: "s", namespace: "n" } }, rules: [{ operations: ["*"] }] },
      ],
    };
    const common = {
      failurePolicy: "Fail",
      matchPolicy: "Equivalent",
      namespaceSelector: {},
      objectSelector: {},
      timeoutSeconds: 10,
      rules: [{ operations: ["*"], scope: "*" }],
      clientConfig: { service: { name: "s", namespace: "n", port: 443 } },
    };
    const group = "admissionregistration.k8s.io/v1";
    expect(defaulted(group, "ValidatingWebhookConfiguration", configuration)["webhooks"]).toEqual([
      { name: "w", ...common },
    ]);
    expect(defaulted(group, "MutatingWebhookConfiguration", configuration)["webhooks"]).toEqual([
      { name: "w", ...common, reinvocationPolicy: "Never" },
    ]);
  });

  it("leaves kinds without defaults alone", () => {
    expect(defaulted("v1", "ConfigMap", { data: { a: "b" } })).toEqual({ data: { a: "b" } });
    expect(defaulted("policy/v1", "PodDisruptionBudget", { spec: { minAvailable: 1 } })).toEqual({
      spec: { minAvailable: 1 },
    });
  });
});
