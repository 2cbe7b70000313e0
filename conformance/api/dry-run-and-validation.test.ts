import { expect, it } from "vitest";
import { configMap, definition, deployment, widget } from "./objects.ts";
import { behaviours } from "./suite.ts";

behaviours("dry run and field validation", (world) => {
  it.runIf(world.alone)("B096 does everything but store", async () => {
    const ns = await world.namespace();
    const before = (await world.api.get(`${ns.core}/services`)).body.metadata.resourceVersion;
    const made = await world.api.post(`${ns.core}/services?dryRun=All`, {
      metadata: { name: "s" },
      spec: { ports: [{ port: 1 }] },
    });
    expect([made.status, made.body.spec.ports[0].protocol]).toEqual([201, "TCP"]);
    expect(made.body.metadata.uid).toBeDefined();
    expect((await world.api.get(`${ns.core}/services`)).body).toMatchObject({
      items: [],
      metadata: { resourceVersion: before },
    });
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    expect((await world.api.put(`${ns.core}/configmaps/a?dryRun=All`, configMap("a", { x: "1" }))).body.data).toEqual({
      x: "1",
    });
    expect((await world.api.post(`${ns.core}/configmaps?dryRun=All`, configMap("a"))).status).toBe(409);
    expect((await world.api.apply(`${ns.core}/configmaps/b?dryRun=All`, configMap("b"), "m")).status).toBe(201);
    const { items } = (await world.api.get(`${ns.core}/configmaps`)).body;
    expect(items.map((item: { data?: object }) => item.data)).toEqual([undefined]);
  });

  it("B096 B098 refuses other values with 422", async () => {
    const ns = await world.namespace();
    for (const query of ["dryRun=Some", "fieldValidation=Maybe"]) {
      const { status, body } = await world.api.post(`${ns.core}/configmaps?${query}`, configMap("a"));
      expect([status, body.details.causes[0].reason]).toEqual([422, "FieldValueNotSupported"]);
    }
  });

  const wrong = (name: string): string =>
    JSON.stringify({ ...deployment(name), bogus: 1 }).replace('"replicas":2', '"replicas":2,"replicas":3');

  it("B099 refuses unknown and duplicate fields where that is asked for", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/deployments`;
    const { status, body } = await world.api.post(`${path}?fieldValidation=Strict`, wrong("d"));
    expect([status, body.reason]).toEqual([400, "BadRequest"]);
    expect(body.message).toContain("strict decoding error: ");
    expect(body.message).toContain('unknown field "bogus"');
    expect(body.message).toContain('duplicate field "spec.replicas"');
    await world.api.make(path, deployment("d"));
    const patched = await world.api.patch(`${path}/d?fieldValidation=Strict`, { spec: { bogus: 1 } });
    expect([patched.status, patched.body.message.includes('unknown field "spec.bogus"')]).toEqual([422, true]);
  });

  it("B100 B017 warns by default, and is silent when asked to be", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/deployments`;
    const warned = await world.api.post(path, wrong("warned"));
    expect([warned.status, warned.body.spec.replicas]).toEqual([201, 3]);
    expect(warned.headers["warning"]).toContain('299 - "unknown field \\"bogus\\""');
    expect(warned.headers["warning"]).toContain('299 - "duplicate field \\"spec.replicas\\""');
    const silent = await world.api.post(`${path}?fieldValidation=Ignore`, wrong("silent"));
    expect([silent.status, silent.headers["warning"]]).toEqual([201, undefined]);
  });

  it("B101 finds unknown fields of custom kinds, not under those that keep them", async () => {
    await world.define(definition("strict.example.com"));
    const ns = await world.namespace();
    const path = `${ns.path("strict.example.com/v1")}/widgets`;
    const kept = widget("strict.example.com", "kept", { free: { any: { thing: 1 } } });
    const made = await world.api.post(`${path}?fieldValidation=Strict`, kept);
    expect([made.status, made.body.spec.free]).toEqual([201, { any: { thing: 1 } }]);
    const unknown = { ...widget("strict.example.com", "w", { bogus: 1 }), metadata: { name: "w", odd: 1 } };
    const { status, body } = await world.api.post(`${path}?fieldValidation=Strict`, unknown);
    expect([status, body.message]).toEqual([400, expect.stringContaining('unknown field "spec.bogus"')]);
    expect(body.message).toContain('unknown field "metadata.odd"');
    expect((await world.api.post(path, unknown)).body.spec).toEqual({ color: "red" });
  });

  it("refuses values of the wrong type with 400", async () => {
    const ns = await world.namespace();
    const answer = await world.api.post(`${ns.path("apps/v1")}/deployments`, deployment("d", { replicas: "two" }));
    expect([answer.status, answer.body.reason]).toEqual([400, "BadRequest"]);
  });

  it("9.2.5 9.2.6 shows defaults, and no empty maps of built-in kinds", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.path("apps/v1")}/deployments`, deployment("d"));
    expect(made.spec.template.spec.containers[0]).toMatchObject({
      imagePullPolicy: "IfNotPresent",
      terminationMessagePolicy: "File",
    });
    const empty = await world.api.make(`${ns.core}/configmaps`, configMap("e", {}, { labels: {} }));
    expect([empty.data, empty.metadata.labels]).toEqual([undefined, undefined]);
  });

  it("reads a protobuf body of a built-in kind", async () => {
    const ns = await world.namespace();
    const field = (number: number, bytes: readonly number[]): number[] => [(number << 3) | 2, bytes.length, ...bytes];
    const string = (number: number, value: string): number[] => field(number, [...Buffer.from(value)]);
    const typeMeta = [...string(1, "v1"), ...string(2, "ConfigMap")];
    const raw = [...field(1, string(1, "proto")), ...field(2, [...string(1, "k"), ...string(2, "v")])];
    const body = Uint8Array.from([0x6b, 0x38, 0x73, 0, ...field(1, typeMeta), ...field(2, raw)]);
    const type = { "content-type": "application/vnd.kubernetes.protobuf" };
    const answer = await world.api.post(`${ns.core}/configmaps`, body, type);
    expect([answer.status, answer.body.data]).toEqual([201, { k: "v" }]);
    const broken = await world.api.post(`${ns.core}/configmaps`, body.slice(0, -3), type);
    expect(broken.status).toBe(400);
  });
});
