import { ConfigMap, groupResource, Namespace, Node, Pod, Secret } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { type CacheWorld, cacheWorld, noteOf } from "./cluster.test-support.ts";
import type { CacheError } from "./errors.ts";
import { listFrom } from "./field-reads.ts";
import { fieldIndex, index } from "./indexes.ts";
import type { Store } from "./store.ts";
import { kindOptions } from "./wishes.ts";

// Ids: acceptance list of the cache, against the real API server in process.

const names = (store: Store | undefined): string[] => (store?.list() ?? []).map(({ metadata }) => metadata.name);
const keys = (store: Store | undefined): string[] =>
  [...(store?.entries() ?? [])].map(({ metadata }) => metadata.key).sort();
const codeOf = async (read: Promise<unknown>): Promise<unknown> =>
  read.then(
    () => "answered",
    (error: CacheError) => error.code,
  );
const selections = ({ asked }: CacheWorld): unknown[] =>
  asked.map(({ path, query }) => [path, query.get("labelSelector"), query.get("fieldSelector")]);

async function pod(world: CacheWorld, name: string, node: string, labels: Record<string, string> = {}): Promise<void> {
  const [namespace, own] = name.split("/");
  await world.admin.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: namespace!, name: own!, labels },
    spec: { nodeName: node, containers: [{ name: "main", image: "nginx" }] },
  });
}

describe("handlers", () => {
  it("I17 finds what it is told of, or newer, in the store when a handler is called", async () => {
    const world = await cacheWorld();
    const cache = world.cache();
    const seen: boolean[] = [];
    const watch = cache.watch(ConfigMap, {
      handler({ type, object: { metadata } }) {
        const held = watch.store.peek(metadata);
        seen.push(
          type === "deleted" ? held === undefined : held?.metadata.resourceVersion === metadata.resourceVersion,
        );
      },
    });
    await watch.synced();
    await world.configMap("a/x", { v: "1" });
    await world.configMap("a/x", { v: "2" });
    await world.admin.delete(ConfigMap, { namespace: "a", name: "x" });
    await world.clock.settle();
    expect(seen).toEqual([true, true, true]);
  });

  it("I18 tells a late handler of many objects each once, as it is by its turn, then what changes", async () => {
    const world = await cacheWorld();
    for (let i = 0; i < 600; i++) await world.configMap(`a/c${String(i).padStart(3, "0")}`);
    const cache = world.cache();
    await cache.watch(ConfigMap).synced();
    const told = new Map<string, string[]>();
    const late = cache.watch(ConfigMap, {
      handler: (event) => {
        const { name } = event.object.metadata;
        told.set(name, [...(told.get(name) ?? []), noteOf(event)]);
      },
    });
    // The first step has been told, the last one not.
    await Promise.resolve();
    await Promise.resolve();
    expect([told.has("c000"), told.has("c599")]).toEqual([true, false]);
    world.watches[0]!.inject({ type: "MODIFIED", object: await changed(world, "c000") });
    world.watches[0]!.inject({ type: "MODIFIED", object: await changed(world, "c599") });
    world.watches[0]!.inject({ type: "DELETED", object: await changed(world, "c598") });
    await late.synced();
    expect(told.size).toBe(599);
    expect(told.get("c000")).toEqual(["added a/c000 initial", "updated a/c000"]);
    expect(told.get("c599")).toEqual(["added a/c599 initial"]);
    expect(told.get("c598")).toBeUndefined();
    expect([...told.values()].filter((events) => events.length !== 1)).toHaveLength(1);
  });

  it("I19 I20 delays nobody by a handler that takes long, and goes on after one that throws or rejects", async () => {
    const world = await cacheWorld();
    const cache = world.cache();
    const told: string[] = [];
    cache.watch(ConfigMap, { handler: () => new Promise(() => {}) });
    cache.watch(ConfigMap, { handler: async () => Promise.reject(new Error("rejected")) });
    cache.watch(ConfigMap, {
      handler() {
        throw new Error("thrown");
      },
    });
    await cache.watch(ConfigMap, { handler: (event) => void told.push(noteOf(event)) }).synced();
    await world.configMap("a/x");
    await world.configMap("a/y");
    await world.clock.settle();
    expect(told).toEqual(["added a/x", "added a/y"]);
    expect(world.errors).toHaveLength(4);
    expect(new Set(world.errors)).toEqual(new Set(["Event handler threw"]));
  });

  it("I21 never calls a handler again after its stop, even in the midst of what it is told; others go on", async () => {
    const world = await cacheWorld();
    for (const name of ["x", "y", "z"]) await world.configMap(`a/${name}`);
    const cache = world.cache();
    const told: string[] = [];
    const others: string[] = [];
    const one = cache.watch(ConfigMap, {
      handler(event) {
        told.push(noteOf(event));
        one.stop();
      },
    });
    await cache.watch(ConfigMap, { handler: (event) => void others.push(noteOf(event)) }).synced();
    await world.configMap("a/w");
    await world.clock.settle();
    expect([told.length, others.length]).toEqual([1, 4]);
    await expect(one.synced()).rejects.toThrow("watch of configmaps was stopped");
  });

  it("I22 replays every object as unchanged within 0.9 to 1.1 periods, without asking the server", async () => {
    const world = await cacheWorld();
    await world.configMap("a/x");
    const draws = [0, 0.999];
    const cache = world.cache({ random: () => draws[0]! });
    const times: number[] = [];
    const watch = cache.watch(ConfigMap, {
      resyncMs: 100_000,
      handler: (event) => {
        if (event.type === "updated" && event.resync && event.old === event.object) times.push(world.clock.monotonic());
      },
    });
    await watch.synced();
    const from = world.clock.monotonic();
    await world.clock.advance(89_000);
    draws.shift();
    await world.clock.advance(112_000);
    expect(times.map((at) => Math.round((at - from) / 1000))).toEqual([90, 200]);
    expect(world.asked).toHaveLength(1);
  });
});

async function changed(world: CacheWorld, name: string) {
  const object = await world.admin.get(ConfigMap, { namespace: "a", name });
  const resourceVersion = String(Number(object.metadata.resourceVersion) + 100_000);
  return { ...object, metadata: { ...object.metadata, resourceVersion } };
}

describe("what is kept", () => {
  it("I23 shows only transformed objects to store, indexes and handlers, in lists and events", async () => {
    const world = await cacheWorld();
    await world.configMap("a/x", { secret: "s", size: "1" });
    const seen: unknown[] = [];
    const bySize = index<ConfigMap>("size", (object) => [String(object.object().data?.["size"])]);
    const cache = world.cache({
      byKind: [
        kindOptions(ConfigMap, {
          transform: (object) => {
            expect([object.apiVersion, object.kind]).toEqual(["v1", "ConfigMap"]);
            return { ...object, data: { size: `${object.data?.["size"]}0` } };
          },
        }),
      ],
    });
    const watch = cache.watch(ConfigMap, {
      indexes: [bySize],
      handler: ({ object }) => seen.push(object.object().data),
    });
    await watch.synced();
    await world.configMap("a/y", { secret: "s", size: "2" });
    await world.clock.settle();
    expect(seen).toEqual([{ size: "10" }, { size: "20" }]);
    expect(watch.store.list().map(({ data, kind, apiVersion }) => [data, kind, apiVersion])).toEqual([
      [{ size: "10" }, "ConfigMap", "v1"],
      [{ size: "20" }, "ConfigMap", "v1"],
    ]);
    expect(watch.store.list({ index: bySize.is("20") }).map(({ metadata }) => metadata.name)).toEqual(["y"]);
    expect(watch.store.list({ index: bySize.is("2") })).toEqual([]);
  });

  it("I23 leaves out dropped fields for good, and nothing else", async () => {
    const world = await cacheWorld();
    await world.configMap("a/x", { big: "…", small: "1" }, { app: "x" });
    const cache = world.cache({
      byKind: [kindOptions(ConfigMap, { drop: ["data.big", ["metadata", "labels", "app"]] })],
    });
    const watch = cache.watch(ConfigMap);
    await watch.synced();
    const { metadata, data } = watch.store.list()[0]!;
    expect([metadata.name, metadata.labels, data]).toEqual(["x", {}, { small: "1" }]);
    expect(() => world.cache({ byKind: [kindOptions(ConfigMap, { drop: ["metadata.uid"] })] })).toThrow(
      "cache of configmaps: drop: metadata.uid cannot be left out",
    );
  });

  it("I31 I32 caches exactly what a selector matches, whole or by metadata, and tells what leaves it as deleted", async () => {
    const world = await cacheWorld();
    await world.configMap("a/x", {}, { app: "x" });
    await world.configMap("a/y", {}, { app: "y" });
    await world.configMap("a/z", {}, { app: "z" });
    const cache = world.cache();
    const told: string[] = [];
    const whole = cache.watch(ConfigMap, { labelSelector: "app=x", handler: (event) => void told.push(noteOf(event)) });
    const metadata = world.cache().watch(ConfigMap, { labelSelector: "app=x", metadataOnly: true });
    await Promise.all([whole.synced(), metadata.synced()]);
    expect([names(whole.store), names(metadata.store)]).toEqual([["x"], ["x"]]);
    await world.configMap("a/x", {}, { app: "other" });
    await world.clock.settle();
    expect([names(whole.store), names(metadata.store)]).toEqual([[], []]);
    expect(told).toEqual(["added a/x initial", "deleted a/x"]);
  });

  it("I35 I36 hands out copies of the caller's own, with apiVersion and kind", async () => {
    const world = await cacheWorld();
    await world.configMap("a/x", { v: "1" });
    const cache = world.cache();
    const { store, synced } = cache.watch(ConfigMap);
    await synced();
    for (const copy of [
      store.get({ namespace: "a", name: "x" })!,
      store.list()[0]!,
      [...store.entries()][0]!.object(),
    ]) {
      (copy.data as Record<string, string>)["v"] = "spoilt";
      (copy.metadata as { name: string }).name = "spoilt";
      expect([copy.apiVersion, copy.kind]).toEqual(["v1", "ConfigMap"]);
    }
    expect(store.get({ namespace: "a", name: "x" })?.data).toEqual({ v: "1" });
    const metadata = world.cache().watch(ConfigMap, { metadataOnly: true });
    await metadata.synced();
    expect(metadata.store.list().map(({ apiVersion, kind, data }) => [apiVersion, kind, data])).toEqual([
      ["v1", "ConfigMap", undefined],
    ]);
  });
});

describe("reads", () => {
  it("I24 I38 refuses reads before it is started, remembers watches without asking anybody, and starts once", async () => {
    const world = await cacheWorld();
    await world.configMap("a/x");
    const cache = world.cache({ autoStart: false, unwatched: "watch" });
    const watch = cache.watch(ConfigMap);
    expect(await codeOf(cache.ensure(ConfigMap))).toBe("NOT_STARTED");
    await world.clock.settle();
    expect([world.asked, watch.store.synced]).toEqual([[], false]);
    cache.start();
    await watch.synced();
    expect(names(await cache.ensure(ConfigMap))).toEqual(["x"]);
    expect(() => cache.start()).toThrow("the cache is started already");
    await cache.stop();
    expect(await codeOf(cache.ensure(ConfigMap))).toBe("STOPPED");
  });

  it("I25 refuses reads of kinds that nobody watches, where it is told to; watched ones work", async () => {
    const world = await cacheWorld();
    const cache = world.cache({ unwatched: "fail" });
    cache.watch(ConfigMap);
    await expect(cache.ensure(Pod)).rejects.toThrow(
      "read pods: the kind is not cached, nobody watches it; watch it, or read live",
    );
    expect((await cache.ensure(ConfigMap))?.synced).toBe(true);
    expect(world.asked.every(({ path }) => path.endsWith("/configmaps"))).toBe(true);
  });

  it("I26 begins to watch a kind with the first read and waits; giving up leaves the watch and nothing else", async () => {
    const world = await cacheWorld();
    await world.configMap("a/x");
    const cache = world.cache({ unwatched: "watch" });
    const abort = new AbortController();
    const given = codeOf(cache.ensure(ConfigMap, {}, abort.signal));
    abort.abort();
    expect(await given).toBe("TIMEOUT");
    expect(names(await cache.ensure(ConfigMap, { namespace: "a" }))).toEqual(["x"]);
    expect([world.asked.length, cache.watches().length, cache.watches()[0]?.handles]).toEqual([1, 1, 1]);
    const live = world.cache();
    expect(await live.ensure(ConfigMap)).toBeUndefined();
    expect([live.watches(), cache.unwatched, live.unwatched]).toEqual([[], "watch", "live"]);
  });

  it("I33 answers by indexes, in one namespace or all, several terms at once; refuses what it has no index for", async () => {
    const world = await cacheWorld(["a", "b"]);
    await pod(world, "a/p1", "n1", { app: "x" });
    await pod(world, "b/p2", "n1", { app: "y" });
    await pod(world, "a/p3", "n2", { app: "x" });
    const byNode = fieldIndex<Pod>("spec.nodeName");
    const byApp = index<Pod>("app", ({ metadata }) => [metadata.labels["app"] ?? ""]);
    const cache = world.cache();
    const { store, synced } = cache.watch(Pod, { indexes: [byNode, byApp] });
    await synced();
    const found = (options: Parameters<typeof store.list>[0]) =>
      store.list(options).map(({ metadata }) => metadata.name);
    expect(found({ index: byNode.is("n1") })).toEqual(["p1", "p2"]);
    expect(found({ index: byNode.is("n1"), namespace: "b" })).toEqual(["p2"]);
    expect(found({ index: [byNode.is("n1"), byApp.is("x")] })).toEqual(["p1"]);
    expect(() => found({ index: { name: "zone", value: "z" } })).toThrow('pods: there is no index "zone"');
    const byFields = (fieldSelector: string, more: object = {}) =>
      listFrom(store, { fieldSelector, ...more }).map(({ metadata }) => metadata.name);
    expect(byFields("spec.nodeName=n1")).toEqual(["p1", "p2"]);
    expect(byFields("spec.nodeName=n1,metadata.namespace=a")).toEqual(["p1"]);
    expect(byFields("metadata.name=p3,spec.nodeName=n2")).toEqual(["p3"]);
    expect(byFields("metadata.name=p3", { namespace: "b" })).toEqual([]);
    expect(byFields("metadata.name=p3,metadata.name=p1")).toEqual([]);
    expect(() => byFields("status.phase=Running")).toThrow('there is no index for field "status.phase"');
    expect(() => byFields("spec.nodeName!=n1")).toThrow("exact field selectors only");
    expect(() => listFrom(store, { continue: "token" })).toThrow("no pages to continue");
  });

  it("I34 returns at most as many as asked for, of those that match, the first in order", async () => {
    const world = await cacheWorld();
    for (const [i, name] of ["d", "b", "c", "a"].entries())
      await world.configMap(`a/${name}`, {}, { odd: String(i % 2) });
    const { store, synced } = world.cache().watch(ConfigMap);
    await synced();
    const of = (list: Parameters<typeof store.list>[0]) => store.list(list).map(({ metadata }) => metadata.name);
    expect(of({ limit: 3 })).toEqual(["a", "b", "c"]);
    expect(of({ limit: 1, labelSelector: { odd: "0" } })).toEqual(["c"]);
    expect(of({ limit: 9, labelSelector: "odd=1" })).toEqual(["a", "b"]);
    expect(listFrom(store, { limit: 1, labelSelector: "odd=1" }).map(({ metadata }) => metadata.name)).toEqual(["a"]);
  });

  it("I37 closes the watches of a kind that is removed, and begins anew with the next read", async () => {
    const world = await cacheWorld();
    await world.configMap("a/x");
    const cache = world.cache({ unwatched: "watch" });
    const told: string[] = [];
    const watch = cache.watch(ConfigMap, { handler: (event) => void told.push(noteOf(event)) });
    await cache.ensure(ConfigMap);
    cache.remove(ConfigMap);
    await world.clock.settle();
    expect([world.watches, cache.watches(), cache.store(ConfigMap)]).toEqual([[], [], undefined]);
    await world.configMap("a/y");
    expect(names(await cache.ensure(ConfigMap))).toEqual(["x", "y"]);
    expect([told, world.asked.length]).toEqual([["added a/x initial"], 2]);
    watch.stop();
    expect(cache.watches()).toHaveLength(1);
  });
});

describe("namespaces", () => {
  it("I27 sees only the namespaces listed, refuses reads elsewhere, and lists all of them together", async () => {
    const world = await cacheWorld(["a", "b", "c"]);
    for (const name of ["c/z", "b/y", "a/x"]) await world.configMap(name);
    const cache = world.cache({ namespaces: ["a", "b"] });
    const told: string[] = [];
    const watch = cache.watch(ConfigMap, { handler: (event) => void told.push(noteOf(event)) });
    await watch.synced();
    expect(names(watch.store)).toEqual(["x", "y"]);
    expect(names(await cache.ensure(ConfigMap, { namespace: "b" }))).toEqual(["y"]);
    await expect(cache.ensure(ConfigMap, { namespace: "c" })).rejects.toThrow(
      'read configmaps: namespace "c" is not among those this cache watches; add it to `namespaces`, or read live',
    );
    expect(cache.store(ConfigMap, { namespace: "c" })).toBeUndefined();
    expect(watch.store.get({ namespace: "c", name: "z" })).toBeUndefined();
    await world.configMap("b/new");
    await world.configMap("c/new");
    await world.clock.settle();
    expect(told.sort()).toEqual(["added a/x initial", "added b/new", "added b/y initial"]);
    expect(watch.store.list({ limit: 2 }).map(({ metadata }) => metadata.name)).toEqual(["x", "new"]);
    // A kind without namespaces has one watch.
    await cache.watch(Node).synced();
    expect(selections(world).at(-1)).toEqual(["/api/v1/nodes", null, null]);
  });

  it("I27 knows for reads of own writes how far each namespace is, and all of them together", async () => {
    const world = await cacheWorld(["a", "b"]);
    const cache = world.cache({ namespaces: ["a", "b"] });
    const { store, synced } = cache.watch(ConfigMap);
    await synced();
    await world.clock.settle();
    const before = store.resourceVersion;
    let steps = 0;
    store.onProgress?.(() => steps++);
    await world.configMap("b/y");
    await world.clock.settle();
    const part = cache.store(ConfigMap, { namespace: "b" })!;
    expect(part.peek({ namespace: "b", name: "y" })?.metadata.resourceVersion).toBe(part.resourceVersion);
    // The other watch has not said that it is as far.
    expect([store.resourceVersion, steps]).toEqual([before, 1]);
    expect(store.peek({ namespace: "b", name: "y" })).toBeDefined();
  });

  it('I28 covers with "" the namespaces that are not listed', async () => {
    const world = await cacheWorld(["a", "b", "c"]);
    await world.configMap("a/in", {}, { app: "x" });
    await world.configMap("a/out");
    await world.configMap("b/y");
    await world.configMap("c/z");
    const cache = world.cache({ namespaces: { a: { labelSelector: "app=x" }, "": {} } });
    const watch = cache.watch(ConfigMap);
    await watch.synced();
    expect(keys(watch.store)).toEqual(["a/in", "b/y", "c/z"]);
    expect(keys(await cache.ensure(ConfigMap, { namespace: "c" })).includes("c/z")).toBe(true);
    expect(watch.store.get({ namespace: "c", name: "z" })?.metadata.name).toBe("z");
    expect(watch.store.get({ namespace: "a", name: "out" })).toBeUndefined();
  });

  it("I29 takes a selector from the namespace, else the kind, else the default namespaces, else the defaults", async () => {
    const world = await cacheWorld(["a", "b"]);
    const cache = world.cache({
      labelSelector: "from=defaults",
      fieldSelector: "metadata.name!=defaults",
      namespaces: { a: { labelSelector: "from=namespaces" }, b: {} },
      byKind: [
        kindOptions(ConfigMap, {
          namespaces: { a: { labelSelector: "from=kind-namespace" }, b: {} },
          labelSelector: "from=kind",
        }),
        kindOptions(Pod, { fieldSelector: "spec.nodeName=kind" }),
        kindOptions(Secret, { namespaces: {}, labelSelector: "" }),
      ],
    });
    cache.watch(ConfigMap);
    cache.watch(Pod);
    cache.watch(Secret);
    cache.watch(ConfigMap, { namespace: "a", labelSelector: "from=watch" });
    await world.clock.settle();
    expect(selections(world)).toEqual([
      ["/api/v1/namespaces/a/configmaps", "from=kind-namespace", "metadata.name!=defaults"],
      ["/api/v1/namespaces/b/configmaps", "from=kind", "metadata.name!=defaults"],
      ["/api/v1/namespaces/a/pods", "from=namespaces", "spec.nodeName=kind"],
      ["/api/v1/namespaces/b/pods", "from=defaults", "spec.nodeName=kind"],
      ["/api/v1/secrets", null, "metadata.name!=defaults"],
      ["/api/v1/namespaces/a/configmaps", "from=watch", "metadata.name!=defaults"],
    ]);
  });

  it("I30 refuses namespaces for a kind that has none when it is made", async () => {
    const world = await cacheWorld();
    expect(() => world.cache({ byKind: [kindOptions(Node, { namespaces: ["a"] })] })).toThrow(
      "cache: byKind: nodes have no namespaces: leave out `namespaces`",
    );
  });

  it("I42 follows a selector on namespaces as they come, change and go, without a restart", async () => {
    const world = await cacheWorld(["a", "b"]);
    await world.configMap("a/x");
    await world.configMap("b/y");
    const cache = world.cache({ namespaces: { matching: "watched=yes" } });
    const told: string[] = [];
    const watch = cache.watch(ConfigMap, { handler: (event) => void told.push(noteOf(event)) });
    await watch.synced();
    expect([watch.store.synced, names(watch.store)]).toEqual([true, []]);
    const label = (name: string, value: string | null) =>
      world.admin.patchMerge(Namespace, { name }, { metadata: { labels: { watched: value } } });
    await label("a", "yes");
    await world.clock.settle();
    await label("b", "yes");
    await world.clock.settle();
    expect([names(watch.store), told]).toEqual([
      ["x", "y"],
      ["added a/x initial", "added b/y initial"],
    ]);
    await label("a", null);
    await world.clock.settle();
    expect([names(watch.store), told.at(-1)]).toEqual([["y"], "deleted a/x stale"]);
    await world.configMap("a/unseen");
    await world.configMap("b/seen");
    await world.clock.settle();
    expect(told.at(-1)).toBe("added b/seen");
    expect(await codeOf(cache.ensure(ConfigMap, { namespace: "a" }))).toBe("UNKNOWN_NAMESPACE");
    watch.stop();
    await world.clock.settle();
    expect(cache.watches()).toEqual([]);
  });

  it("I42 watches other namespaces when it is told to", async () => {
    const world = await cacheWorld(["a", "b", "c"]);
    for (const name of ["a/x", "b/y", "c/z"]) await world.configMap(name);
    const cache = world.cache({ namespaces: ["a", "b"] });
    const told: string[] = [];
    const watch = cache.watch(ConfigMap, { handler: (event) => void told.push(noteOf(event)) });
    await watch.synced();
    told.length = 0;
    cache.setNamespaces(["b", "c"]);
    await world.clock.settle();
    expect(told).toEqual(["deleted a/x stale", "added c/z initial"]);
    expect(names(await cache.ensure(ConfigMap))).toEqual(["y", "z"]);
    cache.setNamespaces(undefined);
    await world.clock.settle();
    expect([names(watch.store), told.slice(2)]).toEqual([["x", "y", "z"], ["added a/x initial"]]);
    expect(cache.watches()).toHaveLength(1);
  });
});

describe("sharing", () => {
  it("I39 serves all who want metadata by one watch of metadata", async () => {
    const world = await cacheWorld();
    await world.configMap("a/x");
    const cache = world.cache();
    const one = cache.watch(ConfigMap, { metadataOnly: true });
    const two = cache.watch(ConfigMap, { metadataOnly: true });
    await Promise.all([one.synced(), two.synced()]);
    expect([one.store === two.store, world.asked.length, cache.store(ConfigMap)]).toEqual([true, 1, undefined]);
    expect(world.asked[0]!.accept).toContain("PartialObjectMetadata");
    one.stop();
    expect(world.watches).toHaveLength(1);
    two.stop();
    expect(world.watches).toHaveLength(0);
  });

  it("I40 goes over to one watch of whole objects when somebody wants them, with no gap and nothing twice", async () => {
    const world = await cacheWorld();
    await world.configMap("a/x", { v: "1" });
    await world.configMap("a/gone");
    const cache = world.cache();
    const told: string[] = [];
    const metadata = cache.watch(ConfigMap, { metadataOnly: true, handler: (event) => void told.push(noteOf(event)) });
    await metadata.synced();
    told.length = 0;
    const whole = cache.watch(ConfigMap);
    // These changes fall between the two watches.
    await world.admin.delete(ConfigMap, { namespace: "a", name: "gone" });
    await world.configMap("a/x", { v: "2" });
    await world.configMap("a/new");
    await whole.synced();
    await world.clock.settle();
    expect(world.watches.map(({ asked }) => asked.accept)).toEqual(["application/json"]);
    expect(told.map((note) => note.replace(/ (stale|initial)$/, "")).sort()).toEqual([
      "added a/new",
      "deleted a/gone",
      "updated a/x",
    ]);
    await world.configMap("a/x", { v: "3" });
    await world.clock.settle();
    expect(told.at(-1)).toBe("updated a/x");
    expect([told.length, metadata.store === whole.store, metadata.store === cache.store(ConfigMap)]).toEqual([
      4,
      true,
      true,
    ]);
    expect(cache.watches().map(({ handles, objects }) => [handles, objects])).toEqual([[2, 2]]);
    // It joins at once, whoever comes later.
    expect(cache.watch(ConfigMap, { metadataOnly: true }).store).toBe(whole.store);
  });

  it("answers reads of single objects from watches by name, one for each", async () => {
    const world = await cacheWorld(["a", "b"]);
    for (const name of ["a/x", "a/y", "b/x"]) await world.configMap(name, { at: name });
    const cache = world.cache();
    const watches = ["x", "y"].map((name) => cache.watch(ConfigMap, { namespace: "a", name }));
    await Promise.all(watches.map((watch) => watch.synced()));
    const read = (namespace: string, name: string) =>
      cache.store(ConfigMap, { namespace, name })?.get({ namespace, name });
    expect([read("a", "x")?.data, read("a", "y")?.data, read("b", "x")]).toEqual([
      { at: "a/x" },
      { at: "a/y" },
      undefined,
    ]);
    expect(cache.store(ConfigMap, { namespace: "a" })).toBeUndefined();
    expect(selections(world)).toEqual([
      ["/api/v1/namespaces/a/configmaps", null, "metadata.name=x"],
      ["/api/v1/namespaces/a/configmaps", null, "metadata.name=y"],
    ]);
  });

  it("goes over to another selection on request, telling what differs", async () => {
    const world = await cacheWorld();
    await world.configMap("a/x", {}, { app: "x" });
    await world.configMap("a/both", {}, { app: "x", tier: "web" });
    await world.configMap("a/web", {}, { tier: "web" });
    const cache = world.cache();
    const told: string[] = [];
    const watch = cache.watch(ConfigMap, { labelSelector: "app=x", handler: (event) => void told.push(noteOf(event)) });
    await watch.synced();
    told.length = 0;
    await watch.reselect({ labelSelector: "tier=web" });
    expect(told.sort()).toEqual(["added a/web initial", "deleted a/x stale"]);
    expect([names(watch.store), cache.watches().length]).toEqual([["both", "web"], 1]);
    expect(cache.watches()[0]).toMatchObject({ labelSelector: "tier=web", handles: 1, resource: ConfigMap });
  });

  it("keeps memory by kind in its reports", async () => {
    const world = await cacheWorld();
    await world.configMap("a/x", { v: "1".repeat(1000) });
    const cache = world.cache();
    await cache.watch(ConfigMap).synced();
    const [report] = cache.watches();
    expect([groupResource(report!.resource), report!.objects]).toEqual(["configmaps", 1]);
    expect(report!.bytes).toBeGreaterThan(1000);
    expect(report!.heldBytes).toBeGreaterThanOrEqual(report!.bytes);
  });
});
