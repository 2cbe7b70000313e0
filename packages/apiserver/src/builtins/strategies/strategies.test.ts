import { createVirtualClock, type JsonObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { admin } from "../../auth/user-info.ts";
import type { StrategyContext } from "../../registry/served-resource.ts";
import { applyBuiltinDefaults } from "../defaults/defaults.ts";
import { builtinStrategy } from "./strategies.ts";

const context = (subresource?: string): StrategyContext => ({
  clock: createVirtualClock(),
  user: admin,
  dryRun: false,
  subresource,
});

function created(group: string, kind: string, object: JsonObject): JsonObject {
  const result = structuredClone(object);
  applyBuiltinDefaults({ group, version: "v1", kind }, result);
  builtinStrategy(group, kind).prepareForCreate?.(result, context());
  return result;
}

function updated(group: string, kind: string, old: JsonObject, sent: JsonObject, subresource?: string): JsonObject {
  const result = structuredClone(sent);
  const before = structuredClone(old);
  applyBuiltinDefaults({ group, version: "v1", kind }, result);
  builtinStrategy(group, kind).prepareForUpdate?.(result, before, context(subresource));
  expect(before, "the stored object is not changed").toEqual(old);
  return result;
}

describe("facts by kind", () => {
  it.each([
    ["apps", "Deployment", true],
    ["", "Pod", true],
    ["batch", "CronJob", true],
    ["networking.k8s.io", "Ingress", true],
    ["", "ConfigMap", false],
    ["", "Service", false],
    ["", "Namespace", false],
    ["coordination.k8s.io", "Lease", false],
    ["", "PersistentVolumeClaim", false],
  ])("B037 knows whether %s %s counts generations: %s", (group, kind, counts) => {
    expect(builtinStrategy(group, kind).generation).toBe(counts);
  });

  it("B052 creates by PUT only where upstream does", () => {
    const creating = ["Lease", "Role"].map(
      (kind) =>
        builtinStrategy(kind === "Lease" ? "coordination.k8s.io" : "rbac.authorization.k8s.io", kind).createOnUpdate,
    );
    expect(creating).toEqual([true, true]);
    expect(builtinStrategy("", "ConfigMap").createOnUpdate).toBe(false);
  });

  it("B054 lets a PUT leave out the resourceVersion, but not of leases and CRDs", () => {
    expect(builtinStrategy("apps", "Deployment").unconditionalUpdate).toBe(true);
    expect(builtinStrategy("coordination.k8s.io", "Lease").unconditionalUpdate).toBe(false);
    expect(builtinStrategy("apiextensions.k8s.io", "CustomResourceDefinition").unconditionalUpdate).toBe(false);
  });

  it("B082 answers a delete with the object for pods and services", () => {
    expect(["Pod", "Service", "ConfigMap"].map((kind) => builtinStrategy("", kind).deleteReturnsObject)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("B047 knows names of each kind", () => {
    expect(builtinStrategy("", "Namespace").nameProblem("a.b")).toContain("RFC 1123 label");
    expect(builtinStrategy("", "ConfigMap").nameProblem("a.b")).toBeUndefined();
    expect(builtinStrategy("", "Pod").nameProblem("A")).toContain("RFC 1123 subdomain");
    expect(builtinStrategy("rbac.authorization.k8s.io", "ClusterRole").nameProblem("system:node")).toBeUndefined();
    expect(builtinStrategy("rbac.authorization.k8s.io", "ClusterRole").nameProblem("a/b")).toBe("may not contain '/'");
    expect(builtinStrategy("batch", "CronJob").nameProblem("x".repeat(53))).toBe("must be no more than 52 characters");
  });
});

describe("status", () => {
  it("B048 drops what a create says about the status", () => {
    expect(created("apps", "Deployment", { metadata: {}, spec: {}, status: { replicas: 7 } })["status"]).toEqual({});
    expect(created("", "Pod", { metadata: {}, spec: {}, status: { phase: "Running" } })["status"]).toEqual({
      phase: "Pending",
      qosClass: "BestEffort",
    });
    expect(created("", "Node", { metadata: {}, status: { capacity: { cpu: "4" } } })["status"]).toEqual({
      capacity: { cpu: "4" },
      allocatable: { cpu: "4" },
    });
  });

  const old = {
    metadata: { name: "web", labels: { a: "old" }, annotations: { x: "1" } },
    spec: { replicas: 1 },
    status: { replicas: 1 },
  };

  it("B055 keeps the stored status on a write of the object", () => {
    const sent = { ...old, spec: { replicas: 5 }, status: { replicas: 99 } };
    expect(updated("apps", "Deployment", old, sent)).toMatchObject({ spec: { replicas: 5 }, status: { replicas: 1 } });
  });

  it("B056 takes only status and annotations on a write of the status", () => {
    const sent = {
      metadata: { name: "web", labels: { a: "new" }, annotations: { x: "2" } },
      spec: { replicas: 5 },
      status: { replicas: 99 },
    };
    expect(updated("apps", "Deployment", old, sent, "status")).toEqual({
      metadata: { name: "web", labels: { a: "old" }, annotations: { x: "2" } },
      spec: { replicas: 1 },
      status: { replicas: 99 },
    });
  });

  it("B056 keeps all metadata of a CRD on a write of its status", () => {
    const sent = {
      metadata: { name: "c", annotations: { x: "2" }, finalizers: ["f/x"] },
      spec: { group: "other" },
      status: { storedVersions: ["v2"] },
    };
    const crd = { metadata: { name: "c", annotations: { x: "1" } }, spec: { group: "g" }, status: {} };
    expect(updated("apiextensions.k8s.io", "CustomResourceDefinition", crd, sent, "status")).toEqual({
      metadata: { name: "c", annotations: { x: "1" } },
      spec: { group: "g" },
      status: { storedVersions: ["v2"] },
    });
  });

  it("keeps owner references on a write of a pod's status, and takes its labels", () => {
    const pod = { metadata: { ownerReferences: [{ uid: "1" }] }, spec: { nodeName: "n" }, status: {} };
    const sent = { metadata: { labels: { a: "b" } }, spec: {}, status: { phase: "Running" } };
    expect(updated("", "Pod", pod, sent, "status")).toMatchObject({
      metadata: { labels: { a: "b" }, ownerReferences: [{ uid: "1" }] },
      spec: { nodeName: "n" },
      status: { phase: "Running" },
    });
  });
});

describe("pods", () => {
  const withResources = (...resources: JsonObject[]): JsonObject => ({
    spec: { containers: resources.map((each, index) => ({ name: `c${index}`, image: "x:1", resources: each })) },
  });

  it.each<[string, JsonObject[]]>([
    ["BestEffort", [{}]],
    ["Burstable", [{ requests: { cpu: "1" } }]],
    ["Burstable", [{ limits: { cpu: "1", memory: "1Gi" } }, {}]],
    ["Guaranteed", [{ limits: { cpu: "1", memory: "1Gi" } }]],
    ["Guaranteed", [{ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "1000m", memory: "1024Mi" } }]],
    ["Burstable", [{ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m" } }]],
    ["BestEffort", [{ requests: { "example.com/gpu": "1" } }]],
  ])("calls a pod %s that asks for %j", (qosClass, resources) => {
    expect(created("", "Pod", withResources(...resources))["status"]).toEqual({ phase: "Pending", qosClass });
  });

  it("tells that a gated pod is not to be scheduled yet", () => {
    const pod = created("", "Pod", { spec: { containers: [], schedulingGates: [{ name: "a/b" }] } });
    expect(pod["status"]).toMatchObject({
      conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }],
    });
  });

  it.each<[string, JsonObject, number | undefined, number]>([
    ["its own grace", { spec: { nodeName: "n", terminationGracePeriodSeconds: 30 } }, undefined, 30],
    ["the requested grace", { spec: { nodeName: "n", terminationGracePeriodSeconds: 30 } }, 5, 5],
    ["none, asked for zero", { spec: { nodeName: "n", terminationGracePeriodSeconds: 30 } }, 0, 0],
    ["none, unscheduled", { spec: { terminationGracePeriodSeconds: 30 } }, undefined, 0],
    [
      "none, finished",
      { spec: { nodeName: "n", terminationGracePeriodSeconds: 30 }, status: { phase: "Succeeded" } },
      10,
      0,
    ],
    ["one second for a negative one", { spec: { nodeName: "n", terminationGracePeriodSeconds: -5 } }, undefined, 1],
  ])("B088 gives a pod %s", (_title, pod, requested, expected) => {
    expect(builtinStrategy("", "Pod").gracePeriodSeconds?.(pod, requested)).toBe(expected);
  });

  it("B109 offers the fields a pod can be selected by", () => {
    const strategy = builtinStrategy("", "Pod");
    const pod = {
      spec: { nodeName: "n1", restartPolicy: "Never" },
      status: { phase: "Running", podIPs: [{ ip: "1.2.3.4" }, { ip: "::1" }] },
    };
    const fields = strategy.fields?.(pod) ?? {};
    expect(fields).toMatchObject({
      "spec.nodeName": "n1",
      "status.phase": "Running",
      "spec.hostNetwork": "false",
      "status.podIPs": "1.2.3.4,::1",
      "status.podIP": "",
    });
    expect(Object.keys(fields).sort()).toEqual([...(strategy.fieldNames ?? [])].sort());
  });

  it("B069 takes only resources on resize and only debug containers on ephemeralcontainers", () => {
    const old = {
      metadata: {},
      spec: { containers: [{ name: "a", image: "x:1", resources: {} }] },
      status: { phase: "Running" },
    };
    const sent = {
      metadata: {},
      spec: {
        containers: [{ name: "a", image: "y:2", resources: { limits: { cpu: "1" } } }],
        ephemeralContainers: [{ name: "debug" }],
      },
    };
    expect(updated("", "Pod", old, sent, "resize")).toMatchObject({
      spec: { containers: [{ name: "a", image: "x:1", resources: { limits: { cpu: "1" } } }] },
      status: { phase: "Running" },
    });
    expect(updated("", "Pod", old, sent, "ephemeralcontainers")).toMatchObject({
      spec: { containers: [{ name: "a", image: "x:1", resources: {} }], ephemeralContainers: [{ name: "debug" }] },
    });
  });

  it("warns of environment variables and ports given twice", () => {
    const container = {
      name: "a",
      env: [
        { name: "A", value: "1" },
        { name: "A", value: "2" },
        { name: "A", value: "$(A):3" },
      ],
      ports: [
        { containerPort: 80, protocol: "TCP" },
        { containerPort: 80, protocol: "TCP" },
      ],
    };
    expect(
      builtinStrategy("apps", "Deployment").warnings?.({ spec: { template: { spec: { containers: [container] } } } }),
    ).toEqual([
      'spec.template.spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
      "spec.template.spec.containers[0].ports[1]: duplicate port definition with spec.template.spec.containers[0].ports[0]",
    ]);
  });
});

describe("services", () => {
  const old = {
    metadata: {},
    spec: {
      type: "NodePort",
      clusterIP: "10.0.0.7",
      clusterIPs: ["10.0.0.7"],
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
      externalTrafficPolicy: "Cluster",
      internalTrafficPolicy: "Cluster",
      ports: [{ name: "http", port: 80, nodePort: 30080 }],
    },
    status: { loadBalancer: {} },
  };

  it("B288 keeps addresses and node ports that a PUT leaves out", () => {
    const sent = {
      metadata: {},
      spec: {
        type: "NodePort",
        ports: [
          { name: "http", port: 8080 },
          { name: "new", port: 81 },
        ],
      },
    };
    expect(updated("", "Service", old, sent)["spec"]).toMatchObject({
      clusterIP: "10.0.0.7",
      clusterIPs: ["10.0.0.7"],
      ipFamilyPolicy: "SingleStack",
      ports: [
        { name: "http", port: 8080, nodePort: 30080 },
        { name: "new", port: 81 },
      ],
    });
  });

  it("B288 drops node ports when the type no longer has them", () => {
    const sent = structuredClone(old);
    sent.spec.type = "ClusterIP";
    const spec = updated("", "Service", old, sent)["spec"] as JsonObject;
    expect(spec["ports"]).toEqual([{ name: "http", port: 80, targetPort: 80, protocol: "TCP" }]);
    expect(spec["externalTrafficPolicy"]).toBeUndefined();
    expect(spec["clusterIP"]).toBe("10.0.0.7");
  });

  it("B288 takes a change of the address alone for one of the list, too", () => {
    const sent = structuredClone(old);
    sent.spec.clusterIP = "None";
    expect(updated("", "Service", old, sent)["spec"]).toMatchObject({ clusterIP: "None", clusterIPs: ["None"] });
  });

  it("B287 gives up the address when it becomes an external name", () => {
    const sent = structuredClone(old);
    sent.spec.type = "ExternalName";
    const spec = updated("", "Service", old, sent)["spec"] as JsonObject;
    expect([spec["clusterIP"], spec["clusterIPs"], spec["ipFamilies"]]).toEqual([undefined, undefined, undefined]);
  });
});

describe("namespaces", () => {
  it("B270 holds a new namespace by its finalizer", () => {
    expect(created("", "Namespace", { metadata: { name: "team" } })).toEqual({
      metadata: { name: "team", labels: { "kubernetes.io/metadata.name": "team" } },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    });
  });

  it("B273 lets only finalize change the finalizers", () => {
    const old = {
      metadata: { name: "team", resourceVersion: "1" },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Terminating" },
    };
    const sent = {
      metadata: { name: "team", resourceVersion: "2", labels: { a: "b" } },
      spec: { finalizers: [] as string[] },
      status: { phase: "Active" },
    };
    expect(updated("", "Namespace", old, sent)).toMatchObject({
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Terminating" },
    });
    expect(updated("", "Namespace", old, sent, "finalize")).toEqual({
      metadata: { name: "team", resourceVersion: "2" },
      spec: { finalizers: [] },
      status: { phase: "Terminating" },
    });
  });
});

describe("jobs, daemon sets, signing requests", () => {
  it("B290 lets a Job select its own pods", () => {
    const job = created("batch", "Job", {
      metadata: { name: "j", uid: "u1" },
      spec: { template: { metadata: { labels: { app: "x" } }, spec: {} } },
    });
    expect(job["spec"]).toMatchObject({
      selector: { matchLabels: { "batch.kubernetes.io/controller-uid": "u1" } },
      template: {
        metadata: {
          labels: {
            app: "x",
            "job-name": "j",
            "batch.kubernetes.io/job-name": "j",
            "controller-uid": "u1",
            "batch.kubernetes.io/controller-uid": "u1",
          },
        },
      },
    });
    const manual = created("batch", "Job", {
      metadata: { name: "j", uid: "u1" },
      spec: { manualSelector: true, selector: { matchLabels: { a: "b" } } },
    });
    expect((manual["spec"] as JsonObject)["selector"]).toEqual({ matchLabels: { a: "b" } });
  });

  it("B290 shows on a Job without labels those of its pods, so that it is found by its name", () => {
    const job = created("batch", "Job", { metadata: { name: "j", uid: "u1" }, spec: { template: { spec: {} } } });
    expect((job["metadata"] as JsonObject)["labels"]).toMatchObject({ "job-name": "j", "controller-uid": "u1" });
  });

  it("counts changes of a DaemonSet's template", () => {
    const first = created("apps", "DaemonSet", {
      metadata: {},
      spec: { template: { spec: { containers: [{ name: "a", image: "x:1" }] } } },
    });
    const annotation = (object: JsonObject): unknown =>
      ((object["metadata"] as JsonObject)["annotations"] as JsonObject)["deprecated.daemonset.template.generation"];
    expect(annotation(first)).toBe("1");
    expect(annotation(updated("apps", "DaemonSet", first, first))).toBe("1");
    const changed = structuredClone(first) as { spec: { template: { spec: { containers: { image: string }[] } } } };
    changed.spec.template.spec.containers[0]!.image = "x:2";
    expect(annotation(updated("apps", "DaemonSet", first, changed))).toBe("2");
  });

  it("writes who asks into a signing request, and lets approval change decisions only", () => {
    const csr = created("certificates.k8s.io", "CertificateSigningRequest", {
      metadata: {},
      spec: { username: "somebody", signerName: "s" },
    });
    expect(csr["spec"]).toEqual({
      username: "kubernetes-admin",
      groups: ["system:masters", "system:authenticated"],
      signerName: "s",
    });
    const sent: JsonObject = {
      ...csr,
      status: { certificate: "x", conditions: [{ type: "Approved", status: "True" }, { type: "Other" }] },
    };
    expect(updated("certificates.k8s.io", "CertificateSigningRequest", csr, sent, "approval")["status"]).toEqual({
      conditions: [
        {
          type: "Approved",
          status: "True",
          lastUpdateTime: expect.stringMatching(/Z$/),
          lastTransitionTime: expect.stringMatching(/Z$/),
        },
      ],
    });
  });
});
