import { expect, it } from "vitest";
import { configMap, definition, deployment, pod, widget } from "./objects.ts";
import { behaviours } from "./suite.ts";

behaviours("identity and generation", (world) => {
  it("B031 B032 counts all writes with one number", async () => {
    const ns = await world.namespace();
    const first = await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const second = await world.api.make(`${ns.core}/secrets`, { metadata: { name: "b" } });
    expect(Number(second.metadata.resourceVersion)).toBe(Number(first.metadata.resourceVersion) + 1);
    const empty = (await world.api.get(`${ns.core}/services`)).body;
    expect(Number(empty.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(second.metadata.resourceVersion));
  });

  it.runIf(world.alone)("B033 stores nothing where a write changes nothing", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.path("apps/v1")}/deployments`, deployment("d"));
    const watch = world.api.watch(`${ns.path("apps/v1")}/deployments?resourceVersion=${made.metadata.resourceVersion}`);
    await watch.opened;
    const path = `${ns.path("apps/v1")}/deployments/d`;
    for (const answer of [
      await world.api.put(path, made),
      await world.api.put(path, deployment("d")),
      await world.api.patch(path, {}),
      await world.api.patch(path, { spec: { replicas: 2 } }, "strategic"),
    ]) {
      expect([answer.status, answer.body.metadata.resourceVersion]).toEqual([200, made.metadata.resourceVersion]);
    }
    await world.api.delete(path);
    expect((await watch.until(1)).map(({ type }) => type)).toEqual(["DELETED"]);
    watch.stop();
  });

  it("B034 gives identity and takes none from the client", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(
      `${ns.core}/configmaps`,
      configMap(
        "a",
        {},
        {
          uid: "mine",
          creationTimestamp: "2001-01-01T00:00:00Z",
          deletionTimestamp: "2001-01-01T00:00:00Z",
          deletionGracePeriodSeconds: 5,
          selfLink: "/mine",
        },
      ),
    );
    expect(made.metadata.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(made.metadata.creationTimestamp).toMatch(/^20(?!01)\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    for (const field of ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"]) {
      expect(made.metadata).not.toHaveProperty(field);
    }
    const other = await world.api.make(`${ns.core}/configmaps`, configMap("b"));
    expect(other.metadata.uid).not.toBe(made.metadata.uid);
  });

  it("B035 refuses to create with a resourceVersion", async () => {
    const ns = await world.namespace();
    const answer = await world.api.post(`${ns.core}/configmaps`, configMap("a", {}, { resourceVersion: "5" }));
    expect([answer.status, answer.body.message.includes("resourceVersion should not be set")]).toEqual([500, true]);
  });

  it("B036 B057 counts changes of a custom object's spec, not of metadata or status", async () => {
    await world.define(definition("gen.example.com"));
    const ns = await world.namespace();
    const path = `${ns.path("gen.example.com/v1")}/widgets`;
    const made = await world.api.make(path, widget("gen.example.com", "w", { size: 1 }));
    expect(made.metadata.generation).toBe(1);
    const generation = async (part: string, patch: object): Promise<[number, boolean]> => {
      const before = (await world.api.get(`${path}/w`)).body.metadata.resourceVersion;
      const { metadata } = (await world.api.patch(`${path}/w${part}`, patch)).body;
      return [metadata.generation, metadata.resourceVersion !== before];
    };
    expect(await generation("", { metadata: { labels: { a: "b" }, generation: 9 } })).toEqual([1, true]);
    expect(await generation("/status", { status: { phase: "Up" } })).toEqual([1, true]);
    expect(await generation("", { spec: { size: 2 } })).toEqual([2, true]);
    expect(await generation("", { spec: { unknown: 2 } })).toEqual([2, false]);
  });

  it("B036 counts a change of status where that is no subresource", async () => {
    await world.define(definition("nosub.example.com", { versions: [{ name: "v1", subresources: {} }] }));
    const ns = await world.namespace();
    const path = `${ns.path("nosub.example.com/v1")}/widgets`;
    const made = await world.api.make(path, {
      ...widget("nosub.example.com", "w"),
      status: { phase: "New" },
    });
    expect([made.status.phase, made.metadata.generation]).toEqual(["New", 1]);
    expect((await world.api.patch(`${path}/w`, { status: { phase: "Up" } })).body.metadata.generation).toBe(2);
    expect((await world.api.get(`${path}/w/status`)).status).toBe(404);
  });

  it("B037 B038 B040 counts for workloads and not for plain data", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/deployments`;
    const made = await world.api.make(path, deployment("d"));
    expect(made.metadata.generation).toBe(1);
    const labelled = await world.api.patch(`${path}/d`, { metadata: { labels: { a: "b" }, generation: 7 } });
    expect(labelled.body.metadata.generation).toBe(1);
    const put = { ...labelled.body, metadata: { ...labelled.body.metadata, generation: 7 } };
    expect((await world.api.put(`${path}/d`, put)).body.metadata.generation).toBe(1);
    const status = { ...labelled.body, metadata: { name: "d", generation: 7 }, status: { observedGeneration: 1 } };
    expect((await world.api.put(`${path}/d/status`, status)).body.metadata.generation).toBe(1);
    expect((await world.api.patch(`${path}/d`, { spec: { replicas: 5 } })).body.metadata.generation).toBe(2);
    const data = await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    expect(data.metadata.generation).toBeUndefined();
  });

  it("B039 counts the beginning of a deletion", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/deployments`;
    await world.api.make(path, { ...deployment("d"), metadata: { name: "d", finalizers: ["example.com/wait"] } });
    expect((await world.api.delete(`${path}/d`)).body.metadata).toMatchObject({
      generation: 2,
      deletionGracePeriodSeconds: 0,
    });
  });

  it("B041 B024 refuses another uid with 409, naming both", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const { status, body } = await world.api.put(`${ns.core}/configmaps/a`, configMap("a", {}, { uid: "other" }));
    expect([status, body.reason]).toEqual([409, "Conflict"]);
    expect(body.message).toContain(
      `Precondition failed: UID in precondition: other, UID in object meta: ${made.metadata.uid}`,
    );
  });

  it("B042 restores what only the server says", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const sent = configMap("a", { b: "c" }, { creationTimestamp: "2001-01-01T00:00:00Z", selfLink: "/x" });
    const { metadata } = (await world.api.put(`${ns.core}/configmaps/a`, sent)).body;
    expect(metadata.creationTimestamp).toBe(made.metadata.creationTimestamp);
    expect(metadata.uid).toBe(made.metadata.uid);
    expect(metadata.selfLink).toBeUndefined();
  });

  it("B043 answers a PUT that names the uid of what is gone with 409", async () => {
    const ns = await world.namespace();
    const lease = { metadata: { name: "l", uid: "gone" }, spec: {} };
    expect((await world.api.put(`${ns.path("coordination.k8s.io/v1")}/leases/l`, lease)).status).toBe(409);
    const answer = await world.api.put(`${ns.core}/configmaps/a`, configMap("a", {}, { uid: "gone" }));
    expect(answer.status).toBe(409);
  });

  it("9.2.15 writes creation times to the second and lease times to the microsecond", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.path("coordination.k8s.io/v1")}/leases`, {
      metadata: { name: "l" },
      spec: { renewTime: "2026-01-02T03:04:05.120000Z", holderIdentity: "me", leaseDurationSeconds: 15 },
    });
    expect(made.spec.renewTime).toBe("2026-01-02T03:04:05.120000Z");
    expect(made.metadata.creationTimestamp).toMatch(/:\d\dZ$/);
  });

  it.runIf(world.alone)("B037 counts changes of a pod's spec", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/pods`, pod("p"));
    const patch = { spec: { containers: [{ name: "main", image: "example.com/main:2" }] } };
    expect((await world.api.patch(`${ns.core}/pods/p`, patch, "strategic")).body.metadata.generation).toBe(2);
  });
});
