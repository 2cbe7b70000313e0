import type { JsonObject } from "@homeostat/api";
import { expect, it } from "vitest";
import { configMap, definition, deployment, widget } from "./objects.ts";
import { behaviours } from "./suite.ts";

interface Entry {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
  readonly fieldsV1: object;
}

behaviours("server-side apply", (world) => {
  const owners = (object: { metadata: { managedFields?: Entry[] } }): string[] =>
    (object.metadata.managedFields ?? []).map(({ manager, operation }) => `${manager} ${operation}`).toSorted();

  it("B138 B140 B141 records who wrote which field", async () => {
    const ns = await world.namespace();
    const made = (
      await world.api.post(`${ns.core}/configmaps?fieldManager=me`, configMap("a", { x: "1" }, { labels: { l: "v" } }))
    ).body;
    expect(made.metadata.managedFields).toEqual([
      {
        manager: "me",
        operation: "Update",
        apiVersion: "v1",
        time: made.metadata.creationTimestamp,
        fieldsType: "FieldsV1",
        fieldsV1: {
          "f:data": { ".": {}, "f:x": {} },
          "f:metadata": { "f:labels": { ".": {}, "f:l": {} } },
        },
      },
    ]);
  });

  it("B139 refuses a manager's name that is too long", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/configmaps?fieldManager=${"x".repeat(129)}`;
    expect((await world.api.post(path, configMap("a"))).status).toBe(422);
  });

  it("B142 hands changed fields to who changed them", async () => {
    const ns = await world.namespace();
    await world.api.post(`${ns.core}/configmaps?fieldManager=one`, configMap("a", { x: "1", y: "1" }));
    const { body } = await world.api.patch(`${ns.core}/configmaps/a?fieldManager=two`, { data: { x: "2", y: null } });
    const fields = Object.fromEntries(
      body.metadata.managedFields.map((entry: Entry) => [entry.manager, entry.fieldsV1]),
    );
    expect(fields).toEqual({ one: { "f:data": {} }, two: { "f:data": { "f:x": {} } } });
  });

  it("B147 creates what is not there, and refuses a uid then", async () => {
    const ns = await world.namespace();
    const made = await world.api.apply(`${ns.core}/configmaps/a`, configMap("a", { x: "1" }), "m");
    expect([made.status, owners(made.body)]).toEqual([201, ["m Apply"]]);
    expect((await world.api.apply(`${ns.core}/configmaps/b`, configMap("b", {}, { uid: "u" }), "m")).status).toBe(409);
  });

  it("B143 9.2.10 removes what its manager applied before and leaves out now", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/configmaps/a`;
    await world.api.apply(path, configMap("a", { x: "1", y: "1" }), "m");
    await world.api.patch(`${path}?fieldManager=other`, { data: { z: "9" } });
    expect((await world.api.apply(path, configMap("a", { x: "1" }), "m")).body.data).toEqual({ x: "1", z: "9" });
  });

  it.each([
    ["True", 200],
    ["1", 200],
    ["FALSE", 409],
    ["0", 409],
  ])("B145 takes force=%s as Go reads it", async (force, status) => {
    const ns = await world.namespace();
    const path = `${ns.core}/configmaps/a`;
    await world.api.apply(path, configMap("a", { x: "1" }), "one");
    expect((await world.api.apply(path, configMap("a", { x: "2" }), "two", `&force=${force}`)).status).toBe(status);
  });

  it("B144 B145 refuses to change what others own, unless forced", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/configmaps/a`;
    await world.api.post(`${ns.core}/configmaps?fieldManager=one`, configMap("a", { x: "1" }));
    expect((await world.api.apply(path, configMap("a", { x: "1" }), "two")).status).toBe(200);
    const { status, body } = await world.api.apply(path, configMap("a", { x: "2" }), "two");
    expect([status, body.reason]).toEqual([409, "Conflict"]);
    expect(body.details.causes).toEqual([
      { reason: "FieldManagerConflict", message: 'conflict with "one" using v1', field: ".data.x" },
    ]);
    const forced = await world.api.apply(path, configMap("a", { x: "2" }), "two", "&force=true");
    expect([forced.status, forced.body.data, owners(forced.body)]).toEqual([
      200,
      { x: "2" },
      ["one Update", "two Apply"],
    ]);
  });

  it.runIf(world.ours)("B146 stores nothing for an apply that changes nothing", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/deployments/d`;
    const made = (await world.api.apply(path, deployment("d"), "m")).body;
    await world.target.advance(5000);
    const again = await world.api.apply(path, deployment("d"), "m");
    expect([again.status, again.body]).toEqual([200, made]);
  });

  it("B148 B149 refuses managed fields, another type, and a stale version", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/configmaps/a`;
    await world.api.apply(path, configMap("a"), "m");
    const refused = async (body: JsonObject): Promise<number> => (await world.api.apply(path, body, "m")).status;
    expect(await refused(configMap("a", {}, { managedFields: [] }))).toBe(400);
    expect(await refused({ ...configMap("a"), kind: "Secret" })).toBe(400);
    expect(await refused(configMap("a", { x: "1" }, { resourceVersion: "1" }))).toBe(409);
  });

  it("B150 B151 B163 owns items of keyed lists one by one, with defaulted keys", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/services/s`;
    const service = (ports: object[]): JsonObject =>
      ({ apiVersion: "v1", kind: "Service", metadata: { name: "s" }, spec: { ports } }) as JsonObject;
    await world.api.apply(path, service([{ name: "a", port: 80 }]), "one");
    const both = await world.api.apply(path, service([{ name: "b", port: 81 }]), "two");
    expect(both.body.spec.ports.map(({ port }: { port: number }) => port)).toEqual([80, 81]);
    const two = both.body.metadata.managedFields.find((entry: Entry) => entry.manager === "two");
    expect(Object.keys(two.fieldsV1["f:spec"]["f:ports"])).toEqual(['k:{"port":81,"protocol":"TCP"}']);
  });

  it("B102 refuses fields that are not declared, whatever the client says about validation", async () => {
    const ns = await world.namespace();
    const body = { ...deployment("d"), spec: { ...(deployment("d")["spec"] as object), bogus: 1 } } as JsonObject;
    const answer = await world.api.apply(`${ns.path("apps/v1")}/deployments/d`, body, "m", "&fieldValidation=Ignore");
    expect([answer.status, answer.body.message]).toEqual([
      500,
      expect.stringMatching(/bogus: field not declared in schema/),
    ]);
  });

  it.runIf(world.alone)("B153 B154 leaves defaults to nobody, and brings them back", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/deployments/d`;
    await world.api.apply(path, deployment("d", { replicas: 5 }), "m");
    const { spec, ...rest } = deployment("d") as { spec: JsonObject } & JsonObject;
    const { replicas: _, ...without } = spec;
    const answer = await world.api.apply(path, { ...rest, spec: without }, "m");
    expect([answer.status, answer.body.spec.replicas]).toEqual([200, 1]);
    expect(JSON.stringify(answer.body.metadata.managedFields)).not.toContain("f:replicas");
  });

  it("B156 B157 takes fields of unknown owners as set before", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/configmaps/a`;
    await world.api.make(`${ns.core}/configmaps`, configMap("a", { x: "1" }));
    const cleared = await world.api.patch(path, { metadata: { managedFields: [{}] } });
    expect(cleared.body.metadata.managedFields).toBeUndefined();
    const applied = await world.api.apply(path, configMap("a", { y: "1" }), "m");
    expect(owners(applied.body)).toEqual(["before-first-apply Update", "m Apply"]);
  });

  it("B161 keeps what is applied to the status apart", async () => {
    await world.define(definition("ssa.example.com"));
    const ns = await world.namespace();
    const path = `${ns.path("ssa.example.com/v1")}/widgets/w`;
    await world.api.apply(path, widget("ssa.example.com", "w", { size: 1 }), "m");
    const status = { ...widget("ssa.example.com", "w"), status: { phase: "Up" } };
    const { body } = await world.api.apply(`${path}/status`, status, "m");
    expect([body.spec.size, body.status]).toEqual([1, { phase: "Up" }]);
    const entries = body.metadata.managedFields.map(({ subresource, fieldsV1 }: Entry) => [subresource, fieldsV1]);
    expect(entries).toEqual([
      [undefined, { "f:spec": { "f:size": {} } }],
      ["status", { "f:status": { "f:phase": {} } }],
    ]);
    const again = await world.api.apply(path, widget("ssa.example.com", "w", { size: 1 }), "m");
    expect(again.body.status).toEqual({ phase: "Up" });
  });

  it("B160 drops owners in versions that are no longer served", async () => {
    const group = "gone.example.com";
    await world.define(definition(group, { versions: [{ name: "v1" }, { name: "v2" }] }));
    const ns = await world.namespace();
    await world.api.apply(
      `${ns.path(`${group}/v2`)}/widgets/w`,
      { ...widget(group, "w", { size: 1 }), apiVersion: `${group}/v2` },
      "m",
    );
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.${group}`;
    const patch = [{ op: "replace", path: "/spec/versions/1/served", value: false }];
    expect((await world.api.patch(path, patch, "json")).status).toBe(200);
    const { body } = await world.api.patch(`${ns.path(`${group}/v1`)}/widgets/w?fieldManager=n`, { spec: { size: 2 } });
    expect(owners(body)).toEqual(["n Update"]);
  });

  it("treats the set items of a custom list one by one", async () => {
    await world.define(definition("sets.example.com"));
    const ns = await world.namespace();
    const path = `${ns.path("sets.example.com/v1")}/widgets/w`;
    await world.api.apply(path, widget("sets.example.com", "w", { tags: ["a"] }), "one");
    const both = await world.api.apply(path, widget("sets.example.com", "w", { tags: ["b"] }), "two");
    expect(both.body.spec.tags).toEqual(["a", "b"]);
    const left = await world.api.apply(path, widget("sets.example.com", "w", {}), "one");
    expect(left.body.spec.tags).toEqual(["b"]);
  });
});
