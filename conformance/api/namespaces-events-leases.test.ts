import { expect, it } from "vitest";
import { configMap } from "./objects.ts";
import { behaviours } from "./suite.ts";

behaviours("namespaces, events and leases", (world) => {
  it("B270 gives a namespace its finalizer, phase and label", async () => {
    const { name, core } = await world.namespace();
    const { body } = await world.api.get(core);
    expect([body.spec.finalizers, body.status.phase, body.metadata.labels]).toEqual([
      ["kubernetes"],
      "Active",
      { "kubernetes.io/metadata.name": name },
    ]);
    const { body: relabelled } = await world.api.patch(core, {
      metadata: { labels: { "kubernetes.io/metadata.name": null, a: "b" } },
    });
    expect(relabelled.metadata.labels).toEqual({ "kubernetes.io/metadata.name": name, a: "b" });
  });

  it.runIf(world.alone)("B271 B273 lets a namespace go when its content is", async () => {
    const { core } = await world.namespace();
    await world.api.make(`${core}/configmaps`, configMap("a"));
    const { status, body } = await world.api.delete(core);
    expect([status, body.status.phase, body.metadata.deletionTimestamp]).toEqual([
      200,
      "Terminating",
      expect.stringMatching(/Z$/),
    ]);
    const finalized = await world.api.put(`${core}/finalize`, {
      ...body,
      spec: { finalizers: [] },
      metadata: { ...body.metadata, labels: { no: "change" } },
    });
    expect([finalized.status, finalized.body.metadata.labels.no]).toEqual([200, undefined]);
    expect((await world.api.get(core)).status).toBe(404);
  });

  it("B273 refuses to finalize a stale version", async () => {
    const { core } = await world.namespace();
    const { body } = await world.api.get(core);
    await world.api.patch(core, { metadata: { labels: { a: "b" } } });
    expect((await world.api.put(`${core}/finalize`, body)).status).toBe(409);
  });

  it("B275 has the namespaces of every cluster", async () => {
    for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"]) {
      expect((await world.api.get(`/api/v1/namespaces/${name}`)).status).toBe(200);
    }
  });

  it.each([
    ["eventTime", null],
    ["reportingController", ""],
    ["reportingInstance", ""],
    ["action", ""],
    ["reason", ""],
    ["type", "Odd"],
    ["note", "n".repeat(1025)],
  ])("B276 refuses a new event whose %s is not as it must be", async (field, value) => {
    const ns = await world.namespace();
    const path = `${ns.path("events.k8s.io/v1")}/events`;
    const event = {
      metadata: { name: "m" },
      regarding: { kind: "Pod", name: "p", namespace: ns.name },
      reason: "R",
      note: "n".repeat(1024),
      type: "Normal",
      action: "Test",
      eventTime: "2026-01-01T00:00:00.000000Z",
      reportingController: "x.io/c",
      reportingInstance: "c-1",
    };
    const { status, body } = await world.api.post(path, { ...event, [field]: value } as never);
    const named = body.details?.causes?.map((cause: { field: string }) => cause.field.toLowerCase()).join();
    expect([status, named]).toEqual([422, expect.stringContaining(field.toLowerCase())]);
    expect((await world.api.post(path, event as never)).status).toBe(201);
  });

  it("B276 keeps events beside what they are about", async () => {
    const ns = await world.namespace();
    const event = (namespace: string) => ({
      metadata: { name: "e" },
      involvedObject: { kind: "Pod", name: "p", namespace },
      reason: "R",
      type: "Normal",
    });
    expect((await world.api.post(`${ns.core}/events`, event("default"))).status).toBe(422);
    const modern = {
      metadata: { name: "m" },
      regarding: { kind: "Pod", name: "p", namespace: ns.name },
      reason: "R",
      type: "Odd",
      note: "n",
    };
    expect((await world.api.post(`${ns.path("events.k8s.io/v1")}/events`, modern)).status).toBe(422);
    const good = {
      ...modern,
      type: "Normal",
      action: "Test",
      eventTime: "2026-01-01T00:00:00.000000Z",
      reportingController: "x.io/c",
      reportingInstance: "c-1",
    };
    await world.api.make(`${ns.path("events.k8s.io/v1")}/events`, good as never);
    expect((await world.api.get(`${ns.core}/events/m`)).body).toMatchObject({
      apiVersion: "v1",
      kind: "Event",
      message: "n",
      involvedObject: { name: "p" },
      eventTime: good.eventTime,
    });
    const watch = world.api.watch(`${ns.path("events.k8s.io/v1")}/events`);
    expect((await watch.until(1))[0]!.object).toMatchObject({ apiVersion: "events.k8s.io/v1", note: "n" });
    watch.stop();
  });

  it.runIf(world.ours)("B277 forgets an event an hour after its last write", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/events`, {
      metadata: { name: "e" },
      involvedObject: { kind: "Pod", name: "p", namespace: ns.name },
      reason: "R",
      type: "Normal",
    });
    await world.target.advance(3_000_000);
    await world.api.patch(`${ns.core}/events/e`, { count: 2 });
    await world.target.advance(3_000_000);
    expect((await world.api.get(`${ns.core}/events/e`)).status).toBe(200);
    const watch = world.api.watch(`${ns.core}/events`);
    await world.target.advance(600_001);
    const lines = await watch.until(2);
    expect(lines.map(({ type, object }) => [type, object.metadata.name])).toEqual([
      ["ADDED", "e"],
      ["DELETED", "e"],
    ]);
    watch.stop();
    expect((await world.api.get(`${ns.core}/events/e`)).status).toBe(404);
  });

  it("B279 lets one of two electors have the lease", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("coordination.k8s.io/v1")}/leases`;
    const lease = await world.api.make(path, { metadata: { name: "l" }, spec: { leaseDurationSeconds: 15 } });
    const claim = (holderIdentity: string) =>
      world.api.put(`${path}/l`, { ...lease, spec: { ...lease.spec, holderIdentity } });
    const codes = (await Promise.all([claim("a"), claim("b")])).map(({ status }) => status);
    expect(codes.toSorted()).toEqual([200, 409]);
    expect((await world.api.patch(`${path}/l`, { spec: { leaseDurationSeconds: 0 } })).status).toBe(422);
    expect((await world.api.patch(`${path}/l`, { spec: { leaseTransitions: -1 } })).status).toBe(422);
  });

  it("B279 makes a Lease by an update, and keeps its times to the sixth digit", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("coordination.k8s.io/v1")}/leases/l`;
    const spec = {
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
      acquireTime: "2026-01-01T00:00:00.000001Z",
      renewTime: "2026-01-01T00:00:00.120000Z",
    };
    const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "l" }, spec };
    const made = await world.api.put(path, lease as never);
    expect([made.status, made.body.spec]).toEqual([201, spec]);
    expect((await world.api.get(path)).body.spec).toEqual(spec);
    const { resourceVersion } = made.body.metadata;
    const renewed = { ...made.body, spec: { ...spec, renewTime: "2026-01-01T00:00:10.000002Z" } };
    expect((await world.api.put(path, renewed)).body.spec.renewTime).toBe("2026-01-01T00:00:10.000002Z");
    const late = await world.api.put(path, { ...renewed, metadata: { ...renewed.metadata, resourceVersion } });
    expect([late.status, late.body.reason]).toEqual([409, "Conflict"]);
  });
});
