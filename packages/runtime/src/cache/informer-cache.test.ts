import { createVirtualClock, type KubeObject, type Resource } from "@homeostat/api";
import { afterEach, describe, expect, it } from "vitest";
import { type Logger, silentLogger } from "../log.ts";
import { createCache, type InformerCache } from "./informer-cache.ts";
import { createTestServer, createTestStream, initialEventsEnd, type TestStream } from "./server.test-support.ts";
import type { StoreEvent } from "./store.ts";

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}
const ConfigMap: Resource<ConfigMap> = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  singular: "configmap",
  listKind: "ConfigMapList",
  scope: "Namespaced",
};
const Node: Resource = {
  group: "",
  version: "v1",
  kind: "Node",
  plural: "nodes",
  singular: "node",
  listKind: "NodeList",
  scope: "Cluster",
};
const object = (name: string, resourceVersion: string): ConfigMap => ({
  kind: "ConfigMap",
  apiVersion: "v1",
  metadata: { name, namespace: "n", uid: name, resourceVersion },
});

const caches: InformerCache[] = [];
afterEach(async () => {
  for (const cache of caches.splice(0)) await cache.stop();
});

function setup(namespace?: string) {
  const clock = createVirtualClock();
  const streams: TestStream[] = [];
  const server = createTestServer(() => {
    const stream = createTestStream();
    streams.push(stream);
    return { stream };
  });
  const errors: string[] = [];
  const log: Logger = { ...silentLogger, error: (_, message) => errors.push(message), child: () => log };
  const cache = createCache({
    transport: server.transport,
    clock,
    random: () => 0.5,
    log,
    ...(namespace ? { namespace } : {}),
  });
  caches.push(cache);
  const told: string[] = [];
  const note = (name: string) => (event: StoreEvent<ConfigMap>) =>
    void told.push(
      `${name}: ${event.type} ${event.object.metadata.name}${"initial" in event && event.initial ? " initial" : ""}${"resync" in event && event.resync ? " resync" : ""}`,
    );
  const sync = async (index: number, ...names: string[]): Promise<void> => {
    await clock.settle();
    for (const [i, name] of names.entries()) streams[index]!.event("ADDED", object(name, `${i + 1}`));
    streams[index]!.event("BOOKMARK", initialEventsEnd("10"));
    await clock.settle();
  };
  return { clock, server, streams, cache, told, note, sync, errors };
}

describe("cache", () => {
  it("I39 has one watch for all who want the same, and tells them all", async () => {
    const { cache, streams, told, note, sync } = setup();
    const one = cache.watch(ConfigMap, { handler: note("one") });
    const two = cache.watch(ConfigMap, { handler: note("two") });
    await sync(0, "a");
    await Promise.all([one.synced(), two.synced()]);
    streams[0]!.event("ADDED", object("b", "11"));
    expect(streams).toHaveLength(1);
    expect(told).toEqual(["one: added a initial", "two: added a initial", "one: added b", "two: added b"]);
    expect(one.store).toBe(two.store);
    expect(cache.store(ConfigMap)).toBe(one.store);
  });

  it("I18 tells a late handler everything first, then what changes, with no gap and nothing twice", async () => {
    const { cache, streams, told, note, sync } = setup();
    cache.watch(ConfigMap);
    await sync(0, "a", "b");
    const late = cache.watch(ConfigMap, { handler: note("late") });
    streams[0]!.event("MODIFIED", object("a", "11"));
    streams[0]!.event("DELETED", object("b", "12"));
    streams[0]!.event("ADDED", object("c", "13"));
    expect(told).toEqual([]);
    await late.synced();
    streams[0]!.event("MODIFIED", object("c", "14"));
    expect(told).toEqual(["late: added a initial", "late: added c initial", "late: updated c"]);
  });

  it("is synced for a handler only when that handler was told the whole list", async () => {
    const { cache, streams, clock } = setup();
    let told = 0;
    const watch = cache.watch(ConfigMap, { handler: () => told++ });
    let toldWhenSynced = -1;
    watch.synced().then(() => (toldWhenSynced = told));
    await clock.settle();
    streams[0]!.event("ADDED", object("a", "1"));
    await clock.settle();
    expect(toldWhenSynced).toBe(-1);
    streams[0]!.event("BOOKMARK", initialEventsEnd("10"));
    await clock.settle();
    expect(toldWhenSynced).toBe(1);
  });

  it("stops waiting for sync when the signal aborts or the watch is stopped", async () => {
    const { cache } = setup();
    const watch = cache.watch(ConfigMap);
    const abort = new AbortController();
    const waiting = watch.synced(abort.signal);
    abort.abort(new Error("no patience"));
    await expect(waiting).rejects.toThrow("no patience");
    const stopped = watch.synced();
    watch.stop();
    await expect(stopped).rejects.toThrow("watch of configmaps was stopped");
  });

  it("I20 goes on after a handler that throws", async () => {
    const { cache, streams, told, note, sync, errors } = setup();
    cache.watch(ConfigMap, {
      handler: () => {
        throw new Error("bad handler");
      },
    });
    cache.watch(ConfigMap, { handler: note("good") });
    await sync(0, "a");
    streams[0]!.event("ADDED", object("b", "11"));
    expect(told).toEqual(["good: added a initial", "good: added b"]);
    expect(errors).toEqual(["Event handler threw", "Event handler threw"]);
  });

  it("I21 I37 never calls a handler after its stop, and ends the watch with the last of them", async () => {
    const { cache, streams, told, note, sync, server, clock } = setup();
    const one = cache.watch(ConfigMap, { handler: note("one") });
    const two = cache.watch(ConfigMap, { handler: note("two") });
    await sync(0);
    one.stop();
    one.stop();
    streams[0]!.event("ADDED", object("a", "11"));
    expect(told).toEqual(["two: added a"]);
    two.stop();
    await clock.settle();
    expect(streams[0]!.open).toBe(false);
    expect(cache.store(ConfigMap)).toBeUndefined();
    cache.watch(ConfigMap);
    await clock.settle();
    expect(server.requests).toHaveLength(2);
  });

  it("I31 keeps selections apart and sends them to the server", async () => {
    const { cache, server, clock } = setup();
    cache.watch(ConfigMap, { namespace: "n", labelSelector: "app=x" });
    cache.watch(ConfigMap, { namespace: "n", labelSelector: "app=y", fieldSelector: "metadata.name=z" });
    cache.watch(Node, { namespace: "ignored" });
    await clock.settle();
    expect(
      server.requests.map(({ path, query }) => [path, query.get("labelSelector"), query.get("fieldSelector")]),
    ).toEqual([
      ["/api/v1/namespaces/n/configmaps", "app=x", null],
      ["/api/v1/namespaces/n/configmaps", "app=y", "metadata.name=z"],
      ["/api/v1/nodes", null, null],
    ]);
    expect(cache.store(ConfigMap, { namespace: "n" })).toBeUndefined();
    expect(cache.store(Node)).toBeDefined();
  });

  it("finds the store of one namespace, or of all for any", async () => {
    const { cache } = setup("team");
    const team = cache.watch(ConfigMap);
    expect(cache.store(ConfigMap)).toBe(team.store);
    expect(cache.store(ConfigMap, { namespace: "team" })).toBe(team.store);
    expect(cache.store(ConfigMap, { namespace: "other" })).toBeUndefined();
    const { cache: wide } = setup();
    const all = wide.watch(ConfigMap);
    expect(wide.store(ConfigMap, { namespace: "any" })).toBe(all.store);
  });

  it("I40 serves metadata from whole objects where those are watched", async () => {
    const { cache, server, clock } = setup();
    const metadata = cache.watch(Node, { metadataOnly: true });
    const whole = cache.watch(ConfigMap);
    const shared = cache.watch(ConfigMap, { metadataOnly: true });
    await clock.settle();
    expect(shared.store).toBe(whole.store);
    expect(server.requests.map(({ headers }) => headers["accept"])).toEqual([
      "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
      "application/json",
    ]);
    expect(cache.store(Node)).toBeUndefined();
    expect(metadata.store.resource).toBe(Node);
  });

  it("I40 goes over to whole objects only when they are not behind what was told", async () => {
    const { cache, streams, told, note, sync, clock } = setup();
    const meta = (name: string, version: string) => ({
      ...object(name, version),
      kind: "PartialObjectMetadata",
      apiVersion: "meta.k8s.io/v1",
    });
    const metadata = cache.watch(ConfigMap, { metadataOnly: true, handler: note("metadata") });
    await clock.settle();
    streams[0]!.event("ADDED", meta("a", "15"));
    streams[0]!.event("BOOKMARK", initialEventsEnd("20", "PartialObjectMetadata"));
    await metadata.synced();
    const whole = cache.watch(ConfigMap);
    // Another server answers, which is not as far.
    await sync(1, "a", "b");
    await whole.synced();
    expect([told, metadata.store === whole.store, streams[0]!.open]).toEqual([
      ["metadata: added a initial"],
      false,
      true,
    ]);
    streams[1]!.event("MODIFIED", object("a", "15"));
    streams[1]!.event("DELETED", object("b", "18"));
    streams[1]!.event("ADDED", object("c", "21"));
    await clock.settle();
    expect([told.slice(1), metadata.store === whole.store, streams[0]!.open]).toEqual([
      ["metadata: added c initial"],
      true,
      false,
    ]);
  });

  it("I22 tells everything again after the resync period, stretched at random, without asking the server", async () => {
    const { cache, clock, server, told, note, sync } = setup();
    cache.watch(ConfigMap, { handler: note("quiet") });
    cache.watch(ConfigMap, { handler: note("resynced"), resyncMs: 10_000 });
    await sync(0, "a");
    told.length = 0;
    await clock.advance(9_999);
    expect(told).toEqual([]);
    await clock.advance(10_001);
    expect(told).toEqual(["resynced: updated a resync", "resynced: updated a resync"]);
    expect(server.requests).toHaveLength(1);
  });

  it("answers by indexes registered with the watch", async () => {
    const { cache, sync } = setup();
    const watch = cache.watch(ConfigMap, { indexes: { initial: ({ metadata }) => [metadata.name[0]!] } });
    await sync(0, "ab", "ac", "b");
    expect(
      [...watch.store.entries({ index: { name: "initial", value: "a" } })].map(({ metadata }) => metadata.name),
    ).toEqual(["ab", "ac"]);
  });

  it("reports how its watches fare", async () => {
    const { cache, sync } = setup();
    cache.watch(ConfigMap);
    await sync(0, "a");
    expect(cache.watches()).toMatchObject([
      {
        resource: ConfigMap,
        handles: 1,
        synced: true,
        objects: 1,
        resourceVersion: "10",
        state: { type: "watching" },
        counters: { lists: 1, watches: 1, events: 2 },
      },
    ]);
  });

  it("ends all watches and refuses new ones when it is stopped", async () => {
    const { cache, streams, sync } = setup();
    cache.watch(ConfigMap);
    cache.watch(Node);
    await sync(0);
    await cache.stop();
    expect(streams.map(({ open }) => open)).toEqual([false, false]);
    expect(() => cache.watch(ConfigMap)).toThrow("the cache was stopped");
  });
});
