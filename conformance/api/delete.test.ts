import { expect, it } from "vitest";
import { configMap, definition, pod, widget } from "./objects.ts";
import { behaviours } from "./suite.ts";

behaviours("delete and finalizers", (world) => {
  it("B082 B029 deletes at once and answers with the uid", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const { status, body } = await world.api.delete(`${ns.core}/configmaps/a`);
    expect([status, body]).toEqual([
      200,
      {
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Success",
        details: { name: "a", kind: "configmaps", uid: made.metadata.uid },
      },
    ]);
    expect((await world.api.get(`${ns.core}/configmaps/a`)).status).toBe(404);
    expect((await world.api.delete(`${ns.core}/configmaps/a`)).status).toBe(404);
  });

  it("B082 answers with the object for kinds that do", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/serviceaccounts`, { metadata: { name: "a" } });
    expect((await world.api.delete(`${ns.core}/serviceaccounts/a`)).body.kind).toBe("ServiceAccount");
  });

  it("B080 takes options from the query, and from the body before", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const dry = await world.api.delete(`${ns.core}/configmaps/a?dryRun=All`);
    expect(dry.status).toBe(200);
    const meta = { kind: "DeleteOptions", apiVersion: "meta.k8s.io/v1", propagationPolicy: "Orphan" };
    const { body } = await world.api.delete(`${ns.core}/configmaps/a?propagationPolicy=Foreground`, meta);
    expect(body.metadata.finalizers).toEqual(["orphan"]);
    expect((await world.api.delete(`${ns.core}/configmaps/a`, { kind: "Pod" })).status).toBe(400);
    expect((await world.api.delete(`${ns.core}/configmaps/a`, { gracePeriodSeconds: "x" })).status).toBe(400);
  });

  it("B080 reads options in protobuf, as Go clients send them", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    // Envelope {typeMeta {v1 DeleteOptions}, raw {propagationPolicy (field 4) "Orphan"}}.
    const typeMeta = [0x0a, 2, ...Buffer.from("v1"), 0x12, 13, ...Buffer.from("DeleteOptions")];
    const raw = [0x22, 6, ...Buffer.from("Orphan")];
    const bytes = [0x6b, 0x38, 0x73, 0, 0x0a, typeMeta.length, ...typeMeta, 0x12, raw.length, ...raw];
    const type = { "content-type": "application/vnd.kubernetes.protobuf" };
    const { status, body } = await world.api.delete(`${ns.core}/configmaps/a`, Uint8Array.from(bytes), type);
    expect([status, body.metadata.finalizers]).toEqual([200, ["orphan"]]);
  });

  it("B081 keeps what does not meet the preconditions", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    for (const preconditions of [{ uid: "other" }, { resourceVersion: "1" }]) {
      expect((await world.api.delete(`${ns.core}/configmaps/a`, { preconditions })).status).toBe(409);
    }
    const { uid, resourceVersion } = made.metadata;
    expect(
      (await world.api.delete(`${ns.core}/configmaps/a`, { preconditions: { uid, resourceVersion } })).status,
    ).toBe(200);
  });

  it("B083 B084 B085 waits for finalizers, and goes with the last one", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/configmaps/a`;
    const made = await world.api.make(
      `${ns.core}/configmaps`,
      configMap("a", {}, { finalizers: ["x.io/a", "x.io/b"] }),
    );
    const watch = world.api.watch(`${ns.core}/configmaps?resourceVersion=${made.metadata.resourceVersion}`);
    const first = await world.api.delete(path);
    expect(first.status).toBe(200);
    expect(first.body.metadata.deletionTimestamp).toMatch(/Z$/);
    expect(first.body.metadata.deletionGracePeriodSeconds).toBe(0);
    expect((await world.api.delete(path)).body.metadata).toEqual(first.body.metadata);
    await world.api.patch(path, { metadata: { finalizers: ["x.io/b"] } });
    const last = await world.api.patch(path, { metadata: { finalizers: null } });
    expect([last.status, last.body.metadata.name]).toEqual([200, "a"]);
    expect((await world.api.get(path)).status).toBe(404);
    const lines = await watch.until(3);
    watch.stop();
    expect(lines.map(({ type }) => type)).toEqual(["MODIFIED", "MODIFIED", "DELETED"]);
    const revisions = lines.map(({ object }) => Number(object.metadata.resourceVersion));
    expect(revisions).toEqual([revisions[0], revisions[0]! + 1, revisions[0]! + 2]);
  });

  it("B086 writes the policy down as a finalizer", async () => {
    const ns = await world.namespace();
    for (const [policy, finalizers] of [
      ["Orphan", ["orphan"]],
      ["Foreground", ["foregroundDeletion"]],
    ] as const) {
      await world.api.make(`${ns.core}/configmaps`, configMap(policy.toLowerCase()));
      const { body } = await world.api.delete(`${ns.core}/configmaps/${policy.toLowerCase()}`, {
        propagationPolicy: policy,
      });
      expect(body.metadata.finalizers).toEqual(finalizers);
      await world.api.delete(`${ns.core}/configmaps/${policy.toLowerCase()}`, { propagationPolicy: "Background" });
      expect((await world.api.get(`${ns.core}/configmaps/${policy.toLowerCase()}`)).status).toBe(404);
    }
  });

  it("B087 refuses contradictions and unknown policies", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const code = async (options: object): Promise<number> =>
      (await world.api.delete(`${ns.core}/configmaps/a`, options)).status;
    expect(await code({ orphanDependents: true, propagationPolicy: "Orphan" })).toBe(422);
    expect(await code({ propagationPolicy: "Sideways" })).toBe(422);
    expect(await code({ dryRun: ["Some"] })).toBe(422);
  });

  it.runIf(world.alone)("B088 gives a running pod its grace, and lets a later delete shorten it", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/pods/p`;
    await world.api.make(`${ns.core}/pods`, pod("p", { nodeName: "n", terminationGracePeriodSeconds: 20 }));
    const first = (await world.api.delete(path)).body.metadata;
    expect(first.deletionGracePeriodSeconds).toBe(20);
    expect((await world.api.delete(path, { gracePeriodSeconds: 60 })).body.metadata.deletionGracePeriodSeconds).toBe(
      20,
    );
    expect((await world.api.delete(path, { gracePeriodSeconds: 5 })).body.metadata.deletionGracePeriodSeconds).toBe(5);
    expect((await world.api.delete(path, { gracePeriodSeconds: 0 })).status).toBe(200);
    expect((await world.api.get(path)).status).toBe(404);
  });

  it("B088 B089 deletes an unscheduled pod at once, unless a finalizer holds it", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/pods`, pod("free"));
    await world.api.delete(`${ns.core}/pods/free`);
    expect((await world.api.get(`${ns.core}/pods/free`)).status).toBe(404);
    await world.api.make(`${ns.core}/pods`, pod("held", { nodeName: "n" }, { finalizers: ["x.io/a"] }));
    const { body } = await world.api.delete(`${ns.core}/pods/held`, { gracePeriodSeconds: 0 });
    expect(body.metadata.deletionGracePeriodSeconds).toBe(0);
  });

  it("B090 answers 202 where dependents go first by the old option", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a", {}, { finalizers: ["x.io/a"] }));
    expect((await world.api.delete(`${ns.core}/configmaps/a`, { orphanDependents: false })).status).toBe(202);
  });

  it.runIf(world.alone)("B091 deletes a collection as far as it is selected", async () => {
    const ns = await world.namespace();
    for (const name of ["a", "b", "c"]) {
      await world.api.make(`${ns.core}/configmaps`, configMap(name, {}, { labels: { keep: String(name === "c") } }));
    }
    const { status, body } = await world.api.delete(`${ns.core}/configmaps?labelSelector=keep%3Dfalse`);
    expect([status, body.kind, body.items.length]).toEqual([200, "ConfigMapList", 2]);
    const left = (await world.api.get(`${ns.core}/configmaps`)).body.items;
    expect(left.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(["c"]);
    expect((await world.api.delete(`${ns.core}/secrets`)).status).toBe(200);
  });

  it("B092 B096 changes nothing in a dry run", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.core}/configmaps`, configMap("a", {}, { finalizers: ["x.io/a"] }));
    const { body } = await world.api.delete(`${ns.core}/configmaps/a`, { dryRun: ["All"] });
    expect(body.metadata.deletionTimestamp).toMatch(/Z$/);
    expect((await world.api.get(`${ns.core}/configmaps/a`)).body).toEqual(made);
  });

  it("B094 refuses to delete the namespaces of the system", async () => {
    for (const name of ["default", "kube-system", "kube-public"]) {
      const { status, body } = await world.api.delete(`/api/v1/namespaces/${name}`);
      expect([status, body.reason, body.details.name]).toEqual([403, "Forbidden", name]);
    }
  });

  it("B023 says of a taken name that its holder is going", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a", {}, { finalizers: ["x.io/a"] }));
    await world.api.delete(`${ns.core}/configmaps/a`);
    const { body } = await world.api.post(`${ns.core}/configmaps`, configMap("a"));
    expect(body.message).toMatch(/^object is being deleted: /);
  });

  it("B186 warns of a finalizer without a domain on a custom object", async () => {
    await world.define(definition("fin.example.com"));
    const ns = await world.namespace();
    const path = `${ns.path("fin.example.com/v1")}/widgets`;
    const answer = await world.api.post(path, widget("fin.example.com", "w", {}, { finalizers: ["plain"] }));
    expect([answer.status, answer.headers["warning"]]).toEqual([201, expect.stringContaining("plain")]);
  });
});
