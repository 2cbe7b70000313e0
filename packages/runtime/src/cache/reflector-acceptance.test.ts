import { ConfigMap, CustomResourceDefinition } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import {
  answer,
  type CacheWorld,
  cacheWorld,
  connectionRefused,
  noteOf,
  refusal,
  Widget,
} from "./cluster.test-support.ts";
import type { InformerCache } from "./informer-cache.ts";

// Ids: acceptance list of the informer, against the real API server in process.

const paths = ({ asked }: CacheWorld): string[] => asked.map(({ kind, version }) => `${kind} ${version || "-"}`);
const names = (cache: InformerCache): string[] =>
  (cache.store(ConfigMap)?.list() ?? []).map(({ metadata }) => metadata.name);
const versionOf = (cache: InformerCache): string => cache.store(ConfigMap)?.resourceVersion ?? "";
const expired = (): ReturnType<typeof refusal> => refusal(410, "Expired");
const tooLarge = (): ReturnType<typeof refusal> =>
  refusal(504, "Timeout", {
    details: { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }] },
  });

/** A cache of ConfigMaps in sync with two of them. */
async function synced(options: Parameters<CacheWorld["cache"]>[0] = {}) {
  const world = await cacheWorld();
  await world.configMap("a/one");
  await world.configMap("a/two");
  const cache = world.cache(options);
  const told: string[] = [];
  const watch = cache.watch(ConfigMap, { handler: (event) => void told.push(noteOf(event)) });
  await watch.synced();
  await world.clock.settle();
  told.length = 0;
  return { world, cache, told, watch };
}

describe("reflector against a server: lists", () => {
  it("I01 streams the first list; without streams it asks for version 0, and relists from the last version seen", async () => {
    const { world, cache } = await synced();
    expect(paths(world)).toEqual(["stream -"]);
    expect(names(cache)).toEqual(["one", "two"]);

    const paged = await synced({ watchList: false });
    expect(paths(paged.world)[0]).toBe("list 0");
    await paged.world.configMap("a/three");
    await paged.world.clock.settle();
    const seen = versionOf(paged.cache);
    paged.world.watches[0]!.inject({ type: "ERROR", object: { kind: "Status", code: 500, reason: "InternalError" } });
    await paged.world.clock.advance(800);
    expect(paths(paged.world).slice(2)).toEqual([`list ${seen}`, `watch ${seen}`]);
  });

  it.each([
    ["410", expired],
    ["a version that is too large", tooLarge],
  ])("I02 repeats a list that is answered %s at once with no version", async (_, refused) => {
    const { world, cache } = await synced({ watchList: false });
    world.watches[0]!.inject({ type: "ERROR", object: { kind: "Status", code: 500, reason: "InternalError" } });
    await world.configMap("a/three");
    world.fault = ({ kind, version }) => (kind === "list" && version !== "" ? refused() : undefined);
    const before = world.asked.length;
    await world.clock.advance(800);
    const [first, second] = world.asked.slice(before);
    expect([first!.kind, second!.kind, second!.version]).toEqual(["list", "list", ""]);
    expect(second!.at).toBe(first!.at);
    expect(names(cache)).toEqual(["one", "three", "two"]);
  });

  it("I03 lists everything at once where the second page is answered 410", async () => {
    const world = await cacheWorld();
    for (const name of ["one", "two"]) await world.configMap(`a/${name}`);
    world.fault = ({ kind, query }) => {
      if (kind === "page") return expired();
      if (kind !== "list" || !query.get("limit")) return undefined;
      return answer(200, {
        kind: "ConfigMapList",
        apiVersion: "v1",
        metadata: { resourceVersion: "1", continue: "more" },
        items: [],
      });
    };
    const cache = world.cache({ watchList: false });
    await cache.watch(ConfigMap).synced();
    expect(world.asked.slice(0, 3).map(({ kind, query }) => [kind, query.get("limit")])).toEqual([
      ["list", "500"],
      ["page", "500"],
      ["list", null],
    ]);
    expect(names(cache)).toEqual(["one", "two"]);
  });

  it("I11 publishes nothing of a streamed list before its end, then goes on with the same stream", async () => {
    const world = await cacheWorld();
    await world.configMap("a/one");
    // The server's stream, held back before the bookmark that ends the list.
    const told: string[] = [];
    world.fault = ({ kind }) => (kind === "stream" ? silent() : undefined);
    const cache = world.cache();
    const watch = cache.watch(ConfigMap, { handler: (event) => void told.push(noteOf(event)) });
    await world.clock.settle();
    const object = (await world.admin.list(ConfigMap)).items[0]!;
    world.watches[0]!.inject({ type: "ADDED", object });
    await world.clock.settle();
    expect([told, watch.store.synced, watch.store.size]).toEqual([[], false, 0]);
    world.watches[0]!.inject({ type: "BOOKMARK", object: initialEnd(object.metadata.resourceVersion) });
    await world.clock.settle();
    expect([told, watch.store.synced]).toEqual([["added a/one initial"], true]);
    const more = { ...object, metadata: { ...object.metadata, name: "two", uid: "2", resourceVersion: "999" } };
    world.watches[0]!.inject({ type: "ADDED", object: more });
    expect(told).toEqual(["added a/one initial", "added a/two"]);
    expect(paths(world)).toEqual(["stream -"]);
  });

  it("I12 works with a server that has no streamed lists, and does not ask it for them again", async () => {
    const world = await cacheWorld();
    await world.configMap("a/one");
    world.fault = ({ kind }) => (kind === "stream" ? refusal(422, "Invalid") : undefined);
    const cache = world.cache();
    await cache.watch(ConfigMap).synced();
    await cache.watch(ConfigMap, { labelSelector: "x=y" }).synced();
    expect(names(cache)).toEqual(["one"]);
    world.watches[0]!.inject({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } });
    await world.clock.advance(2_000);
    expect(world.asked.map(({ kind }) => kind)).toEqual(["stream", "list", "list", "watch", "watch", "list", "watch"]);
  });

  it("I13 shows nothing of a stream that breaks before its end", async () => {
    const { world, cache, told } = await synced();
    const [object] = (await world.admin.list(ConfigMap)).items;
    world.fault = ({ kind }) => (kind === "stream" ? silent() : undefined);
    world.watches[0]!.inject({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } });
    await world.clock.advance(800);
    expect(world.watches[0]!.asked.kind).toBe("stream");
    world.watches[0]!.inject({ type: "ADDED", object });
    world.fault = undefined;
    world.watches[0]!.drop();
    await world.clock.settle();
    expect([names(cache), told]).toEqual([["one", "two"], []]);
    await world.clock.advance(5_000);
    expect(names(cache)).toEqual(["one", "two"]);
    expect(told).toEqual(["updated a/one resync", "updated a/two resync"]);
  });

  it("I14 I15 tells after a disconnect what vanished as of unknown final state, and what is the same as resync", async () => {
    const { world, told, watch } = await synced();
    const last = watch.store.peek({ namespace: "a", name: "two" });
    // The connection dies; meanwhile an object goes, and the server forgets the version.
    world.watches[0]!.mute();
    await world.admin.delete(ConfigMap, { namespace: "a", name: "two" });
    const stale: unknown[] = [];
    watch.store.onProgress?.(() => stale.push(watch.store.peek({ namespace: "a", name: "two" })));
    world.watches[0]!.drop();
    world.fault = ({ kind }) => {
      if (kind !== "watch") return undefined;
      world.fault = undefined;
      return expired();
    };
    await world.clock.advance(5_000);
    expect(told).toEqual(["deleted a/two stale", "updated a/one resync"]);
    expect(last?.object().metadata.name).toBe("two");
    expect(stale.at(-1)).toBeUndefined();
  });
});

describe("reflector against a server: watches", () => {
  it("I04 opens a watch that ended at the last version, without a list", async () => {
    const { world, cache } = await synced();
    await world.configMap("a/three");
    await world.clock.settle();
    const seen = versionOf(cache);
    world.watches[0]!.end();
    await world.clock.settle();
    expect(paths(world)).toEqual(["stream -", `watch ${seen}`]);
    await world.configMap("a/four");
    await world.clock.settle();
    expect(names(cache)).toEqual(["four", "one", "three", "two"]);
  });

  it("I05 lists at the last version one backoff step after a 410, and with none only if that is 410, too", async () => {
    const { world, cache } = await synced({ watchList: false });
    const seen = versionOf(cache);
    const gone = { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } };
    world.watches[0]!.inject(gone);
    await world.clock.advance(799);
    expect(world.asked).toHaveLength(2);
    await world.clock.advance(1);
    expect(paths(world).slice(2, 4)).toEqual([`list ${seen}`, `watch ${versionOf(cache)}`]);
    world.fault = ({ kind, version }) => (kind === "list" && version !== "" ? expired() : undefined);
    world.watches[0]!.inject(gone);
    await world.clock.advance(1_600);
    expect(paths(world).slice(4, 6)).toEqual([`list ${versionOf(cache)}`, "list -"]);
  });

  it("I06 tries a watch again with backoff after 429, on opening or in the stream, and lists nothing", async () => {
    const { world, cache, told } = await synced();
    world.fault = ({ kind }) => (kind === "watch" ? refusal(429, "TooManyRequests") : undefined);
    world.watches[0]!.inject({ type: "ERROR", object: { kind: "Status", code: 429, reason: "TooManyRequests" } });
    await world.clock.advance(10_000);
    const refused = world.asked.slice(1);
    expect(refused.length).toBeGreaterThan(2);
    world.fault = undefined;
    await world.configMap("a/three");
    await world.clock.advance(30_000);
    expect(world.asked.slice(1).every(({ kind }) => kind === "watch")).toBe(true);
    expect([names(cache), told]).toEqual([["one", "three", "two"], ["added a/three"]]);
  });

  it("I07 tries a refused connection again from 0.8 to 30 seconds and more, and lists nothing where the version holds", async () => {
    const { world, cache } = await synced({ random: () => 0.5 });
    world.fault = () => connectionRefused();
    world.watches[0]!.drop();
    await world.clock.advance(200_000);
    const times = world.asked.slice(1).map(({ at }) => at);
    const gaps = times.slice(1).map((at, i) => Math.round(at - times[i]!));
    expect(gaps.slice(0, 8)).toEqual([1200, 2400, 4800, 9600, 19_200, 38_400, 45_000, 45_000]);
    world.fault = undefined;
    await world.configMap("a/three");
    await world.clock.advance(60_000);
    expect(names(cache)).toEqual(["one", "three", "two"]);
    expect(world.asked.slice(1).every(({ kind }) => kind === "watch")).toBe(true);
  });

  it("I08 takes a watch that ends within a second without an event for a failed round", async () => {
    const { world } = await synced({ watchList: false });
    await world.clock.advance(400_000);
    const before = world.asked.length;
    world.watches[0]!.end();
    await world.clock.settle();
    world.watches[0]!.end();
    await world.clock.advance(799);
    expect(world.asked.slice(before).map(({ kind }) => kind)).toEqual(["watch"]);
    await world.clock.advance(1);
    expect(world.asked.slice(before).map(({ kind }) => kind)).toEqual(["watch", "list", "watch"]);
  });

  it("I09 moves on with bookmarks and tells nobody", async () => {
    const { world, cache, told } = await synced();
    const seen = versionOf(cache);
    await world.admin.create(CustomResourceDefinition, Widget.crd());
    await world.clock.advance(61_000);
    expect(Number(versionOf(cache))).toBeGreaterThan(Number(seen));
    expect(told).toEqual([]);
    world.watches[0]!.end();
    await world.clock.settle();
    expect(paths(world).at(-1)).toBe(`watch ${versionOf(cache)}`);
  });

  it("I10 asks for bookmarks, and for a timeout at random between 300 and 600 seconds", async () => {
    const draws = [0, 0.5, 0.999];
    const { world } = await synced({ random: () => draws[0]! });
    for (let round = 0; round < 2; round++) {
      draws.shift();
      world.watches[0]!.inject({ type: "BOOKMARK", object: { kind: "ConfigMap", metadata: { resourceVersion: "9" } } });
      world.watches[0]!.end();
      await world.clock.settle();
    }
    expect(world.asked.map(({ query }) => query.get("timeoutSeconds"))).toEqual(["300", "450", "600"]);
    expect(world.asked.every(({ query }) => query.get("allowWatchBookmarks") === "true")).toBe(true);
  });

  it("I16 skips an event of another kind, says so, and the watch goes on", async () => {
    const { world, cache, told } = await synced();
    world.watches[0]!.inject({
      type: "ADDED",
      object: { kind: "Table", apiVersion: "meta.k8s.io/v1", metadata: { name: "x" } },
    });
    await world.configMap("a/three");
    await world.clock.settle();
    expect(world.warnings).toEqual(["Watch sent an object of another kind, skipping it"]);
    expect([told, names(cache)]).toEqual([["added a/three"], ["one", "three", "two"]]);
    expect(world.asked).toHaveLength(1);
  });

  it("I41 opens a watch again on which nothing was heard for the idle deadline, and shows how stale it is meanwhile", async () => {
    const { world, cache } = await synced({ idleMs: 150_000 });
    await world.clock.advance(61_000);
    const silentMs = (): number => cache.watches()[0]!.silentMs ?? -1;
    expect(silentMs()).toBeLessThan(60_000);
    world.watches[0]!.mute();
    await world.configMap("a/three");
    await world.clock.advance(140_000);
    expect(silentMs()).toBeGreaterThan(130_000);
    expect(names(cache)).toEqual(["one", "two"]);
    await world.clock.advance(15_000);
    expect(names(cache)).toEqual(["one", "three", "two"]);
    expect(silentMs()).toBeLessThan(15_000);
    expect(world.asked.map(({ kind }) => kind)).toEqual(["stream", "watch"]);
  });

  it("I41 leaves a watch alone that is silent on a server which sends no bookmarks", async () => {
    const world = await cacheWorld();
    const cache = world.cache({ idleMs: 1_000 });
    await cache.watch(ConfigMap).synced();
    await world.clock.advance(30_000);
    expect(world.asked).toHaveLength(1);
  });
});

describe("reflector against a server: kinds that come and go", () => {
  it("I43 waits quietly while a definition is missing, and goes on when it appears", async () => {
    const world = await cacheWorld();
    const cache = world.cache();
    const told: string[] = [];
    const watch = cache.watch(Widget, { handler: (event) => void told.push(noteOf(event)) });
    await world.clock.advance(3_600_000);
    const widgets = (): number => world.asked.filter(({ path }) => path.includes("/widgets")).length;
    // Twice an attempt (streamed, in pages) at first, then once in two minutes.
    expect(widgets()).toBeLessThan(40);
    expect(cache.watches().find(({ resource }) => resource.kind === "Widget")?.state).toEqual({ type: "missing" });
    expect([watch.store.synced, world.warnings]).toEqual([false, []]);

    const before = world.clock.monotonic();
    await world.admin.create(CustomResourceDefinition, Widget.crd());
    await world.clock.until(() => watch.store.synced, "the widgets");
    expect(world.clock.monotonic() - before).toBeLessThan(5_000);
    await world.admin.create(Widget, Widget.object({ metadata: { namespace: "a", name: "w" }, spec: {} }));
    await world.clock.settle();
    expect(told).toEqual(["added a/w"]);
    // The watch of the definition was needed only meanwhile.
    expect(cache.watches().map(({ resource }) => resource.kind)).toEqual(["Widget"]);
  });

  it("I43 ends its watch when the definition is deleted, without asking for ever, and begins anew with the next", async () => {
    const world = await cacheWorld();
    await world.admin.create(CustomResourceDefinition, Widget.crd());
    await world.clock.advance(2_000);
    const cache = world.cache();
    const watch = cache.watch(Widget);
    await world.clock.until(() => watch.store.synced, "the first list");
    await world.admin.delete(CustomResourceDefinition, { name: "widgets.example.com" });
    await world.clock.advance(60_000);
    const before = world.asked.length;
    await world.clock.advance(3_600_000);
    expect(cache.watches().find(({ resource }) => resource.kind === "Widget")?.state).toEqual({ type: "missing" });
    // Of the kind itself, once in two minutes; the watch of the definition is renewed as any other.
    expect(world.asked.slice(before).filter(({ path }) => path.includes("/widgets")).length).toBeLessThan(34);
    await world.admin.create(CustomResourceDefinition, Widget.crd());
    await world.clock.until(() => cache.watches()[0]?.state.type === "watching", "the new watch");
  });

  it("I43 asks for a missing kind in growing intervals where it may not watch definitions", async () => {
    const world = await cacheWorld();
    world.fault = ({ path }) => (path.includes("customresourcedefinitions") ? refusal(403, "Forbidden") : undefined);
    const cache = world.cache();
    const watch = cache.watch(Widget);
    await world.clock.advance(300_000);
    expect(world.asked.filter(({ path }) => path.includes("customresourcedefinitions")).length).toBeLessThan(4);
    await world.admin.create(CustomResourceDefinition, Widget.crd());
    await world.clock.until(() => watch.store.synced, "the widgets", 61_000);
  });
});

const initialEnd = (resourceVersion: string): object => ({
  kind: "ConfigMap",
  apiVersion: "v1",
  metadata: { resourceVersion, annotations: { "k8s.io/initial-events-end": "true" } },
});

/** An answer whose body never brings anything by itself. */
const silent = (): ReturnType<typeof answer> => ({ ...answer(200, {}), pipe: () => new Promise(() => {}) });
