import { expect, it } from "vitest";
import { configMap, definition, deployment, pod, widget } from "./objects.ts";
import { behaviours } from "./suite.ts";

behaviours("create and update", (world) => {
  it("B045 completes a generated name, cut so that it stays a label", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.core}/configmaps`, { metadata: { generateName: "web-" } });
    expect(made.metadata.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    const long = await world.api.make(`${ns.core}/configmaps`, { metadata: { generateName: "x".repeat(70) } });
    expect(long.metadata.name).toMatch(/^x{58}[a-z0-9]{5}$/);
  });

  it("B046 demands a name", async () => {
    const ns = await world.namespace();
    const { status, body } = await world.api.post(`${ns.core}/configmaps`, { metadata: {} });
    expect([status, body.details.causes]).toEqual([
      422,
      [
        {
          reason: "FieldValueRequired",
          message: "Required value: name or generateName is required",
          field: "metadata.name",
        },
      ],
    ]);
  });

  it.each([
    ["configmaps", "Upper", 422],
    ["configmaps", "with.dots", 201],
    ["configmaps", "with/slash", 422],
    ["services", "1-digit-first", 422],
    ["configmaps", "x".repeat(254), 422],
  ])("B047 judges the name of %s %s with %i", async (plural, name, wanted) => {
    const ns = await world.namespace();
    const spec = plural === "services" ? { spec: { ports: [{ port: 80 }] } } : {};
    expect((await world.api.post(`${ns.core}/${plural}`, { metadata: { name }, ...spec })).status).toBe(wanted);
  });

  it("B047 lets names of roles carry colons and no slashes", async () => {
    const path = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    expect((await world.api.post(path, { metadata: { name: "team:Admin" }, rules: [] })).status).toBe(201);
    expect((await world.api.post(path, { metadata: { name: "a/b" }, rules: [] })).status).toBe(422);
  });

  it("B048 B188 drops the status of a new object", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.path("apps/v1")}/deployments`, {
      ...deployment("d"),
      status: { replicas: 7 },
    });
    expect(made.status).toEqual({});
    await world.define(definition("dropped.example.com"));
    const custom = await world.api.make(`${ns.path("dropped.example.com/v1")}/widgets`, {
      ...widget("dropped.example.com", "w"),
      status: { phase: 5 as never },
    });
    expect(custom.status).toBeUndefined();
  });

  it.runIf(world.alone)("B049 finds no namespace, or one that is going", async () => {
    const missing = await world.api.post("/api/v1/namespaces/none/configmaps", configMap("a"));
    expect([missing.status, missing.body.message]).toEqual([404, 'namespaces "none" not found']);
    const ns = await world.namespace();
    await world.api.delete(ns.core);
    const going = await world.api.post(`${ns.core}/configmaps`, configMap("a"));
    expect([going.status, going.body.reason]).toEqual([403, "Forbidden"]);
    expect(going.body.details.causes).toMatchObject([{ reason: "NamespaceTerminating", field: "metadata.namespace" }]);
  });

  it.each([
    ["a label key", { labels: { "bad key": "x" } }, "metadata.labels"],
    ["a label value", { labels: { a: "x".repeat(64) } }, "metadata.labels"],
    ["an annotation key", { annotations: { "bad key": "x" } }, "metadata.annotations"],
    ["too many annotations", { annotations: { a: "x".repeat(263_000) } }, "metadata.annotations"],
    ["a finalizer", { finalizers: ["bad finalizer"] }, "metadata.finalizers"],
    ["an owner without uid", { ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "p" }] }, "metadata.ownerRefe"],
  ])("B050 B117 refuses %s, of built-in and of custom kinds", async (_what, metadata, field) => {
    const ns = await world.namespace();
    const builtin = await world.api.post(`${ns.core}/configmaps`, configMap("a", {}, metadata));
    const custom = await world.api.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
      ...definition("meta.example.com"),
      metadata: { name: "widgets.meta.example.com", ...metadata },
    });
    for (const { status, body } of [builtin, custom]) {
      expect(status).toBe(422);
      expect(body.details.causes).toHaveLength(1);
      expect(body.details.causes[0].field).toContain(field);
    }
  });

  it("B117 allows one controller, and drops an owner that is named twice with a warning", async () => {
    const ns = await world.namespace();
    const owner = { apiVersion: "v1", kind: "Pod", name: "p", uid: "1", controller: true };
    const twice = await world.api.post(
      `${ns.core}/configmaps`,
      configMap("a", {}, { ownerReferences: [owner, owner] }),
    );
    expect([twice.status, twice.body.metadata.ownerReferences.length]).toEqual([201, 1]);
    expect(twice.headers["warning"]).toContain("duplicate");
    const two = configMap("b", {}, { ownerReferences: [owner, { ...owner, uid: "2" }] });
    expect((await world.api.post(`${ns.core}/configmaps`, two)).status).toBe(422);
  });

  it("B118 takes owners that do not exist", async () => {
    const ns = await world.namespace();
    const owner = { apiVersion: "example.com/v1", kind: "None", name: "n", uid: "1" };
    const made = await world.api.make(`${ns.core}/configmaps`, configMap("a", {}, { ownerReferences: [owner] }));
    expect(made.metadata.ownerReferences).toEqual([owner]);
  });

  it("B052 creates by PUT where the kind allows it", async () => {
    const ns = await world.namespace();
    const lease = { metadata: { name: "l" }, spec: { holderIdentity: "me" } };
    expect((await world.api.put(`${ns.path("coordination.k8s.io/v1")}/leases/l`, lease)).status).toBe(201);
    expect((await world.api.put(`${ns.core}/configmaps/a`, configMap("a"))).status).toBe(404);
  });

  it("B053 refuses a stale version with 409 and takes the present one", async () => {
    const ns = await world.namespace();
    const first = await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const second = await world.api.put(`${ns.core}/configmaps/a`, { ...first, data: { a: "1" } });
    expect(second.status).toBe(200);
    const { status, body } = await world.api.put(`${ns.core}/configmaps/a`, { ...first, data: { a: "2" } });
    expect([status, body.reason]).toEqual([409, "Conflict"]);
    expect(body.message).toBe(
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    );
  });

  it("B054 9.2.9 needs no version for built-in kinds and demands it for custom ones", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    expect((await world.api.put(`${ns.core}/configmaps/a`, configMap("a", { b: "c" }))).status).toBe(200);
    await world.define(definition("versioned.example.com"));
    const path = `${ns.path("versioned.example.com/v1")}/widgets`;
    await world.api.make(path, widget("versioned.example.com", "w"));
    const { status, body } = await world.api.put(`${path}/w`, widget("versioned.example.com", "w", { size: 2 }));
    expect([status, body.details.causes[0].field]).toEqual([422, "metadata.resourceVersion"]);
    expect(body.details.causes[0].message).toContain("must be specified for an update");
  });

  it.runIf(world.alone)("B055 9.2.2 ignores the status in a write of the object", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/deployments`;
    const made = await world.api.make(path, deployment("d"));
    const put = await world.api.put(`${path}/d`, { ...made, status: { replicas: 3 } });
    expect([put.status, put.body.status, put.body.metadata.resourceVersion]).toEqual([
      200,
      {},
      made.metadata.resourceVersion,
    ]);
  });

  it("B056 B188 writes nothing but the status through /status", async () => {
    await world.define(definition("status.example.com"));
    const ns = await world.namespace();
    const path = `${ns.path("status.example.com/v1")}/widgets`;
    const made = await world.api.make(path, widget("status.example.com", "w", { size: 1 }));
    const sent = { ...made, spec: { size: 9 }, status: { phase: "Up" } };
    const { body } = await world.api.put(`${path}/w/status`, {
      ...sent,
      metadata: { ...made.metadata, labels: { a: "b" } },
    });
    expect([body.spec.size, body.status, body.metadata.labels]).toEqual([1, { phase: "Up" }, undefined]);
    const main = await world.api.patch(`${path}/w`, { status: { phase: "Down" }, spec: { size: 2 } });
    expect([main.body.spec.size, main.body.status]).toEqual([2, { phase: "Up" }]);
  });

  it.runIf(world.alone)("B056 lets annotations through with the status of a Deployment, and no labels", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/deployments`;
    await world.api.make(path, deployment("d"));
    const patch = { metadata: { labels: { a: "b" }, annotations: { c: "d" } }, status: { replicas: 1 } };
    const { body } = await world.api.patch(`${path}/d/status`, patch);
    expect([body.metadata.labels, body.metadata.annotations, body.status.replicas]).toEqual([undefined, { c: "d" }, 1]);
  });

  it("B059 refuses changes of what is immutable", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/deployments`;
    await world.api.make(path, deployment("d"));
    const { status, body } = await world.api.patch(`${path}/d`, { spec: { selector: { matchLabels: { app: "e" } } } });
    expect(status).toBe(422);
    expect(JSON.stringify(body.details.causes)).toContain("field is immutable");
    await world.api.make(`${ns.core}/configmaps`, { ...configMap("fixed", { a: "b" }), immutable: true });
    expect((await world.api.patch(`${ns.core}/configmaps/fixed`, { data: { a: "c" } })).status).toBe(422);
  });

  it("B060 9.2.8 refuses new finalizers on what is being deleted, and takes other changes", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a", {}, { finalizers: ["example.com/a"] }));
    await world.api.delete(`${ns.core}/configmaps/a`);
    expect((await world.api.patch(`${ns.core}/configmaps/a`, { data: { x: "y" } })).body.data).toEqual({ x: "y" });
    const more = { metadata: { finalizers: ["example.com/a", "example.com/b"] } };
    const { status, body } = await world.api.patch(`${ns.core}/configmaps/a`, more);
    expect([status, body.details.causes[0]]).toMatchObject([
      422,
      { reason: "FieldValueForbidden", field: "metadata.finalizers" },
    ]);
  });

  it("lets concurrent writers through one after the other", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const patches = Array.from({ length: 20 }, (_, n) =>
      world.api.patch(`${ns.core}/configmaps/a`, { data: { [`k${n}`]: "v" } }),
    );
    expect((await Promise.all(patches)).map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(Object.keys((await world.api.get(`${ns.core}/configmaps/a`)).body.data)).toHaveLength(20);
  });

  it("lets one of many writers with the same version through and refuses the others", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const puts = Array.from({ length: 10 }, (_, n) =>
      world.api.put(`${ns.core}/configmaps/a`, { ...made, data: { n: String(n) } }),
    );
    const codes = (await Promise.all(puts)).map(({ status }) => status).toSorted();
    expect(codes).toEqual([200, ...Array(9).fill(409)]);
  });

  it("B238 admits a pod with tolerations and the priority of its class", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.core}/pods`, pod("p", { priorityClassName: "system-cluster-critical" }));
    expect(made.spec.priority).toBe(2_000_000_000);
    expect(made.spec.tolerations.map((toleration: { key: string }) => toleration.key)).toEqual([
      "node.kubernetes.io/not-ready",
      "node.kubernetes.io/unreachable",
    ]);
    expect((await world.api.post(`${ns.core}/pods`, pod("q", { priorityClassName: "none" }))).status).toBe(403);
  });

  it("gives Services addresses of their own, and them back", async () => {
    const ns = await world.namespace();
    const service = (name: string, spec: object = {}) => ({
      metadata: { name },
      spec: { ports: [{ port: 80 }], ...spec },
    });
    const a = await world.api.make(`${ns.core}/services`, service("a") as never);
    expect(a.spec.clusterIP).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    const taken = await world.api.post(`${ns.core}/services`, service("b", { clusterIP: a.spec.clusterIP }));
    expect(taken.status).toBe(422);
    await world.api.delete(`${ns.core}/services/a`);
    const again = await world.api.post(`${ns.core}/services`, service("b", { clusterIP: a.spec.clusterIP }));
    expect(again.status).toBe(201);
  });

  it("has the Service of the API and what servers beside it need", async () => {
    expect((await world.api.get("/api/v1/namespaces/default/services/kubernetes")).body.spec.clusterIP).toMatch(/\.1$/);
    const path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication";
    expect((await world.api.get(path)).body.data["client-ca-file"]).toContain("BEGIN CERTIFICATE");
  });
});
