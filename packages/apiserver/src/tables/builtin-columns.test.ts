import type { JsonObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { builtinColumns } from "./builtin-columns.ts";
import type { Cell } from "./column.ts";
import { podStatusCells } from "./pod-status.ts";

const now = Date.parse("2026-01-01T01:00:00Z");
const metadata = { name: "x", creationTimestamp: "2026-01-01T00:00:00Z" };

/** Cells by column, as a reader of the table sees them; `*` marks the columns of wide views. */
function shown(group: string, kind: string, object: JsonObject): Record<string, Cell> {
  const table = builtinColumns(group, kind);
  const cells = table.cells({ metadata, ...object }, now);
  expect(cells, "a cell for each column").toHaveLength(table.columns.length);
  return Object.fromEntries(
    table.columns.map((column, index) => [column.priority > 0 ? `${column.name}*` : column.name, cells[index] as Cell]),
  );
}

const running = (more: JsonObject = {}): JsonObject => ({
  name: "a",
  ready: true,
  restartCount: 0,
  state: { running: {} },
  ...more,
});
const pod = (status: JsonObject, more: JsonObject = {}): JsonObject => ({
  metadata,
  spec: { containers: [{ name: "a" }] },
  status,
  ...more,
});

describe("pods", () => {
  it("B302 shows a running pod", () => {
    const object = pod(
      { phase: "Running", podIPs: [{ ip: "10.1.0.4" }], containerStatuses: [running()] },
      { spec: { containers: [{ name: "a" }], nodeName: "n1" } },
    );
    expect(shown("", "Pod", object)).toEqual({
      Name: "x",
      Ready: "1/1",
      Status: "Running",
      Restarts: "0",
      Age: "60m",
      "IP*": "10.1.0.4",
      "Node*": "n1",
      "Nominated Node*": "<none>",
      "Readiness Gates*": "<none>",
    });
  });

  const terminated = (more: JsonObject): JsonObject => ({
    name: "a",
    ready: false,
    restartCount: 0,
    state: { terminated: more },
  });
  const initContainers = [{ name: "i1" }, { name: "i2" }];

  it.each<[string, JsonObject, { ready?: string; status: string; restarts?: string }]>([
    ["pending", pod({ phase: "Pending" }), { ready: "0/1", status: "Pending" }],
    [
      "creating",
      pod({
        phase: "Pending",
        containerStatuses: [{ name: "a", state: { waiting: { reason: "ContainerCreating" } } }],
      }),
      { status: "ContainerCreating" },
    ],
    [
      "crashing",
      pod({
        phase: "Running",
        containerStatuses: [
          {
            name: "a",
            restartCount: 3,
            state: { waiting: { reason: "CrashLoopBackOff" } },
            lastState: { terminated: { finishedAt: "2026-01-01T00:55:00Z" } },
          },
        ],
      }),
      { ready: "0/1", status: "CrashLoopBackOff", restarts: "3 (5m ago)" },
    ],
    [
      "completed",
      pod({ phase: "Succeeded", containerStatuses: [terminated({ reason: "Completed", exitCode: 0 })] }),
      { status: "Completed" },
    ],
    [
      "failed",
      pod({ phase: "Failed", containerStatuses: [terminated({ reason: "Error", exitCode: 1 })] }),
      { status: "Error" },
    ],
    [
      "killed by a signal",
      pod({ phase: "Failed", containerStatuses: [terminated({ signal: 9 })] }),
      { status: "Signal:9" },
    ],
    [
      "ended with a code",
      pod({ phase: "Failed", containerStatuses: [terminated({ exitCode: 7 })] }),
      { status: "ExitCode:7" },
    ],
    ["evicted", pod({ phase: "Failed", reason: "Evicted" }), { status: "Evicted" }],
    [
      "going",
      pod(
        { phase: "Running", containerStatuses: [running()] },
        { metadata: { ...metadata, deletionTimestamp: "2026-01-01T01:00:00Z" } },
      ),
      { status: "Terminating" },
    ],
    [
      "completed and going",
      pod(
        { phase: "Succeeded", containerStatuses: [terminated({ reason: "Completed" })] },
        { metadata: { ...metadata, deletionTimestamp: "x" } },
      ),
      { status: "Completed" },
    ],
    [
      "on a lost node",
      pod({ phase: "Running", reason: "NodeLost" }, { metadata: { ...metadata, deletionTimestamp: "x" } }),
      { status: "Unknown" },
    ],
    [
      "gated",
      pod({ phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }] }),
      { status: "SchedulingGated" },
    ],
    [
      "initializing",
      pod(
        {
          phase: "Pending",
          initContainerStatuses: [terminated({ exitCode: 0 }), { name: "i2", state: { running: {} } }],
        },
        { spec: { initContainers, containers: [{ name: "a" }] } },
      ),
      { status: "Init:1/2" },
    ],
    [
      "failing to initialize",
      pod(
        {
          phase: "Pending",
          initContainerStatuses: [{ name: "i1", restartCount: 2, state: { waiting: { reason: "CrashLoopBackOff" } } }],
        },
        { spec: { initContainers, containers: [{ name: "a" }] } },
      ),
      { status: "Init:CrashLoopBackOff", restarts: "2" },
    ],
    [
      "failed to initialize",
      pod(
        { phase: "Failed", initContainerStatuses: [terminated({ exitCode: 3 })] },
        { spec: { initContainers, containers: [{ name: "a" }] } },
      ),
      { status: "Init:ExitCode:3" },
    ],
    [
      "running beside a sidecar",
      pod(
        {
          phase: "Running",
          initContainerStatuses: [{ name: "s", ready: true, started: true, restartCount: 1, state: { running: {} } }],
          containerStatuses: [running()],
        },
        { spec: { initContainers: [{ name: "s", restartPolicy: "Always" }], containers: [{ name: "a" }] } },
      ),
      { ready: "2/2", status: "Running", restarts: "1" },
    ],
    [
      "half done",
      pod(
        { phase: "Running", containerStatuses: [terminated({ reason: "Completed" }), running({ name: "b" })] },
        { spec: { containers: [{ name: "a" }, { name: "b" }] } },
      ),
      { ready: "1/2", status: "NotReady" },
    ],
    [
      "half done and ready",
      pod(
        {
          phase: "Running",
          conditions: [{ type: "Ready", status: "True" }],
          containerStatuses: [terminated({ reason: "Completed" }), running({ name: "b" })],
        },
        { spec: { containers: [{ name: "a" }, { name: "b" }] } },
      ),
      { status: "Running" },
    ],
  ])("B303 tells of a pod that is %s", (_title, object, expected) => {
    expect(podStatusCells(object, now)).toMatchObject(expected);
  });

  it("B303 marks the rows of pods that ended", () => {
    const table = builtinColumns("", "Pod");
    expect(table.conditions?.(pod({ phase: "Running" }))).toEqual([]);
    expect(table.conditions?.(pod({ phase: "Succeeded" }))).toMatchObject([
      { type: "Completed", status: "True", reason: "Succeeded" },
    ]);
  });
});

const template = {
  spec: {
    containers: [
      { name: "a", image: "x:1" },
      { name: "b", image: "y:2" },
    ],
  },
};
const selector = { matchLabels: { b: "2", a: "1" } };
const wideTemplate = { "Containers*": "a,b", "Images*": "x:1,y:2" };

describe("other kinds", () => {
  it.each<[string, string, JsonObject, Record<string, Cell>]>([
    [
      "apps",
      "Deployment",
      {
        spec: { replicas: 3, template, selector },
        status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 },
      },
      { Ready: "2/3", "Up-to-date": 3, Available: 1, Age: "60m", ...wideTemplate, "Selector*": "a=1,b=2" },
    ],
    [
      "apps",
      "ReplicaSet",
      { spec: { replicas: 3, template, selector }, status: { replicas: 2 } },
      { Desired: 3, Current: 2, Ready: 0, Age: "60m", ...wideTemplate, "Selector*": "a=1,b=2" },
    ],
    ["apps", "StatefulSet", { spec: { replicas: 1, template } }, { Ready: "0/1", Age: "60m", ...wideTemplate }],
    [
      "apps",
      "DaemonSet",
      {
        spec: { template: { spec: { ...template.spec, nodeSelector: { os: "linux" } } }, selector },
        status: {
          desiredNumberScheduled: 2,
          currentNumberScheduled: 2,
          numberReady: 1,
          updatedNumberScheduled: 2,
          numberAvailable: 1,
        },
      },
      {
        Desired: 2,
        Current: 2,
        Ready: 1,
        "Up-to-date": 2,
        Available: 1,
        "Node Selector": "os=linux",
        Age: "60m",
        ...wideTemplate,
        "Selector*": "a=1,b=2",
      },
    ],
    [
      "batch",
      "Job",
      { spec: { completions: 2, template, selector }, status: { succeeded: 1, startTime: "2026-01-01T00:59:30Z" } },
      { Status: "Running", Completions: "1/2", Duration: "30s", Age: "60m", ...wideTemplate, "Selector*": "a=1,b=2" },
    ],
    [
      "batch",
      "CronJob",
      {
        spec: { schedule: "* * * * *", jobTemplate: { spec: { template } } },
        status: { active: [{}], lastScheduleTime: "2026-01-01T00:59:00Z" },
      },
      {
        Schedule: "* * * * *",
        Timezone: "<none>",
        Suspend: "False",
        Active: 1,
        "Last Schedule": "60s",
        Age: "60m",
        ...wideTemplate,
        "Selector*": "<none>",
      },
    ],
    [
      "",
      "Service",
      {
        spec: {
          type: "NodePort",
          clusterIP: "10.0.0.1",
          clusterIPs: ["10.0.0.1"],
          selector: { a: "1" },
          ports: [
            { port: 80, nodePort: 30080, protocol: "TCP" },
            { port: 53, protocol: "UDP" },
          ],
        },
      },
      {
        Type: "NodePort",
        "Cluster-IP": "10.0.0.1",
        "External-IP": "<none>",
        "Port(s)": "80:30080/TCP,53/UDP",
        Age: "60m",
        "Selector*": "a=1",
      },
    ],
    [
      "",
      "Service",
      { spec: { type: "LoadBalancer", clusterIP: "10.0.0.1" } },
      {
        Type: "LoadBalancer",
        "Cluster-IP": "10.0.0.1",
        "External-IP": "<pending>",
        "Port(s)": "<none>",
        Age: "60m",
        "Selector*": "<none>",
      },
    ],
    [
      "",
      "Service",
      { spec: { type: "ExternalName", externalName: "example.com" } },
      {
        Type: "ExternalName",
        "Cluster-IP": "<none>",
        "External-IP": "example.com",
        "Port(s)": "<none>",
        Age: "60m",
        "Selector*": "<none>",
      },
    ],
    [
      "networking.k8s.io",
      "Ingress",
      {
        spec: { ingressClassName: "nginx", rules: ["a", "b", "c", "d"].map((host) => ({ host })), tls: [{}] },
        status: { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } },
      },
      { Class: "nginx", Hosts: "a,b,c + 1 more...", Address: "1.2.3.4", Ports: "80, 443", Age: "60m" },
    ],
    [
      "networking.k8s.io",
      "Ingress",
      { spec: { rules: [{}] } },
      { Class: "<none>", Hosts: "*", Address: "", Ports: "80", Age: "60m" },
    ],
    [
      "",
      "Endpoints",
      { subsets: [{ addresses: [{ ip: "10.0.0.1" }, { ip: "::1" }], ports: [{ port: 80 }] }] },
      { Endpoints: "10.0.0.1:80,[::1]:80", Age: "60m" },
    ],
    [
      "discovery.k8s.io",
      "EndpointSlice",
      { addressType: "IPv4", ports: [{ port: 80 }, {}], endpoints: [{ addresses: ["10.0.0.1"] }] },
      { AddressType: "IPv4", Ports: "80,*", Endpoints: "10.0.0.1", Age: "60m" },
    ],
    ["", "ConfigMap", { data: { a: "", b: "" }, binaryData: { c: "" } }, { Data: 3, Age: "60m" }],
    ["", "Secret", { type: "Opaque", data: { a: "" } }, { Type: "Opaque", Data: 1, Age: "60m" }],
    ["", "Namespace", { status: { phase: "Active" } }, { Status: "Active", Age: "60m" }],
    ["", "ServiceAccount", {}, { Age: "60m" }],
    [
      "",
      "Node",
      {
        metadata: {
          ...metadata,
          labels: { "node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/control-plane": "" },
        },
        spec: { unschedulable: true },
        status: {
          conditions: [{ type: "Ready", status: "True" }],
          addresses: [{ type: "InternalIP", address: "10.0.0.9" }],
          nodeInfo: { kubeletVersion: "v1.36.0", osImage: "Linux" },
        },
      },
      {
        Status: "Ready,SchedulingDisabled",
        Roles: "control-plane,worker",
        Age: "60m",
        Version: "v1.36.0",
        "Internal-IP*": "10.0.0.9",
        "External-IP*": "<none>",
        "OS-Image*": "Linux",
        "Kernel-Version*": "<unknown>",
        "Container-Runtime*": "<unknown>",
      },
    ],
    [
      "",
      "PersistentVolumeClaim",
      {
        spec: { volumeName: "v", storageClassName: "fast", volumeMode: "Filesystem" },
        status: { phase: "Bound", capacity: { storage: "1Gi" }, accessModes: ["ReadWriteMany", "ReadWriteOnce"] },
      },
      {
        Status: "Bound",
        Volume: "v",
        Capacity: "1Gi",
        "Access Modes": "RWO,RWX",
        StorageClass: "fast",
        VolumeAttributesClass: "<unset>",
        Age: "60m",
        "VolumeMode*": "Filesystem",
      },
    ],
    [
      "",
      "PersistentVolume",
      {
        spec: {
          capacity: { storage: "1Gi" },
          accessModes: ["ReadWriteOnce"],
          persistentVolumeReclaimPolicy: "Retain",
          claimRef: { namespace: "ns", name: "c" },
        },
        status: { phase: "Bound" },
      },
      {
        Capacity: "1Gi",
        "Access Modes": "RWO",
        "Reclaim Policy": "Retain",
        Status: "Bound",
        Claim: "ns/c",
        StorageClass: "",
        VolumeAttributesClass: "<unset>",
        Reason: "",
        Age: "60m",
        "VolumeMode*": "<unset>",
      },
    ],
    [
      "autoscaling",
      "HorizontalPodAutoscaler",
      {
        spec: {
          scaleTargetRef: { kind: "Deployment", name: "web" },
          minReplicas: 1,
          maxReplicas: 5,
          metrics: [{ type: "Resource", resource: { name: "cpu", target: { averageUtilization: 80 } } }],
        },
        status: {
          currentReplicas: 2,
          currentMetrics: [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: 40 } } }],
        },
      },
      { Reference: "Deployment/web", Targets: "cpu: 40%/80%", MinPods: "1", MaxPods: 5, Replicas: 2, Age: "60m" },
    ],
    [
      "policy",
      "PodDisruptionBudget",
      { spec: { minAvailable: "50%" }, status: { disruptionsAllowed: 1 } },
      { "Min Available": "50%", "Max Unavailable": "N/A", "Allowed Disruptions": 1, Age: "60m" },
    ],
    ["coordination.k8s.io", "Lease", { spec: { holderIdentity: "me" } }, { Holder: "me", Age: "60m" }],
    [
      "rbac.authorization.k8s.io",
      "RoleBinding",
      {
        roleRef: { kind: "Role", name: "r" },
        subjects: [
          { kind: "User", name: "u" },
          { kind: "ServiceAccount", name: "s", namespace: "ns" },
        ],
      },
      { Role: "Role/r", Age: "60m", "Users*": "u", "Groups*": "", "ServiceAccounts*": "ns/s" },
    ],
    ["apiextensions.k8s.io", "CustomResourceDefinition", {}, { "Created At": "2026-01-01T00:00:00Z" }],
    [
      "admissionregistration.k8s.io",
      "ValidatingWebhookConfiguration",
      { webhooks: [{}, {}] },
      { Webhooks: 2, Age: "60m" },
    ],
    [
      "admissionregistration.k8s.io",
      "ValidatingAdmissionPolicy",
      { spec: { validations: [{}], paramKind: { apiVersion: "v1", kind: "ConfigMap" } } },
      { Validations: 1, ParamKind: "v1/ConfigMap", Age: "60m" },
    ],
    [
      "certificates.k8s.io",
      "CertificateSigningRequest",
      {
        spec: { signerName: "s", username: "u", expirationSeconds: 3600 },
        status: { conditions: [{ type: "Approved" }], certificate: "x" },
      },
      { Age: "60m", SignerName: "s", Requestor: "u", RequestedDuration: "60m", Condition: "Approved,Issued" },
    ],
    [
      "",
      "ResourceQuota",
      { status: { hard: { pods: "5", "limits.cpu": "2" }, used: { pods: "1" } } },
      { Request: "pods: 1/5", Limit: "limits.cpu: 0/2", Age: "60m" },
    ],
    ["example.com", "Unknown", {}, { Age: "60m" }],
  ])("B302 B304 shows a %s %s", (group, kind, object, expected) => {
    const { Name, ...rest } = shown(group, kind, object);
    expect(Name).toBe("x");
    expect(rest).toEqual(expected);
  });

  it("marks the default storage class by its name", () => {
    const object = {
      metadata: { ...metadata, annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
      provisioner: "p",
      reclaimPolicy: "Delete",
    };
    expect(shown("storage.k8s.io", "StorageClass", object)).toMatchObject({
      Name: "x (default)",
      Provisioner: "p",
      AllowVolumeExpansion: false,
    });
  });

  it.each(["", "events.k8s.io"])("B302 shows an event of group '%s', of either form", (group) => {
    const expected = {
      "Last Seen": "60s",
      Type: "Normal",
      Reason: "Started",
      Object: "pod/p",
      "Subobject*": "",
      "Source*": "kubelet, n1",
      Message: "hello",
      "First Seen*": "60m",
      "Count*": 4,
      "Name*": "x",
    };
    const core = {
      type: "Normal",
      reason: "Started",
      message: "hello\n",
      involvedObject: { kind: "Pod", name: "p" },
      source: { component: "kubelet", host: "n1" },
      firstTimestamp: "2026-01-01T00:00:00Z",
      lastTimestamp: "2026-01-01T00:59:00Z",
      count: 4,
    };
    expect(shown(group, "Event", core)).toEqual(expected);
    const current = {
      type: "Normal",
      reason: "Started",
      note: "hello",
      regarding: { kind: "Pod", name: "p" },
      reportingController: "kubelet",
      reportingInstance: "n1",
      eventTime: "2026-01-01T00:00:00.000000Z",
      series: { count: 4, lastObservedTime: "2026-01-01T00:59:00.000000Z" },
    };
    expect(shown(group, "Event", current)).toEqual(expected);
  });

  it.each<[string, JsonObject, string]>([
    ["Complete", { status: { conditions: [{ type: "Complete", status: "True" }] } }, "Complete"],
    ["Failed", { status: { conditions: [{ type: "Failed", status: "True" }] } }, "Failed"],
    ["Suspended", { status: { conditions: [{ type: "Suspended", status: "True" }] } }, "Suspended"],
  ])("B302 tells that a job is %s", (_title, object, expected) => {
    expect(shown("batch", "Job", object)["Status"]).toBe(expected);
  });
});
