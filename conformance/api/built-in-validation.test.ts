import { expect, it } from "vitest";
import { configMap, deployment, pod } from "./objects.ts";
import { behaviours } from "./suite.ts";

const container = { name: "main", image: "example.com/main:1" };
const pods = { metadata: { labels: { app: "d" } }, spec: { containers: [container] } };
const jobPods = { spec: { restartPolicy: "Never", containers: [container] } };

behaviours("what built-in kinds refuse", (world) => {
  /** Fields that the refusal of an object names. */
  const refused = async (group: string, plural: string, body: object): Promise<readonly string[]> => {
    const ns = await world.namespace();
    const path = group === "v1" ? ns.core : ns.path(group);
    const answer = await world.api.post(`${path}/${plural}`, { metadata: { name: "x" }, ...body });
    expect([answer.status, answer.body.reason]).toEqual([422, "Invalid"]);
    return (answer.body.details.causes as { field: string }[]).map(({ field }) => field);
  };

  it.each([
    ["no containers", { containers: [] }, "spec.containers"],
    ["a container without a name", { containers: [{ image: "a" }] }, "spec.containers[0].name"],
    ["a container without an image", { containers: [{ name: "a" }] }, "spec.containers[0].image"],
    ["two containers of one name", { containers: [container, container] }, "spec.containers[1].name"],
    [
      "a port out of range",
      { containers: [{ ...container, ports: [{ containerPort: 70_000 }] }] },
      "spec.containers[0].ports[0].containerPort",
    ],
    [
      "a mount of no volume",
      { containers: [{ ...container, volumeMounts: [{ name: "none", mountPath: "/a" }] }] },
      "spec.containers[0].volumeMounts[0].name",
    ],
    [
      "a variable without a name",
      { containers: [{ ...container, env: [{ value: "a" }] }] },
      "spec.containers[0].env[0].name",
    ],
  ])("B295 refuses a pod with %s", async (_, spec, field) => {
    expect(await refused("v1", "pods", { spec })).toContain(field);
  });

  it.each([
    [
      "a Service with two ports without names",
      "v1",
      "services",
      { ports: [{ port: 80 }, { port: 81 }] },
      "spec.ports[0].name",
    ],
    ["a Service with a port out of range", "v1", "services", { ports: [{ port: 0 }] }, "spec.ports[0].port"],
    ["a Deployment without a selector", "apps/v1", "deployments", { template: pods }, "spec.selector"],
    [
      "a Deployment with fewer than no replicas",
      "apps/v1",
      "deployments",
      { ...(deployment("d")["spec"] as object), replicas: -1 },
      "spec.replicas",
    ],
    [
      "a CronJob with a schedule of four fields",
      "batch/v1",
      "cronjobs",
      { schedule: "* * * *", jobTemplate: { spec: { template: jobPods } } },
      "spec.schedule",
    ],
    [
      "a CronJob with a time zone in its schedule",
      "batch/v1",
      "cronjobs",
      { schedule: "TZ=UTC * * * * *", jobTemplate: { spec: { template: jobPods } } },
      "spec.schedule",
    ],
    ["a Job whose pods never end", "batch/v1", "jobs", { template: pods }, "spec.template.spec.restartPolicy"],
    [
      "an autoscaler without a target",
      "autoscaling/v2",
      "horizontalpodautoscalers",
      { maxReplicas: 1, scaleTargetRef: { kind: "Deployment" } },
      "spec.scaleTargetRef.name",
    ],
    [
      "an autoscaler whose most is less than its least",
      "autoscaling/v2",
      "horizontalpodautoscalers",
      { minReplicas: 3, maxReplicas: 1, scaleTargetRef: { kind: "Deployment", name: "d" } },
      "spec.maxReplicas",
    ],
    [
      "a budget that says both",
      "policy/v1",
      "poddisruptionbudgets",
      { minAvailable: 1, maxUnavailable: 1, selector: {} },
      "spec",
    ],
    [
      "a claim without access modes",
      "v1",
      "persistentvolumeclaims",
      { resources: { requests: { storage: "1Gi" } } },
      "spec.accessModes",
    ],
    [
      "an Ingress without the type of a path",
      "networking.k8s.io/v1",
      "ingresses",
      {
        rules: [{ http: { paths: [{ path: "/", backend: { service: { name: "s", port: { number: 80 } } } }] } }],
      },
      "spec.rules[0].http.paths[0].pathType",
    ],
    ["an Ingress without rules", "networking.k8s.io/v1", "ingresses", {}, "spec"],
  ])("B293 B294 B295 refuses %s", async (_, group, plural, spec, field) => {
    expect(await refused(group, plural, { spec })).toContain(field);
  });

  it("B291 demands a selector that fits the template, and keeps it", async () => {
    const spec = { selector: { matchLabels: { app: "other" } }, template: pods };
    for (const plural of ["deployments", "replicasets", "statefulsets", "daemonsets"]) {
      expect(await refused("apps/v1", plural, { spec })).toContain("spec.template.metadata.labels");
    }
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/deployments`;
    await world.api.make(path, deployment("d"));
    const moved = await world.api.patch(`${path}/d`, {
      spec: {
        selector: { matchLabels: { more: "1" } },
        template: { metadata: { labels: { more: "1" } } },
      },
    });
    expect([moved.status, moved.body.details.causes]).toMatchObject([
      422,
      [{ reason: "FieldValueInvalid", field: "spec.selector" }],
    ]);
  });

  it("B292 checks what Secrets and ConfigMaps hold", async () => {
    expect(await refused("v1", "secrets", { type: "kubernetes.io/tls", data: {} })).toEqual([
      "data[tls.crt]",
      "data[tls.key]",
    ]);
    expect(
      await refused("v1", "secrets", {
        type: "kubernetes.io/dockerconfigjson",
        stringData: { ".dockerconfigjson": "no json" },
      }),
    ).toEqual(["data[.dockerconfigjson]"]);
    expect(await refused("v1", "secrets", { type: "kubernetes.io/ssh-auth" })).toEqual(["data[ssh-privatekey]"]);
    const big = "A".repeat((1 << 20) + 1);
    expect(await refused("v1", "secrets", { stringData: { big } })).toEqual(["data"]);
    expect(await refused("v1", "configmaps", { data: { big } })).toHaveLength(1);
  });

  it("B292 refuses keys that are no keys, or in both maps of a ConfigMap", async () => {
    expect(await refused("v1", "configmaps", { data: { "a/b": "" } })).toEqual(["data[a/b]"]);
    expect(await refused("v1", "configmaps", { data: { a: "" }, binaryData: { a: "" } })).toEqual(["data[a]"]);
  });

  it("B292 keeps what was declared immutable", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, { ...configMap("c", { a: "1" }), immutable: true });
    const answer = await world.api.patch(`${ns.core}/configmaps/c`, { data: { a: "2" } });
    expect([answer.status, answer.body.details.causes[0].field]).toEqual([422, "data"]);
    expect((await world.api.patch(`${ns.core}/configmaps/c`, { immutable: false })).status).toBe(422);
    expect((await world.api.patch(`${ns.core}/configmaps/c`, { metadata: { labels: { a: "b" } } })).status).toBe(200);
  });

  it("B293 lets a claim grow and never shrink", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/persistentvolumeclaims`;
    await world.api.make(path, {
      metadata: { name: "c" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "2Gi" } } },
    });
    const answer = await world.api.patch(`${path}/c`, { spec: { accessModes: ["ReadOnlyMany"] } });
    expect([answer.status, answer.body.details.causes[0].field]).toEqual([422, "spec"]);
  });

  it("B294 refuses an Ingress with its class in two places", async () => {
    const both = {
      metadata: { name: "x", annotations: { "kubernetes.io/ingress.class": "a" } },
      spec: { ingressClassName: "a", defaultBackend: { service: { name: "s", port: { number: 80 } } } },
    };
    expect(await refused("networking.k8s.io/v1", "ingresses", both)).toEqual([
      "metadata.annotations[kubernetes.io/ingress.class]",
    ]);
  });

  it.each([
    ["a CronJob", "batch/v1", "cronjobs", 53, { schedule: "* * * * *", jobTemplate: { spec: { template: jobPods } } }],
    ["a Service", "v1", "services", 64, { ports: [{ port: 80 }] }],
    ["a StatefulSet", "apps/v1", "statefulsets", 254, { selector: { matchLabels: { app: "d" } }, template: pods }],
  ])("B051 refuses a longer name of %s", async (_, group, plural, length, spec) => {
    const ns = await world.namespace();
    const path = group === "v1" ? ns.core : ns.path(group);
    const make = (name: string) => world.api.post(`${path}/${plural}`, { metadata: { name }, spec });
    expect((await make("x".repeat(length))).status).toBe(422);
    if (plural !== "statefulsets") expect((await make("x".repeat(length - 1))).status).toBe(201);
  });

  it("B295 refuses a pod's names that are none", async () => {
    const ns = await world.namespace();
    const answer = await world.api.post(`${ns.core}/pods`, pod("p", { containers: [{ name: "Big", image: "a" }] }));
    expect([answer.status, answer.body.details.causes[0].field]).toEqual([422, "spec.containers[0].name"]);
    expect((await world.api.post("/api/v1/namespaces", { metadata: { name: "a.b" } })).status).toBe(422);
    expect((await world.api.post("/api/v1/nodes", { metadata: { name: "A" } })).status).toBe(422);
  });
});
