import { ConfigMap, isNotFound, Namespace, Secret, type Transport } from "@homeostat/api";
import { afterEach, expect, it } from "vitest";
import { fieldIndex } from "../cache/indexes.ts";
import { type CacheOptions, createCache, type InformerCache } from "../cache/informer-cache.ts";
import { createClient } from "./api-client.ts";
import type { ReadWait } from "./cached-client.ts";
import { metadataOf } from "./metadata-of.ts";
import { overBoth, recorded } from "./targets.test-support.ts";

const caches: InformerCache[] = [];
afterEach(async () => {
  for (const cache of caches.splice(0)) await cache.stop();
});

/** Holds back what watches bring while it is shut. */
function createGate(next: Transport) {
  let shut = false;
  const held: (() => void)[] = [];
  const transport: Transport = async (request) => {
    const response = await next(request);
    return {
      ...response,
      bytes: () => response.bytes(),
      pipe: (sink) =>
        response.pipe((chunk) => {
          if (!shut) return sink(chunk);
          const copy = Uint8Array.from(chunk);
          held.push(() => sink(copy));
        }),
    };
  };
  return {
    transport,
    shut: (): void => {
      shut = true;
    },
    open: (): void => {
      shut = false;
      for (const deliver of held.splice(0)) deliver();
    },
  };
}

overBoth("cached reads", (world) => {
  const setup = async (cacheOptions: Partial<CacheOptions> = {}) => {
    const namespace = await world.namespace();
    const gate = createGate(world.shared);
    const cache = createCache({ transport: gate.transport, clock: world.clock, ...cacheOptions });
    caches.push(cache);
    const transport = recorded(world.shared);
    const waits: ReadWait[] = [];
    const client = createClient({ transport, cache, clock: world.clock, onReadWait: (wait) => waits.push(wait) });
    await cache.watch(ConfigMap, { namespace }).synced();
    const key = (name: string) => ({ namespace, name });
    const object = (name: string, a = "1"): ConfigMap => ({ metadata: key(name), data: { a } });
    const requests = (): string[] =>
      transport.requests.splice(0).map(({ method, path }) => `${method} ${path.split("?")[0]}`);
    return { client, gate, namespace, key, object, requests, waits, cache };
  };

  it("K01 come from the cache for kinds that are watched; other kinds and writes go to the server", async () => {
    const { client, namespace, key, object, requests } = await setup();
    await client.create(ConfigMap, object("a"));
    const base = `/api/v1/namespaces/${namespace}`;
    expect(requests()).toEqual([`POST ${base}/configmaps`]);
    expect((await client.get(ConfigMap, key("a"))).data).toEqual({ a: "1" });
    expect((await client.list(ConfigMap, { namespace })).items.length).toBeGreaterThan(0);
    expect(requests()).toEqual([]);
    await client.get(ConfigMap, key("a"), { from: "live" });
    await client.list(Secret, { namespace });
    expect(requests()).toEqual([`GET ${base}/configmaps/a`, `GET ${base}/secrets`]);
  });

  it("K24 contain every write made before, whatever the verb", async () => {
    const { client, namespace, key, object, requests } = await setup();
    const read = async (): Promise<unknown> => (await client.get(ConfigMap, key("a"))).data?.["a"];
    const made = await client.create(ConfigMap, object("a"));
    expect(await read()).toBe("1");
    await client.update(ConfigMap, { ...made, data: { a: "2" } });
    expect(await read()).toBe("2");
    await client.patchMerge(ConfigMap, key("a"), { data: { a: "3" } });
    expect(await read()).toBe("3");
    await client.patchStrategic(ConfigMap, key("a"), { data: { a: "4" } });
    expect(await read()).toBe("4");
    await client.patchJson(ConfigMap, key("a"), [{ op: "replace", path: "/data/a", value: "5" }]);
    expect(await read()).toBe("5");
    await client.apply(ConfigMap, object("a", "6"), { force: true });
    expect(await read()).toBe("6");
    await client.create(ConfigMap, { metadata: { namespace, generateName: "b-" } });
    const { items } = await client.list(ConfigMap, { namespace });
    expect(items.filter(({ metadata }) => metadata.name.startsWith("b-"))).toHaveLength(1);
    expect(requests().filter((request) => request.startsWith("GET"))).toEqual([]);
  });

  it("K24 reject at the caller's deadline while the write has not arrived", async () => {
    const { client, gate, key, object, waits } = await setup();
    gate.shut();
    await client.create(ConfigMap, object("a"));
    const deadline = new AbortController();
    const read = client.get(ConfigMap, key("a"), { signal: deadline.signal });
    const listed = client.list(ConfigMap, { signal: deadline.signal, namespace: key("a").namespace });
    await world.clock.settle();
    deadline.abort(new Error("out of time"));
    await expect(read).rejects.toThrow("out of time");
    await expect(listed).rejects.toThrow("out of time");
    expect(waits.map(({ outcome }) => outcome)).toEqual(["aborted", "aborted"]);
    gate.open();
    expect((await client.get(ConfigMap, key("a"))).data).toEqual({ a: "1" });
  });

  it("K24 ask the server when the write has not arrived in five seconds, and tell how long they waited", async () => {
    const { client, gate, key, object, waits, requests } = await setup();
    await client.create(ConfigMap, object("a"));
    await client.get(ConfigMap, key("a"));
    waits.splice(0);
    gate.shut();
    await client.patchMerge(ConfigMap, key("a"), { data: { a: "2" } });
    requests();
    const read = client.get(ConfigMap, key("a"));
    await world.clock.advance(5_000);
    expect((await read).data).toEqual({ a: "2" });
    expect(waits).toMatchObject([{ resource: { kind: "ConfigMap" }, waitedMs: 5_000, outcome: "timeout" }]);
    expect(requests()).toEqual([`GET /api/v1/namespaces/${key("a").namespace}/configmaps/a`]);
    gate.open();
  });

  it("K24 do not wait where they are told not to", async () => {
    const { client, gate, key, object, waits } = await setup();
    await client.create(ConfigMap, object("a"));
    await client.get(ConfigMap, key("a"));
    waits.splice(0);
    gate.shut();
    await client.patchMerge(ConfigMap, key("a"), { data: { a: "2" } });
    const old = await client.get(ConfigMap, key("a"), { readYourWrites: false });
    expect([old.data, waits]).toEqual([{ a: "1" }, []]);
    gate.open();
    expect((await client.get(ConfigMap, key("a"))).data).toEqual({ a: "2" });
  });

  it("K24 do not wait for the writes of other keys", async () => {
    const { client, gate, key, object, waits } = await setup();
    await client.create(ConfigMap, object("a"));
    await client.get(ConfigMap, key("a"));
    waits.splice(0);
    gate.shut();
    await client.create(ConfigMap, object("b"));
    expect((await client.get(ConfigMap, key("a"))).data).toEqual({ a: "1" });
    expect(waits).toEqual([]);
    gate.open();
  });

  it("K25 never show what was deleted, one by one or all together", async () => {
    const { client, gate, namespace, key, object, requests } = await setup();
    for (const name of ["a", "b", "c"]) await client.create(ConfigMap, object(name));
    await client.list(ConfigMap, { namespace });
    requests();
    gate.shut();
    await client.delete(ConfigMap, key("a"));
    await client.deleteAll(ConfigMap, { namespace, fieldSelector: { "metadata.name": "b" } });
    const reads = ["a", "b"].map((name) => client.get(ConfigMap, key(name)));
    const list = client.list(ConfigMap, { namespace });
    const refused = Promise.all(reads.map((read) => expect(read).rejects.toSatisfy(isNotFound)));
    await world.clock.settle();
    gate.open();
    await refused;
    const names = (await list).items.map(({ metadata }) => metadata.name);
    expect(names.filter((name) => name.length === 1)).toEqual(["c"]);
    expect(requests().filter((request) => request.startsWith("GET"))).toEqual([]);
  });

  it("K26 list cluster-scoped kinds whatever namespace is asked for, as the server does", async () => {
    const { client, cache, namespace, requests } = await setup();
    await cache.watch(Namespace).synced();
    await client.patchMerge(Namespace, { name: namespace }, { metadata: { labels: { of: namespace } } });
    requests();
    const list = { namespace, labelSelector: { of: namespace } };
    const names = async (from: "cache" | "live"): Promise<string[]> =>
      (await client.list(Namespace, { ...list, from })).items.map(({ metadata }) => metadata.name);
    expect(await names("cache")).toEqual([namespace]);
    expect(requests()).toEqual([]);
    expect(await names("live")).toEqual([namespace]);
  });

  it("K25 show what was made anew under the name of what was deleted", async () => {
    const { client, key, object } = await setup();
    const old = await client.create(ConfigMap, object("a"));
    await client.delete(ConfigMap, key("a"));
    const anew = await client.create(ConfigMap, object("a", "2"));
    const read = await client.get(ConfigMap, key("a"));
    expect([read.metadata.uid, read.data]).toEqual([anew.metadata.uid, { a: "2" }]);
    expect(read.metadata.uid).not.toBe(old.metadata.uid);
  });

  it("K25 show an object that finalizers hold, with the mark of its deletion", async () => {
    const { client, key } = await setup();
    await client.create(ConfigMap, { metadata: { ...key("a"), finalizers: ["example.com/hold"] } });
    await client.get(ConfigMap, key("a"));
    await client.delete(ConfigMap, key("a"));
    expect((await client.get(ConfigMap, key("a"))).metadata.deletionTimestamp).toBeTruthy();
    await client.patchMerge(ConfigMap, key("a"), { metadata: { finalizers: null } });
    expect(await client.find(ConfigMap, key("a"))).toBeUndefined();
  });

  it("K26 are of the same shape as live ones", async () => {
    const { client, namespace, key, object } = await setup();
    await client.create(ConfigMap, object("a"));
    const live = await client.get(ConfigMap, key("a"), { from: "live" });
    // The one difference: who owns which field is not kept in a cache.
    const { managedFields: _, ...metadata } = live.metadata;
    const wanted = { ...live, metadata };
    const list = { namespace, fieldSelector: "metadata.name=a" };
    expect(wanted).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
    expect(await client.get(ConfigMap, key("a"))).toEqual(wanted);
    expect((await client.list(ConfigMap, list)).items).toEqual([wanted]);
    expect((await client.list(ConfigMap, { ...list, from: "live" })).items).toEqual([live]);
    expect(await client.get(metadataOf(ConfigMap), key("a"))).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata,
    });
  });

  it("K01 begin to watch a kind nobody watches, or fail, where the cache is told so", async () => {
    const { client, namespace, key, object, requests } = await setup({ unwatched: "watch" });
    await client.create(Secret, { metadata: key("s") });
    requests();
    expect((await client.get(Secret, key("s"))).metadata.name).toBe("s");
    expect((await client.list(Secret, { namespace })).items).toHaveLength(1);
    expect(requests()).toEqual([]);

    const failing = await setup({ unwatched: "fail" });
    await expect(failing.client.get(Secret, key("s"))).rejects.toMatchObject({ code: "NOT_CACHED" });
    await expect(failing.client.list(Secret)).rejects.toMatchObject({ code: "NOT_CACHED" });
    expect((await failing.client.get(Secret, key("s"), { from: "live" })).kind).toBe("Secret");
    await failing.client.create(ConfigMap, object("a"));
    await expect(
      failing.client.list(ConfigMap, { namespace: failing.namespace, fieldSelector: "data.a=1" }),
    ).rejects.toMatchObject({ code: "UNANSWERABLE" });
  });

  it("K01 find by fields that are indexed; by others the server does", async () => {
    const { client, namespace, cache, key, requests } = await setup();
    await cache.watch(Secret, { namespace, indexes: [fieldIndex("type")] }).synced();
    await client.create(Secret, { metadata: key("plain") });
    await client.create(Secret, { metadata: key("basic"), type: "example.com/basic", stringData: { a: "1" } });
    requests();
    const named = async (fieldSelector: string): Promise<string[]> =>
      (await client.list(Secret, { namespace, fieldSelector })).items.map(({ metadata }) => metadata.name);
    expect(await named("type=example.com/basic")).toEqual(["basic"]);
    expect(await named("type=example.com/basic,metadata.name=plain")).toEqual([]);
    expect(requests()).toEqual([]);
    expect(await named("type!=example.com/basic")).toContain("plain");
    expect(requests()).toEqual([`GET /api/v1/namespaces/${namespace}/secrets`]);
  });

  it("K24 K25 hold for a view of several namespaces, and for one object watched by its name", async () => {
    const [here, there, elsewhere] = [await world.namespace(), await world.namespace(), await world.namespace()];
    const gate = createGate(world.shared);
    const cache = createCache({ transport: gate.transport, clock: world.clock });
    caches.push(cache);
    const transport = recorded(world.shared);
    const client = createClient({ transport, cache, clock: world.clock });
    await cache.watch(ConfigMap, { namespaces: [here, there] }).synced();
    await cache.watch(Secret, { namespace: here, name: "one" }).synced();
    const at = (namespace: string): ConfigMap => ({ metadata: { namespace, name: "a" } });
    for (const namespace of [here, there]) {
      await client.create(ConfigMap, at(namespace));
      expect((await client.get(ConfigMap, { namespace, name: "a" })).metadata.namespace).toBe(namespace);
    }
    await client.create(Secret, { metadata: { namespace: here, name: "one" } });
    expect((await client.get(Secret, { namespace: here, name: "one" })).metadata.name).toBe("one");
    await client.delete(ConfigMap, { namespace: there, name: "a" });
    await client.create(ConfigMap, at(elsewhere));
    const names = async (namespace: string): Promise<string[]> =>
      (await client.list(ConfigMap, { namespace })).items.map(({ metadata }) => metadata.name);
    expect([await names(here), await names(there)]).toEqual([["a"], []]);
    expect(transport.requests.filter(({ method }) => method === "GET")).toEqual([]);
    // What the cache does not hold is asked for.
    expect(await names(elsewhere)).toEqual(["a"]);
    expect(transport.requests.filter(({ method }) => method === "GET")).toHaveLength(1);
  });

  it("K01 K15 answer for metadata from a watch of metadata, and see own writes there", async () => {
    const { client, cache, namespace, key, requests } = await setup();
    await cache.watch(Secret, { namespace, metadataOnly: true }).synced();
    const made = await client.create(Secret, { metadata: key("s") });
    requests();
    const meta = metadataOf(Secret);
    const { managedFields: _, ...metadata } = made.metadata;
    const wanted = { apiVersion: "v1", kind: "Secret", metadata };
    expect(await client.get(meta, key("s"))).toEqual(wanted);
    expect((await client.list(meta, { namespace })).items).toEqual([wanted]);
    expect(requests()).toEqual([]);
    // The whole is not there, so it is asked for.
    expect((await client.get(Secret, key("s"))).type).toBe("Opaque");
    expect(requests()).toHaveLength(1);
    await client.delete(meta, key("s"));
    expect(await client.find(meta, key("s"))).toBeUndefined();
  });
});
