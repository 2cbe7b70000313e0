import { createVirtualClock, isNotFound, type KubeObject, type Resource } from "@homeostat/api";
import { afterEach, describe, expect, it } from "vitest";
import { createCache, type InformerCache } from "../cache/informer-cache.ts";
import {
  createTestServer,
  createTestStream,
  initialEventsEnd,
  listAnswer,
  type RecordedRequest,
  statusAnswer,
  type TestAnswer,
} from "../cache/server.test-support.ts";
import { createClient } from "./api-client.ts";
import type { WriteRecord } from "./write-observer.ts";

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
const object = (
  name: string,
  resourceVersion: string,
  more: Partial<NonNullable<KubeObject["metadata"]>> = {},
): ConfigMap => ({
  kind: "ConfigMap",
  apiVersion: "v1",
  metadata: { name, namespace: "n", uid: `u-${name}`, resourceVersion, ...more },
});
const key = (name: string) => ({ namespace: "n", name });

const caches: InformerCache[] = [];
afterEach(async () => {
  for (const cache of caches.splice(0)) await cache.stop();
});

/** A client with a synced cache that holds `a` at version 5; all but the watch is answered by `answer`. */
async function setup(
  answer: (request: RecordedRequest) => TestAnswer | Promise<TestAnswer> = () => statusAnswer(500, "InternalError"),
) {
  const clock = createVirtualClock();
  const stream = createTestStream();
  const server = createTestServer((request) => (request.query.get("watch") ? { stream } : answer(request)));
  const cache = createCache({ transport: server.transport, clock, random: () => 0 });
  caches.push(cache);
  const records: WriteRecord[] = [];
  const client = createClient({ transport: server.transport, clock, cache, onWrite: (record) => records.push(record) });
  const watch = cache.watch(ConfigMap);
  await clock.settle();
  stream.event("ADDED", object("a", "5", { labels: { app: "x" } }));
  stream.event("BOOKMARK", initialEventsEnd("10"));
  await watch.synced();
  const live = (): string[] =>
    server.requests.filter(({ query }) => !query.get("watch")).map(({ method, path }) => `${method} ${path}`);
  return { clock, stream, server, cache, client, watch, live, records };
}

/** Whether a promise has settled, after all that needs no time. */
async function outcome<T>(clock: { settle(): Promise<void> }, promise: Promise<T>): Promise<T | "pending"> {
  let result: T | "pending" = "pending";
  promise.then(
    (value) => (result = value),
    () => {},
  );
  await clock.settle();
  return result;
}

describe("cached reads", () => {
  it("K01 come from the cache for watched kinds, without a request", async () => {
    const { client, live } = await setup();
    expect(await client.get(ConfigMap, key("a"))).toEqual(object("a", "5", { labels: { app: "x" } }));
    expect(await client.find(ConfigMap, key("b"))).toBeUndefined();
    await expect(client.get(ConfigMap, key("b"))).rejects.toSatisfy(isNotFound);
    expect(await client.list(ConfigMap, { namespace: "n", labelSelector: { app: "x" } })).toEqual({
      items: [object("a", "5", { labels: { app: "x" } })],
      resourceVersion: "10",
      continue: undefined,
      remainingItemCount: undefined,
    });
    expect((await client.list(ConfigMap, { labelSelector: "app!=x" })).items).toEqual([]);
    expect(
      (await client.list(ConfigMap, { fieldSelector: "metadata.name=a,metadata.namespace=n" })).items,
    ).toHaveLength(1);
    expect(live()).toEqual([]);
  });

  it("K01 go to the server where they are asked to, or where the cache cannot answer", async () => {
    const { client, live, cache } = await setup((request) =>
      request.path.endsWith("/a") ? { body: object("a", "7") } : listAnswer("ConfigMap", [], "9"),
    );
    await client.get(ConfigMap, key("a"), { from: "live" });
    await client.list(ConfigMap, { limit: 5 });
    await client.list(ConfigMap, { fieldSelector: "data.x=y" });
    await client.list(ConfigMap, { resourceVersion: "3", resourceVersionMatch: "Exact" });
    await cache.stop();
    await client.get(ConfigMap, key("a"));
    expect(live()).toEqual([
      "GET /api/v1/namespaces/n/configmaps/a",
      "GET /api/v1/configmaps",
      "GET /api/v1/configmaps",
      "GET /api/v1/configmaps",
      "GET /api/v1/namespaces/n/configmaps/a",
    ]);
  });

  it("go to the server until the first list has arrived", async () => {
    const server = createTestServer((request) =>
      request.query.get("watch") ? { stream: createTestStream() } : { body: object("a", "7") },
    );
    const cache = createCache({ transport: server.transport, clock: createVirtualClock() });
    caches.push(cache);
    cache.watch(ConfigMap);
    const client = createClient({ transport: server.transport, cache });
    expect((await client.get(ConfigMap, key("a"))).metadata.resourceVersion).toBe("7");
  });
});

describe("reads of one's own writes", () => {
  it("K24 wait until the cache has seen the write, and only for its key", async () => {
    const { client, clock, stream, live } = await setup(() => ({ body: object("a", "12") }));
    await client.patchMerge(ConfigMap, key("a"), { data: {} });
    const read = client.get(ConfigMap, key("a"));
    expect(await outcome(clock, read)).toBe("pending");
    expect(await client.find(ConfigMap, key("b"))).toBeUndefined();
    stream.event("MODIFIED", object("a", "12"));
    expect((await read).metadata.resourceVersion).toBe("12");
    expect(live()).toEqual(["PATCH /api/v1/namespaces/n/configmaps/a"]);
  });

  it("K24 wait for the whole kind when they list", async () => {
    const { client, clock, stream } = await setup(() => ({ body: object("new", "12") }));
    await client.create(ConfigMap, object("new", ""));
    const list = client.list(ConfigMap);
    expect(await outcome(clock, list)).toBe("pending");
    stream.event("ADDED", object("new", "12"));
    expect((await list).items.map(({ metadata }) => metadata.name)).toEqual(["a", "new"]);
  });

  it("K24 wait for writes that are under way, not for those that begin later", async () => {
    const answers: ((answer: TestAnswer) => void)[] = [];
    const { client, clock, stream } = await setup(() => new Promise((resolve) => answers.push(resolve)));
    const first = client.patchMerge(ConfigMap, key("a"), { data: { n: "1" } });
    const read = client.get(ConfigMap, key("a"));
    const second = client.patchMerge(ConfigMap, key("a"), { data: { n: "2" } });
    await clock.settle();
    stream.event("MODIFIED", object("a", "12"));
    expect(await outcome(clock, read)).toBe("pending");
    answers[0]!({ body: object("a", "12") });
    expect((await read).metadata.resourceVersion).toBe("12");
    answers[1]!({ body: object("a", "13") });
    await Promise.all([first, second]);
  });

  it("are content with a newer version of the object, or of the whole view", async () => {
    const { client, stream } = await setup(() => ({ body: object("a", "12") }));
    await client.patchMerge(ConfigMap, key("a"), {});
    stream.event("BOOKMARK", { kind: "ConfigMap", apiVersion: "v1", metadata: { resourceVersion: "20" } });
    expect((await client.get(ConfigMap, key("a"))).metadata.resourceVersion).toBe("5");
    await client.patchMerge(ConfigMap, key("a"), {});
    stream.event("MODIFIED", object("a", "100"));
    expect((await client.get(ConfigMap, key("a"))).metadata.resourceVersion).toBe("100");
  });

  it("K25 never show an object that was deleted, whatever its resourceVersion", async () => {
    const { client, clock, stream } = await setup(() => ({
      body: {
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Success",
        details: { name: "a", kind: "configmaps", uid: "u-a" },
      },
    }));
    await client.delete(ConfigMap, key("a"));
    const read = client.find(ConfigMap, key("a"));
    expect(
      await outcome(
        clock,
        read.then(() => "answered"),
      ),
    ).toBe("pending");
    stream.event("DELETED", object("a", "12"));
    expect(await read).toBeUndefined();
  });

  it("K25 wait for the mark of deletion where finalizers hold the object", async () => {
    const held = object("a", "12", { deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: ["f"] });
    const { client, clock, stream } = await setup(() => ({ body: held }));
    await client.delete(ConfigMap, key("a"));
    const read = client.get(ConfigMap, key("a"));
    expect(await outcome(clock, read)).toBe("pending");
    stream.event("MODIFIED", held);
    expect((await read).metadata.deletionTimestamp).toBe("2026-01-01T00:00:00Z");
  });

  it("ask the server when the cache does not get there in five seconds", async () => {
    const { client, clock, live } = await setup(() => ({ body: object("a", "12") }));
    await client.patchMerge(ConfigMap, key("a"), {});
    const read = client.get(ConfigMap, key("a"));
    await clock.advance(4_999);
    expect(live()).toEqual(["PATCH /api/v1/namespaces/n/configmaps/a"]);
    await clock.advance(1);
    expect((await read).metadata.resourceVersion).toBe("12");
    expect(live().at(-1)).toBe("GET /api/v1/namespaces/n/configmaps/a");
  });

  it("wait in vain once only: while the cache does not move the server is asked at once", async () => {
    const { client, clock, stream, live } = await setup(({ path }) => ({ body: object(path.at(-1)!, "12") }));
    await client.patchMerge(ConfigMap, key("a"), { data: { x: "1" } });
    await client.patchMerge(ConfigMap, key("b"), { data: { x: "1" } });
    void client.get(ConfigMap, key("a"));
    await clock.advance(5000);
    const asked = live().length;
    expect(await outcome(clock, client.get(ConfigMap, key("b")))).toEqual(object("b", "12"));
    expect(live().length).toBe(asked + 1);
    stream.event("MODIFIED", object("a", "12"));
    expect(await outcome(clock, client.get(ConfigMap, key("a")))).toEqual(object("a", "12"));
    expect(live().length).toBe(asked + 1);
  });

  it("stop waiting with the reason of the signal", async () => {
    const { client } = await setup(() => ({ body: object("a", "12") }));
    await client.patchMerge(ConfigMap, key("a"), {});
    const abort = new AbortController();
    const read = client.get(ConfigMap, key("a"), { signal: abort.signal });
    abort.abort(new Error("deadline"));
    await expect(read).rejects.toThrow("deadline");
  });

  it("do not wait for writes that failed or stored nothing", async () => {
    const { client } = await setup((request) =>
      request.query.get("dryRun") ? { body: object("a", "99") } : statusAnswer(409, "Conflict"),
    );
    await expect(client.patchMerge(ConfigMap, key("a"), {})).rejects.toMatchObject({ code: 409 });
    await client.patchMerge(ConfigMap, key("a"), {}, { dryRun: true });
    await expect(client.delete(ConfigMap, key("a"))).rejects.toMatchObject({ code: 409 });
    expect((await client.get(ConfigMap, key("a"))).metadata.resourceVersion).toBe("5");
  });

  it("tell observers of a write what the cache had before, and whether it changed", async () => {
    const { client, records } = await setup((request) => ({
      body: object("a", request.path.endsWith("/status") ? "5" : "12"),
    }));
    await client.status.patchMerge(ConfigMap, key("a"), {});
    await client.apply(ConfigMap, object("a", "", {}));
    expect(
      records.map(({ verb, subresource, changed, before }) => [
        verb,
        subresource,
        changed,
        before?.metadata.resourceVersion,
      ]),
    ).toEqual([
      ["patchMerge", "status", false, "5"],
      ["apply", undefined, true, "5"],
    ]);
  });
});
