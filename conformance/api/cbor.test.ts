import { encode, Tagged } from "cborg";
import { expect, it } from "vitest";
import { cborOf, type Send, watchItems } from "./cbor-client.ts";
import { configMap, definition, deployment, pod, widget } from "./objects.ts";
import { behaviours } from "./suite.ts";

const group = "cbor.example.com";
const apply = { "content-type": "application/apply-patch+cbor" };
const prefix = "d9d9f7";

/** A cluster has this behind a gate (CBORServingAndStorage) that is off unless somebody turns it on. */
behaviours("CBOR", (world) => {
  const send: Send = (...request) => cborOf(world.target.transport())(...request);

  it.runIf(world.ours)("B061 takes objects in CBOR and answers in it", async () => {
    const ns = await world.namespace();
    const made = await send("POST", `${ns.core}/configmaps`, configMap("a", { k: "v" }));
    expect([made.status, made.headers["content-type"], made.body.data]).toEqual([201, "application/cbor", { k: "v" }]);
    expect(Buffer.from(made.bytes).toString("hex", 0, 3)).toBe(prefix);
    const got = await send("GET", `${ns.core}/configmaps/a`);
    expect(got.body).toEqual((await world.api.get(`${ns.core}/configmaps/a`)).body);
    const put = await send("PUT", `${ns.core}/configmaps/a`, { ...got.body, data: { k: "w" } });
    expect([put.status, put.body.data]).toEqual([200, { k: "w" }]);
    const gone = await send("DELETE", `${ns.core}/configmaps/a`, {
      apiVersion: "v1",
      kind: "DeleteOptions",
      preconditions: { uid: got.body.metadata.uid },
    });
    expect([gone.status, gone.headers["content-type"], gone.body.status]).toEqual([200, "application/cbor", "Success"]);
    expect((await world.api.get(`${ns.core}/configmaps/a`)).status).toBe(404);
  });

  it.runIf(world.ours)("B061 reads options of a delete, and refuses what they say", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const other = { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid: "other" } };
    const refused = await send("DELETE", `${ns.core}/configmaps/a`, other);
    expect([refused.status, refused.body.reason]).toEqual([409, "Conflict"]);
    const dry = await send("DELETE", `${ns.core}/configmaps`, { kind: "DeleteOptions", dryRun: ["All"] });
    expect(dry.status).toBe(200);
    expect((await world.api.get(`${ns.core}/configmaps/a`)).status).toBe(200);
  });

  it.runIf(world.ours)("B061 sends lists of built-in and custom kinds as in JSON", async () => {
    await world.define(definition(group));
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    await world.api.make(`${ns.path(`${group}/v1`)}/widgets`, widget(group, "w", { size: 3 }));
    for (const path of [`${ns.core}/configmaps`, `${ns.path(`${group}/v1`)}/widgets`]) {
      const list = await send("GET", `${path}?limit=500`);
      expect([list.status, list.body.items.length]).toEqual([200, 1]);
      expect(list.body).toEqual((await world.api.get(`${path}?limit=500`)).body);
    }
  });

  it.runIf(world.ours)("B061 takes custom objects and their subresources", async () => {
    await world.define(definition(`sub.${group}`));
    const ns = await world.namespace();
    const widgets = `${ns.path(`sub.${group}/v1`)}/widgets`;
    const made = await send("POST", widgets, widget(`sub.${group}`, "w", { size: 2, color: "red" }));
    expect([made.status, made.body.spec]).toEqual([201, { size: 2, color: "red" }]);
    const put = await send("PUT", `${widgets}/w/status`, { ...made.body, status: { phase: "Ready" } });
    expect([put.status, put.body.status]).toEqual([200, { phase: "Ready" }]);
    await world.api.make(`${ns.path("apps/v1")}/deployments`, deployment("d"));
    const scale = `${ns.path("apps/v1")}/deployments/d/scale`;
    const scaled = await send("PUT", scale, { ...(await send("GET", scale)).body, spec: { replicas: 5 } });
    expect([scaled.status, scaled.body.kind, scaled.body.spec.replicas]).toEqual([200, "Scale", 5]);
    const review = await send("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
      spec: { resourceAttributes: { verb: "get", resource: "pods" } },
    });
    expect([review.status, review.body.status.allowed]).toEqual([201, true]);
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "p" } };
    await world.api.make(`${ns.core}/pods`, pod("p"));
    expect((await send("POST", `${ns.core}/pods/p/eviction`, eviction)).status).toBe(201);
  });

  it.runIf(world.ours)("B061 has bytes as bytes in built-in kinds, and texts in custom ones", async () => {
    const ns = await world.namespace();
    const bytes = Uint8Array.of(0, 1, 255);
    const secret = { metadata: { name: "s" }, data: { a: new Tagged(22, bytes), b: "AAH/", c: Buffer.from("AAH/") } };
    const made = await send("POST", `${ns.core}/secrets`, secret);
    expect([made.status, made.body.data]).toEqual([201, { a: bytes, b: bytes, c: bytes }]);
    const json = await world.api.get(`${ns.core}/secrets/s`);
    expect(json.body.data).toEqual({ a: "AAH/", b: "AAH/", c: "AAH/" });
    const map = { metadata: { name: "m" }, binaryData: { a: new Tagged(22, bytes) } };
    const both = await send("POST", `${ns.core}/configmaps`, map);
    expect([both.status, both.body.binaryData]).toEqual([201, { a: bytes }]);
    const listed = await send("GET", `${ns.core}/secrets`);
    expect(listed.body.items[0].data.a).toEqual(bytes);

    await world.define(definition(`bytes.${group}`));
    const widgets = `${ns.path(`bytes.${group}/v1`)}/widgets`;
    const custom = await send("POST", widgets, {
      ...widget(`bytes.${group}`, "w"),
      spec: { free: { a: new Tagged(22, bytes) } },
    });
    expect([custom.status, custom.body.spec.free]).toEqual([201, { a: "AAH/" }]);
  });

  it.runIf(world.ours)("B061 applies what comes in CBOR, and tells of conflicts in it", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/configmaps/a`;
    const made = await send("PATCH", `${path}?fieldManager=one`, configMap("a", { k: "1" }), apply);
    expect([made.status, made.body.metadata.managedFields[0].operation]).toEqual([201, "Apply"]);
    const conflict = await send("PATCH", `${path}?fieldManager=two`, configMap("a", { k: "2" }), apply);
    expect([conflict.status, conflict.headers["content-type"]]).toEqual([409, "application/cbor"]);
    expect(conflict.body.details.causes[0].reason).toBe("FieldManagerConflict");
    const forced = await send("PATCH", `${path}?fieldManager=two&force=true`, configMap("a", { k: "2" }), apply);
    expect([forced.status, forced.body.data]).toEqual([200, { k: "2" }]);
    await world.api.make(`${ns.path("apps/v1")}/deployments`, deployment("d"));
    const scale = { apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "d" }, spec: { replicas: 7 } };
    const url = `${ns.path("apps/v1")}/deployments/d/scale?fieldManager=one&force=true`;
    const scaled = await send("PATCH", url, scale, apply);
    expect([scaled.status, scaled.body.spec.replicas]).toEqual([200, 7]);
    await world.define(definition(`apply.${group}`));
    const custom = `${ns.path(`apply.${group}/v1`)}/widgets/w?fieldManager=one`;
    const applied = await send("PATCH", custom, widget(`apply.${group}`, "w", { size: 1, color: "red" }), apply);
    expect([applied.status, applied.body.spec]).toEqual([201, { size: 1, color: "red" }]);
  });

  it.runIf(world.ours)("B061 streams watches as a sequence of items", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.core}/secrets`, { metadata: { name: "a" }, data: { k: "AAH/" } } as never);
    const watch = await watchItems(world.target.transport(), `${ns.core}/secrets`, 3);
    expect([watch.status, watch.headers["content-type"]]).toEqual([200, "application/cbor-seq"]);
    await world.api.patch(`${ns.core}/secrets/a`, { metadata: { labels: { a: "b" } } });
    await world.api.delete(`${ns.core}/secrets/a`);
    const events = await watch.items;
    expect(events.map(({ type }) => type)).toEqual(["ADDED", "MODIFIED", "DELETED"]);
    expect(events[0].object).toEqual({ ...made, data: { k: Uint8Array.of(0, 1, 255) } });
    expect(events[1].object.metadata.labels).toEqual({ a: "b" });
  });

  it.runIf(world.ours)("B061 tells of the end of initial events, and of versions that are gone, in CBOR", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const initial = await watchItems(world.target.transport(), `${ns.core}/configmaps?${query}`, 2);
    const [added, bookmark] = await initial.items;
    expect([added.type, bookmark.type]).toEqual(["ADDED", "BOOKMARK"]);
    expect(bookmark.object.metadata.annotations).toEqual({ "k8s.io/initial-events-end": "true" });
    world.target.compact();
    const gone = await watchItems(world.target.transport(), `${ns.core}/configmaps?resourceVersion=1`, 1);
    const [error] = await gone.items;
    expect([error.type, error.object.code, error.object.reason]).toEqual(["ERROR", 410, "Expired"]);
  });

  it.runIf(world.ours)("B061 shows metadata in CBOR, and tables in JSON alone", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a", { k: "v" }));
    const as = (kind: string) => `application/cbor;as=${kind};g=meta.k8s.io;v=v1`;
    const partial = await send("GET", `${ns.core}/configmaps/a`, undefined, { accept: as("PartialObjectMetadata") });
    expect([partial.body.kind, "data" in partial.body]).toEqual(["PartialObjectMetadata", false]);
    const accept = `${as("Table")}, application/json;as=Table;g=meta.k8s.io;v=v1`;
    const table = await world.api.get(`${ns.core}/configmaps`, { accept });
    expect([table.headers["content-type"], table.body.kind]).toEqual(["application/json", "Table"]);
    const only = await send("GET", `${ns.core}/configmaps`, undefined, { accept: as("Table") });
    expect([only.status, only.body.reason]).toEqual([406, "NotAcceptable"]);
  });

  it.runIf(world.ours)("B061 answers errors in CBOR where that is asked for, and in JSON else", async () => {
    const missing = await send("GET", "/api/v1/namespaces/default/configmaps/none");
    expect([missing.status, missing.headers["content-type"], missing.body.reason]).toEqual([
      404,
      "application/cbor",
      "NotFound",
    ]);
    const nobody = cborOf(world.target.transport(null));
    const refused = await nobody("GET", "/api/v1/secrets");
    expect([refused.status, refused.body.kind]).toEqual([refused.body.code, "Status"]);
    const json = await send("GET", "/api/v1/namespaces/default/configmaps/none", undefined, { accept: "*/*" });
    expect(json.headers["content-type"]).toBe("application/json");
  });

  it.runIf(world.ours)("B061 refuses what is no CBOR, or no object, with 400", async () => {
    const ns = await world.namespace();
    const whole = encode(configMap("a"));
    for (const [bytes, said] of [
      [whole.subarray(0, -3), "the body is not valid CBOR: "],
      [Buffer.concat([whole, Buffer.of(0)]), "1 bytes follow the data item"],
      [Buffer.from(JSON.stringify(configMap("a"))), "the body is not valid CBOR: "],
      [encode({ metadata: { name: "a" }, data: { k: Number.NaN } }), 'NaN has no JSON, byte 9, field "data.k"'],
      [encode(new Map([[1, "a"]])), "a key of a map must be a text or byte string"],
      [encode(new Tagged(2, Uint8Array.of(1))), "integers of more than 64 bits"],
      [encode([configMap("a")]), "the body must be an object, not an array"],
    ] as const) {
      const answer = await send("POST", `${ns.core}/configmaps`, bytes);
      expect([answer.status, answer.body.reason]).toEqual([400, "BadRequest"]);
      expect(answer.body.message).toContain(said);
    }
    const patch = await send("PATCH", `${ns.core}/configmaps/a?fieldManager=m`, Uint8Array.of(0xff), apply);
    expect([patch.status, patch.body.message]).toEqual([400, expect.stringContaining("not valid CBOR")]);
  });

  it.runIf(world.ours)(
    "B061 refuses integers that custom objects would not keep, and takes them up to 2^53",
    async () => {
      await world.define(definition(`large.${group}`));
      const ns = await world.namespace();
      const widgets = `${ns.path(`large.${group}/v1`)}/widgets`;
      const sized = (name: string, size: number | bigint) => ({ ...widget(`large.${group}`, name), spec: { size } });
      const kept = await send("POST", widgets, sized("kept", 2 ** 53 - 1));
      expect([kept.status, kept.body.spec.size]).toEqual([201, 2 ** 53 - 1]);
      const refused = await send("POST", widgets, sized("large", 2n ** 53n + 1n));
      expect([refused.status, refused.body.message]).toEqual([
        400,
        expect.stringContaining("integers at spec.size lie"),
      ]);
      const beyond = await send("POST", widgets, sized("beyond", 2n ** 64n - 1n));
      expect([beyond.status, beyond.body.message]).toEqual([400, expect.stringContaining("64 bits with a sign")]);
    },
  );

  it.runIf(world.ours)("B061 validates fields as in JSON: strict refuses, warn warns, ignore drops", async () => {
    const ns = await world.namespace();
    // {"metadata": {"name": "a"}, "data": {"k": "1", "k": "2"}, "unknown": 1}
    const twice = Buffer.from(
      "a3686d65746164617461a1646e616d656161 6464617461a2616b6131616b6132 67756e6b6e6f776e01".replaceAll(" ", ""),
      "hex",
    );
    const sent = (mode: string) => send("POST", `${ns.core}/configmaps?fieldValidation=${mode}`, twice);
    const strict = await sent("Strict");
    expect([strict.status, strict.body.message]).toEqual([
      400,
      expect.stringMatching(/strict decoding error: duplicate field "data\.k", unknown field "unknown"$/),
    ]);
    const warned = await sent("Warn");
    expect([warned.status, warned.body.data, warned.headers["warning"]]).toEqual([
      201,
      { k: "2" },
      '299 - "duplicate field \\"data.k\\"", 299 - "unknown field \\"unknown\\""',
    ]);
    await world.api.delete(`${ns.core}/configmaps/a`);
    const ignored = await sent("Ignore");
    expect([ignored.status, ignored.headers["warning"]]).toEqual([201, undefined]);
  });

  it.runIf(world.ours)("B061 names CBOR among the media types it takes", async () => {
    await world.define(definition(`types.${group}`));
    const ns = await world.namespace();
    const widgets = `${ns.path(`types.${group}/v1`)}/widgets`;
    const odd = { "content-type": "application/odd" };
    const said = async (method: string, path: string): Promise<string> => {
      const { status, body } = await world.api.send(method, path, "{}", odd);
      expect(status).toBe(415);
      return body.message.replace(/.*include: /, "");
    };
    expect(await said("POST", `${ns.core}/configmaps`)).toBe(
      "application/json, application/yaml, application/vnd.kubernetes.protobuf, application/cbor",
    );
    expect(await said("POST", widgets)).toBe("application/json, application/yaml, application/cbor");
    expect(await said("PATCH", `${widgets}/w`)).toBe(
      "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml, application/apply-patch+cbor",
    );
  });
});
