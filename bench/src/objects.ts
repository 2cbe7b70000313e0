import type { JsonObject } from "@homeostat/api";

/** Objects of the sizes that clusters have. The same number gives the same object. */

/** About 2 KB. */
export function configMap(number: number, namespace: string): JsonObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: `settings-${String(number).padStart(6, "0")}`, namespace, labels: { app: `app-${number % 50}` } },
    data: { "settings.yaml": `number: ${number}\n${"key: a value that a program reads\n".repeat(52)}` },
  };
}

/** About 7.3 KB of JSON, two fifths of it managedFields, as measured on clusters. */
export function pod(number: number, version: number): JsonObject {
  const name = `web-${String(number).padStart(5, "0")}`;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: `team-${number % 50}`,
      uid: `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`,
      resourceVersion: String(version),
      generation: 1,
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { app: "web", "pod-template-hash": "5d4f8c7b9d", tier: `tier-${number % 5}` },
      annotations: { "example.com/revision": String(version) },
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          kind: "ReplicaSet",
          name: "web-5d4f8c7b9d",
          uid: `owner-${number % 500}`,
          controller: true,
        },
      ],
      managedFields: ["kube-controller-manager", "kubelet"].map(managedFieldsEntry),
    },
    spec: podSpec(number),
    status: podStatus(number, name),
  };
}

/** About 1.2 KB: an object of a kind of one's own. */
export function widget(number: number, version: number): JsonObject {
  return {
    apiVersion: "bench.example.com/v1",
    kind: "Widget",
    metadata: {
      creationTimestamp: "2026-01-01T00:00:00Z",
      generation: 1,
      labels: { app: `app-${number % 50}` },
      managedFields: [
        {
          apiVersion: "bench.example.com/v1",
          fieldsType: "FieldsV1",
          fieldsV1: { "f:spec": { ".": {}, "f:color": {}, "f:parts": {}, "f:size": {} } },
          manager: "bench",
          operation: "Update",
          time: "2026-01-01T00:00:00Z",
        },
      ],
      name: `widget-${String(number).padStart(5, "0")}`,
      namespace: `team-${number % 50}`,
      resourceVersion: String(version),
      uid: `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`,
    },
    spec: {
      color: "red",
      parts: Array.from({ length: 8 }, (_, part) => ({ length: part * 7, material: "steel", name: `part-${part}` })),
      size: version % 10,
    },
    status: { conditions: [{ message: "", reason: "Built", status: "True", type: "Ready" }], phase: "Ready" },
  };
}

function managedFieldsEntry(manager: string): JsonObject {
  const fields = Object.fromEntries(
    ["conditions", "containerStatuses", "hostIP", "phase", "podIP", "startTime", "containers", "volumes"].map(
      (field) => [
        `f:${field}`,
        Object.fromEntries(
          Array.from({ length: 2 }, (_, at) => [
            `k:{"name":"${field}-${at}"}`,
            { ".": {}, "f:name": {}, "f:lastTransitionTime": {} },
          ]),
        ),
      ],
    ),
  );
  return {
    manager,
    operation: "Update",
    apiVersion: "v1",
    time: "2026-01-01T00:00:00Z",
    fieldsType: "FieldsV1",
    fieldsV1: { "f:status": fields },
  };
}

function podSpec(number: number): JsonObject {
  return {
    nodeName: `node-${number % 100}`,
    serviceAccountName: "web",
    restartPolicy: "Always",
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
    terminationGracePeriodSeconds: 30,
    containers: ["web", "proxy"].map((name) => ({
      name,
      image: `registry.example.com/team/${name}:1.${number % 20}.0`,
      imagePullPolicy: "IfNotPresent",
      ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
      env: Array.from({ length: 10 }, (_, at) => ({ name: `SETTING_${at}`, value: `value ${at} of ${name}` })),
      resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } },
      readinessProbe: { httpGet: { path: "/ready", port: 8080, scheme: "HTTP" }, periodSeconds: 10, timeoutSeconds: 1 },
      volumeMounts: [{ name: "settings", mountPath: "/etc/settings", readOnly: true }],
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
    })),
    volumes: [{ name: "settings", configMap: { name: "settings", defaultMode: 420 } }],
    tolerations: ["not-ready", "unreachable"].map((key) => ({
      key: `node.kubernetes.io/${key}`,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: 300,
    })),
  };
}

function podStatus(number: number, name: string): JsonObject {
  return {
    phase: "Running",
    hostIP: "10.0.0.1",
    podIP: `10.1.${number >> 8}.${number & 255}`,
    qosClass: "Burstable",
    startTime: "2026-01-01T00:00:00Z",
    conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({
      type,
      status: "True",
      lastProbeTime: null,
      lastTransitionTime: "2026-01-01T00:00:00Z",
    })),
    containerStatuses: ["web", "proxy"].map((container) => ({
      name: container,
      ready: true,
      started: true,
      restartCount: 0,
      image: `registry.example.com/team/${container}:1.0.0`,
      imageID: `registry.example.com/team/${container}@sha256:${"0123456789abcdef".repeat(4)}`,
      containerID: `containerd://${name}-${"0123456789abcdef".repeat(3)}`,
      state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
    })),
  };
}
