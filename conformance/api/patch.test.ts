import { expect, it } from "vitest";
import { configMap, definition, deployment, pod, widget } from "./objects.ts";
import { behaviours } from "./suite.ts";

behaviours("patch", (world) => {
  it("B061 refuses other patches with 415, naming those the kind takes", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const plain = await world.api.send("PATCH", `${ns.core}/configmaps/a`, {});
    expect([plain.status, plain.body.message.includes("application/strategic-merge-patch+json")]).toEqual([415, true]);
    await world.define(definition("patch.example.com"));
    const path = `${ns.path("patch.example.com/v1")}/widgets`;
    await world.api.make(path, widget("patch.example.com", "w"));
    const strategic = await world.api.patch(`${path}/w`, {}, "strategic");
    expect([strategic.status, strategic.body.message.includes("strategic")]).toEqual([415, false]);
  });

  it("B062 takes a version in the patch as a precondition", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const stale = await world.api.patch(`${ns.core}/configmaps/a`, {
      metadata: { resourceVersion: "1" },
      data: { a: "b" },
    });
    expect([stale.status, stale.body.reason]).toEqual([409, "Conflict"]);
  });

  it.each(["json", "merge", "strategic"] as const)("B063 finds nothing to patch with %s", async (type) => {
    const ns = await world.namespace();
    expect((await world.api.patch(`${ns.core}/configmaps/a`, type === "json" ? [] : {}, type)).status).toBe(404);
  });

  it("B064 merges maps, replaces lists and deletes with null", async () => {
    const ns = await world.namespace();
    await world.api.make(
      `${ns.core}/configmaps`,
      configMap("a", { a: "1", b: "2" }, { finalizers: ["x.io/a", "x.io/b"] }),
    );
    const patch = { data: { a: null, c: "3" }, metadata: { finalizers: ["x.io/c"] } };
    const { body } = await world.api.patch(`${ns.core}/configmaps/a`, patch);
    expect([body.data, body.metadata.finalizers]).toEqual([{ b: "2", c: "3" }, ["x.io/c"]]);
    expect((await world.api.patch(`${ns.core}/configmaps/a`, "[]")).status).toBe(400);
    expect((await world.api.patch(`${ns.core}/configmaps/a`, "nonsense")).status).toBe(400);
  });

  it("B065 runs the operations of a JSON patch, or none", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/configmaps/a`;
    await world.api.make(`${ns.core}/configmaps`, configMap("a", { a: "1" }));
    const good = [
      { op: "test", path: "/data/a", value: "1" },
      { op: "add", path: "/data/b", value: "2" },
      { op: "move", from: "/data/a", path: "/data/c" },
    ];
    expect((await world.api.patch(path, good, "json")).body.data).toEqual({ b: "2", c: "1" });
    const failing = [
      { op: "add", path: "/data/d", value: "3" },
      { op: "test", path: "/data/b", value: "9" },
    ];
    const answer = await world.api.patch(path, failing, "json");
    expect([answer.status, answer.body.reason]).toEqual([422, "Invalid"]);
    for (const op of ["replace", "remove"]) {
      expect((await world.api.patch(path, [{ op, path: "/data/none", value: "x" }], "json")).status).toBe(422);
    }
    expect((await world.api.patch(path, { op: "add" }, "json")).status).toBe(400);
    expect((await world.api.get(path)).body.data).toEqual({ b: "2", c: "1" });
  });

  it("B066 refuses a result of the wrong types with 422 on `patch`", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.path("apps/v1")}/deployments`, deployment("d"));
    const { status, body } = await world.api.patch(`${ns.path("apps/v1")}/deployments/d`, {
      spec: { replicas: "many" },
    });
    expect([status, body.reason, body.details.causes[0].field]).toEqual([422, "Invalid", "patch"]);
  });

  it("B067 refuses a change of name, namespace, uid or type", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const code = async (patch: object): Promise<number> =>
      (await world.api.patch(`${ns.core}/configmaps/a`, patch)).status;
    expect(await code({ metadata: { name: "b" } })).toBe(400);
    expect(await code({ metadata: { namespace: "default" } })).toBe(400);
    expect(await code({ metadata: { uid: "b" } })).toBe(409);
    expect(await code({ kind: "Secret" })).toBe(400);
    expect(await code({ apiVersion: "v2" })).toBe(400);
  });

  it("B068 answers an empty patch with the object as it is", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.core}/configmaps`, configMap("a", { a: "1" }));
    const { status, body } = await world.api.patch(`${ns.core}/configmaps/a`, {}, "strategic");
    expect([status, body]).toEqual([200, made]);
  });

  it("B070 B139 names the manager after the user agent", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a", { a: "1" }));
    const agent = { "user-agent": "my-operator/1.2 (linux)" };
    const { body } = await world.api.patch(`${ns.core}/configmaps/a`, { data: { b: "c" } }, "merge", agent);
    expect(body.metadata.managedFields.map((entry: { manager: string }) => entry.manager)).toContain("my-operator");
  });

  it("B071 refuses force without apply, and apply without a manager", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const forced = await world.api.patch(`${ns.core}/configmaps/a?force=true`, {});
    expect([forced.status, forced.body.details.causes[0].reason]).toEqual([422, "FieldValueForbidden"]);
    const anonymous = await world.api.patch(`${ns.core}/configmaps/a`, configMap("a"), "apply");
    expect([anonymous.status, anonymous.body.details.causes[0]]).toMatchObject([
      422,
      { reason: "FieldValueRequired", field: "fieldManager" },
    ]);
  });

  it("B073 B075 merges lists by their keys and obeys $patch", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/deployments/d`;
    await world.api.make(`${ns.path("apps/v1")}/deployments`, deployment("d"));
    const template = (containers: object[]) => ({ spec: { template: { spec: { containers } } } });
    const added = await world.api.patch(
      path,
      template([
        { name: "side", image: "s:1" },
        { name: "main", env: [{ name: "A", value: "1" }] },
      ]),
      "strategic",
    );
    const names = (answer: {
      body: { spec: { template: { spec: { containers: { name: string; image: string }[] } } } };
    }) => answer.body.spec.template.spec.containers.map(({ name, image }) => `${name}=${image}`).toSorted();
    expect(names(added)).toEqual(["main=example.com/main:1", "side=s:1"]);
    expect(
      names(await world.api.patch(path, template([{ name: "side", $patch: "delete" } as object]), "strategic")),
    ).toEqual(["main=example.com/main:1"]);
    const keyless = await world.api.patch(path, template([{ image: "x" }]), "strategic");
    expect([keyless.status, keyless.body.message.includes("name")]).toEqual([500, true]);
  });

  it("B074 B076 unites finalizers, and removes from them", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a", {}, { finalizers: ["x.io/a"] }));
    const path = `${ns.core}/configmaps/a`;
    const more = await world.api.patch(path, { metadata: { finalizers: ["x.io/b"] } }, "strategic");
    expect(more.body.metadata.finalizers.toSorted()).toEqual(["x.io/a", "x.io/b"]);
    const fewer = { metadata: { "$deleteFromPrimitiveList/finalizers": ["x.io/a"] } };
    expect((await world.api.patch(path, fewer, "strategic")).body.metadata.finalizers).toEqual(["x.io/b"]);
  });

  it("B077 clears the other fields of a union", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/deployments/d`;
    await world.api.make(`${ns.path("apps/v1")}/deployments`, deployment("d"));
    const patch = { spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } };
    expect((await world.api.patch(path, patch, "strategic")).body.spec.strategy).toEqual({ type: "Recreate" });
  });

  it.runIf(world.alone)("B069 changes the scale and nothing else through /scale", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/deployments`;
    await world.api.make(path, deployment("d"));
    const patched = await world.api.patch(`${path}/d/scale`, {
      spec: { replicas: 7 },
      metadata: { labels: { a: "b" } },
    });
    expect([patched.status, patched.body.kind, patched.body.spec]).toEqual([200, "Scale", { replicas: 7 }]);
    expect(patched.body.status.selector).toBe("app=d");
    const { body } = await world.api.get(`${path}/d`);
    expect([body.spec.replicas, body.metadata.labels]).toEqual([7, undefined]);
    const put = await world.api.put(`${path}/d/scale`, { ...patched.body, spec: { replicas: 3 } });
    expect([put.status, put.body.spec.replicas]).toEqual([200, 3]);
    expect((await world.api.put(`${path}/d/scale`, patched.body)).status).toBe(409);
    expect((await world.api.patch(`${path}/d/scale`, { spec: { replicas: -1 } })).status).toBe(422);
  });

  it("refuses a Scale that is none", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/deployments`;
    await world.api.make(path, deployment("d"));
    const odd = { toString: false };
    expect((await world.api.apply(`${path}/d/scale`, { apiVersion: odd } as never, "m")).status).toBe(400);
    expect((await world.api.patch(`${path}/d/scale`, { metadata: { name: odd } })).status).toBe(422);
    expect((await world.api.patch(`${path}/d/scale`, { spec: { replicas: "many" } })).status).toBe(422);
  });

  it("B162 lets an autoscaler and an applier meet in a conflict", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/deployments`;
    await world.api.apply(`${path}/d`, deployment("d"), "owner");
    await world.api.patch(`${path}/d/scale?fieldManager=scaler`, { spec: { replicas: 7 } });
    const { body } = await world.api.get(`${path}/d`);
    const scaler = body.metadata.managedFields.find((entry: { manager: string }) => entry.manager === "scaler");
    expect(scaler).toMatchObject({
      operation: "Update",
      subresource: "scale",
      apiVersion: "apps/v1",
      fieldsV1: { "f:spec": { "f:replicas": {} } },
    });
    const again = await world.api.apply(`${path}/d`, deployment("d"), "owner");
    expect([again.status, again.body.details.causes[0].field]).toEqual([409, ".spec.replicas"]);
  });

  it.runIf(world.alone)("binds a pod once, and evicts it as far as its budget allows", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/pods`, pod("p", {}, { labels: { app: "p" } }));
    const binding = { metadata: { name: "p" }, target: { kind: "Node", name: "n1" } };
    expect((await world.api.post(`${ns.core}/pods/p/binding`, binding)).status).toBe(201);
    expect((await world.api.post(`${ns.core}/bindings`, binding)).status).toBe(409);
    expect((await world.api.get(`${ns.core}/pods/p`)).body.spec.nodeName).toBe("n1");

    const ready = { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } };
    await world.api.patch(`${ns.core}/pods/p/status`, ready);
    const budgets = `${ns.path("policy/v1")}/poddisruptionbudgets`;
    await world.api.make(budgets, {
      metadata: { name: "b" },
      spec: { minAvailable: 1, selector: { matchLabels: { app: "p" } } },
    });
    const evict = () => world.api.post(`${ns.core}/pods/p/eviction`, { metadata: { name: "p" } });
    const unknown = await evict();
    expect([unknown.status, unknown.headers["retry-after"]]).toEqual([429, "10"]);
    const counted = {
      status: { observedGeneration: 1, disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 },
    };
    await world.api.patch(`${budgets}/b/status`, counted);
    const evicted = await evict();
    expect([evicted.status, evicted.body.status]).toEqual([201, "Success"]);
    expect((await world.api.get(`${budgets}/b`)).body.status).toMatchObject({ disruptionsAllowed: 0 });
    const going = (await world.api.get(`${ns.core}/pods/p`)).body;
    expect(going.metadata.deletionGracePeriodSeconds).toBe(30);
    expect(going.status.conditions).toContainEqual(
      expect.objectContaining({ type: "DisruptionTarget", status: "True" }),
    );
  });

  it("shows an empty log of a container there is", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/pods`, pod("p"));
    const log = await world.api.get(`${ns.core}/pods/p/log`);
    expect([log.status, log.headers["content-type"], log.text]).toEqual([200, "text/plain", ""]);
    expect((await world.api.get(`${ns.core}/pods/p/log?container=none`)).status).toBe(400);
    expect((await world.api.get(`${ns.core}/pods/gone/log`)).status).toBe(404);
  });
});
