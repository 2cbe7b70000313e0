import { createVirtualClock, type KubeObject, type Resource } from "@homeostat/api";
import { afterEach, describe, expect, it } from "vitest";
import { ConnectionError } from "../client/connection.ts";
import { DialError } from "../client/dial.ts";
import { type Logger, silentLogger } from "../log.ts";
import { createByteStore } from "./byte-store.ts";
import { createReflector, type ReflectorOptions } from "./reflector.ts";
import {
  createTestServer,
  createTestStream,
  initialEventsEnd,
  listAnswer,
  statusAnswer,
  type TestAnswer,
  type TestStream,
} from "./server.test-support.ts";
import { stepObjects } from "./turns.ts";

const ConfigMap: Resource = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  singular: "configmap",
  listKind: "ConfigMapList",
  scope: "Namespaced",
};
const object = (name: string, resourceVersion: string, kind = "ConfigMap"): KubeObject => ({
  kind,
  apiVersion: "v1",
  metadata: { name, namespace: "n", uid: name, resourceVersion },
});

type Step = TestAnswer | Error | TestStream;
const noStreams = statusAnswer(
  422,
  "Invalid",
  "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
);
const gone = statusAnswer(410, "Expired", "too old resource version");
const refused = new DialError("connect ECONNREFUSED", "ECONNREFUSED");
const list = (resourceVersion: string, ...names: string[]): TestAnswer =>
  listAnswer(
    "ConfigMap",
    names.map((name) => object(name, "1")),
    resourceVersion,
  );

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

/** A reflector against a server that answers its requests one after another with `steps`, then with silent watches. */
function setup(steps: readonly Step[], options: Partial<ReflectorOptions> = {}) {
  const clock = createVirtualClock();
  const script = [...steps];
  const times: number[] = [];
  const server = createTestServer(() => {
    times.push(clock.monotonic());
    const step = script.shift() ?? createTestStream();
    if (step instanceof Error) throw step;
    return "attach" in step ? { stream: step } : step;
  });
  const told: string[] = [];
  const warnings: string[] = [];
  const log: Logger = { ...silentLogger, warn: (_, message) => warnings.push(message) };
  const store = createByteStore({
    resource: ConfigMap,
    onEvent: (event) =>
      told.push(`${event.type} ${event.object.metadata.name}${"stale" in event && event.stale ? " stale" : ""}`),
  });
  const reflector = createReflector({
    transport: server.transport,
    path: "/api/v1/configmaps",
    query: {},
    store,
    clock,
    random: () => 0,
    log,
    abilities: { watchList: false },
    userAgent: "test",
    ...options,
  });
  const stop = new AbortController();
  stops.push(stop);
  const running = reflector.run(stop.signal);
  const asked = (): string[] =>
    server.requests.map(({ query }) => {
      const version = query.get("resourceVersion") ?? "-";
      if (query.get("watch")) return `${query.get("sendInitialEvents") ? "stream" : "watch"} ${version}`;
      return `list ${query.get("continue") ? `page ${query.get("continue")}` : version}${query.get("limit") ? ` limit ${query.get("limit")}` : ""}`;
    });
  return { clock, server, store, reflector, told, warnings, asked, times, stop, running };
}

/** Counts turns of the event loop until it is stopped. */
function countTurns(): () => number {
  let turns = 0;
  let counting = true;
  const tick = (): void => {
    turns++;
    if (counting) setImmediate(tick);
  };
  setImmediate(tick);
  return () => {
    counting = false;
    return turns;
  };
}

const many = Array.from({ length: 3_000 }, (_, i) => `o${String(i).padStart(4, "0")}`);

describe("reflector: long lists", () => {
  it("yields to other work between steps of a list, while it is read and while it is told of", async () => {
    const { store, told } = setup([list("10", ...many)]);
    const stop = countTurns();
    let read = 0;
    while (!store.synced) {
      await new Promise((resolve) => setImmediate(resolve));
      read++;
      // Nothing of it is seen before it is whole, and then all of it at once.
      expect([0, many.length]).toContain(store.size);
    }
    expect(read).toBeGreaterThan(4);
    while (store.telling) await new Promise((resolve) => setImmediate(resolve));
    expect(told).toHaveLength(many.length);
    expect(stop()).toBeGreaterThan(10);
  });

  it("keeps what a stream sends while its list is told of for afterwards, in order", async () => {
    const stream = createTestStream();
    const { clock, store, told, asked } = setup([stream], { abilities: { watchList: true } });
    await clock.settle();
    const lines = [
      ...many.map((name) => ({ type: "ADDED", object: object(name, "1") })),
      { type: "BOOKMARK", object: initialEventsEnd("10") },
      { type: "MODIFIED", object: object("o0000", "11") },
      { type: "DELETED", object: object("o2999", "12") },
      { type: "BOOKMARK", object: { kind: "ConfigMap", apiVersion: "v1", metadata: { resourceVersion: "20" } } },
    ];
    stream.bytes(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    expect([store.synced, told.length]).toEqual([true, stepObjects]);
    while (store.resourceVersion !== "20") await new Promise((resolve) => setImmediate(resolve));
    expect(told.slice(3_000)).toEqual(["updated o0000", "deleted o2999"]);
    expect([store.size, asked()]).toEqual([2_999, ["stream -"]]);
  });

  it("lists again where an error had come while a list was told of", async () => {
    const stream = createTestStream();
    const { clock, store, asked } = setup([stream, createTestStream()], { abilities: { watchList: true } });
    await clock.settle();
    const lines = [
      ...many.map((name) => ({ type: "ADDED", object: object(name, "1") })),
      { type: "BOOKMARK", object: initialEventsEnd("10") },
      { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } },
    ];
    stream.bytes(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    while (store.telling) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(800);
    expect(asked()).toEqual(["stream -", "stream 10"]);
  });
});

describe("reflector: lists in pages", () => {
  it("I01 lists from version 0 first and watches from the list's version", async () => {
    const { clock, store, asked, told } = setup([list("10", "a", "b")]);
    await clock.settle();
    expect(asked()).toEqual(["list 0 limit 500", "watch 10"]);
    expect(told).toEqual(["added a", "added b"]);
    expect(store.resourceVersion).toBe("10");
  });

  it("I01 relists from the last seen version, without a limit so that the server may answer from memory", async () => {
    const stream = createTestStream();
    const { clock, asked, reflector } = setup([list("10"), stream, list("30")]);
    await clock.settle();
    stream.event("ADDED", object("a", "15"));
    stream.event("ERROR", {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      reason: "InternalError",
      code: 500,
    });
    await clock.settle();
    expect(reflector.state).toMatchObject({ type: "waiting", untilMs: 800 });
    await clock.advance(800);
    expect(asked()).toEqual(["list 0 limit 500", "watch 10", "list 15", "watch 30"]);
  });

  it("concatenates pages and goes on paging on a server without a watch cache", async () => {
    const stream = createTestStream();
    const { clock, asked, told, store } = setup([
      listAnswer("ConfigMap", [object("a", "1")], "10", { continue: "p2" }),
      list("10", "b"),
      stream,
      list("20"),
    ]);
    await clock.settle();
    expect(told).toEqual(["added a", "added b"]);
    stream.fail(new Error("odd"));
    await clock.advance(800);
    expect(asked()).toEqual([
      "list 0 limit 500",
      "list page p2 limit 500",
      "watch 10",
      "list 10 limit 500",
      "watch 20",
    ]);
    expect(store.synced).toBe(true);
  });

  it("I02 repeats a list at once with no version where the asked one cannot be served", async () => {
    for (const answer of [
      gone,
      {
        status: 504,
        body: {
          kind: "Status",
          apiVersion: "v1",
          metadata: {},
          status: "Failure",
          reason: "Timeout",
          code: 504,
          details: { causes: [{ reason: "ResourceVersionTooLarge" }] },
        },
      },
    ]) {
      const { clock, asked, times } = setup([answer, list("10", "a")]);
      await clock.settle();
      expect(asked()).toEqual(["list 0 limit 500", "list - limit 500", "watch 10"]);
      expect(times).toEqual([0, 0, 0]);
    }
  });

  it("I03 lists everything at once where a later page has expired", async () => {
    const { clock, asked, told } = setup([
      listAnswer("ConfigMap", [object("old", "1")], "10", { continue: "p2" }),
      gone,
      list("20", "a", "b"),
    ]);
    await clock.settle();
    expect(asked()).toEqual(["list 0 limit 500", "list page p2 limit 500", "list 0", "watch 20"]);
    expect(told).toEqual(["added a", "added b"]);
  });

  it("leaves the store as it is when a list fails halfway", async () => {
    const { clock, told, store } = setup([
      listAnswer("ConfigMap", [object("a", "1")], "10", { continue: "p2" }),
      statusAnswer(500, "InternalError"),
      list("20", "b"),
    ]);
    await clock.settle();
    expect([told, store.bytes]).toEqual([[], 0]);
    await clock.advance(800);
    expect(told).toEqual(["added b"]);
  });

  it("refuses an answer that is no list rather than take it for an empty one", async () => {
    for (const body of [
      { kind: "Table", metadata: { resourceVersion: "3" }, rows: [] },
      {},
      { kind: "ConfigMapList", metadata: {}, items: [] },
    ]) {
      const { clock, reflector, told, store } = setup([{ body }]);
      await clock.settle();
      expect(reflector.state).toMatchObject({ type: "waiting", error: expect.stringContaining("instead of a list") });
      expect([told, store.synced]).toEqual([[], false]);
    }
  });
});

describe("reflector: watches", () => {
  it("I04 opens a watch that was closed normally again at the last version, without a list", async () => {
    const stream = createTestStream();
    const { clock, asked, told } = setup([list("10"), stream]);
    await clock.settle();
    stream.event("ADDED", object("a", "11"));
    stream.event("MODIFIED", object("a", "12"));
    stream.event("DELETED", object("a", "13"));
    stream.end();
    await clock.settle();
    expect(asked()).toEqual(["list 0 limit 500", "watch 10", "watch 13"]);
    expect(told).toEqual(["added a", "updated a", "deleted a"]);
  });

  it("takes a connection that broke for a watch that ended", async () => {
    const stream = createTestStream();
    const { clock, asked } = setup([list("10"), stream]);
    await clock.settle();
    stream.event("ADDED", object("a", "11"));
    stream.fail(new ConnectionError("reset", "ECONNRESET", true));
    await clock.settle();
    expect(asked().at(-1)).toBe("watch 11");
  });

  it("I05 lists at the last version one backoff step after a 410, and with none only if that is 410 too", async () => {
    const stream = createTestStream();
    const { clock, asked, times } = setup([list("10"), stream, gone, list("50")]);
    await clock.settle();
    stream.event("ADDED", object("a", "11"));
    stream.event("ERROR", {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      reason: "Expired",
      code: 410,
    });
    await clock.advance(800);
    expect(asked()).toEqual(["list 0 limit 500", "watch 10", "list 11", "list - limit 500", "watch 50"]);
    expect(times).toEqual([0, 0, 800, 800, 800]);
  });

  it("I06 tries a watch again with backoff after 429, on opening or in the stream, without a list", async () => {
    const stream = createTestStream();
    const { clock, asked, times } = setup([list("10"), statusAnswer(429, "TooManyRequests"), stream]);
    await clock.advance(800);
    stream.event("ADDED", object("a", "11"));
    stream.event("ERROR", {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      reason: "TooManyRequests",
      code: 429,
    });
    await clock.advance(1600);
    expect(asked()).toEqual(["list 0 limit 500", "watch 10", "watch 10", "watch 11"]);
    expect(times).toEqual([0, 0, 800, 2400]);
  });

  it("I07 tries again from 0.8 to 30 seconds while nobody listens, without a list", async () => {
    const { clock, asked, times } = setup([list("10"), ...Array.from({ length: 8 }, () => refused)]);
    await clock.advance(150_000);
    const waits = times.slice(1).map((time, index) => time - times[index]!);
    expect(waits).toEqual([0, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    expect(new Set(asked().slice(1))).toEqual(new Set(["watch 10"]));
  });

  it("stretches each delay by up to its double, and starts over after two quiet minutes", async () => {
    const { clock, times } = setup([refused, refused, list("10"), createTestStream()], { random: () => 0.5 });
    await clock.advance(10_000);
    expect(times).toEqual([0, 1200, 3600, 3600]);
  });

  it("I08 takes a watch that ends within a second without an event for a failure", async () => {
    const stream = createTestStream();
    stream.end();
    const { clock, asked, times } = setup([list("10"), stream, list("20")]);
    await clock.advance(800);
    expect(asked()).toEqual(["list 0 limit 500", "watch 10", "list 10", "watch 20"]);
    expect(times[2]).toBe(800);
  });

  it("I09 moves on with bookmarks and tells nobody", async () => {
    const stream = createTestStream();
    const { clock, asked, told, store } = setup([list("10"), stream]);
    await clock.settle();
    stream.event("BOOKMARK", object("", "40"));
    expect(store.resourceVersion).toBe("40");
    stream.end();
    await clock.settle();
    expect(asked().at(-1)).toBe("watch 40");
    expect(told).toEqual([]);
  });

  it("I10 asks for bookmarks and for a timeout between 300 and 600 seconds", async () => {
    for (const [random, timeout] of [
      [0, "300"],
      [0.5, "450"],
      [0.9999, "600"],
    ] as const) {
      const { clock, server } = setup([list("10")], { random: () => random });
      await clock.settle();
      const query = server.requests.at(-1)!.query;
      expect([query.get("timeoutSeconds"), query.get("allowWatchBookmarks")]).toEqual([timeout, "true"]);
    }
  });

  it("I16 skips an object of another kind, says so, and goes on", async () => {
    const stream = createTestStream();
    const { clock, told, warnings } = setup([list("10"), stream]);
    await clock.settle();
    stream.event("ADDED", object("x", "11", "Secret"));
    stream.event("ADDED", object("a", "12"));
    expect(told).toEqual(["added a"]);
    expect(warnings).toEqual(["Watch sent an object of another kind, skipping it"]);
  });

  it("I41 opens a silent watch again when its timeout and a grace have passed", async () => {
    const dead = createTestStream();
    const { clock, asked, times } = setup([list("10"), dead]);
    await clock.advance(329_999);
    expect(dead.open).toBe(true);
    await clock.advance(1);
    expect(dead.open).toBe(false);
    expect(asked()).toEqual(["list 0 limit 500", "watch 10", "watch 10"]);
    expect(times.at(-1)).toBe(330_000);
  });

  it("does not take over versions of unordered first events", async () => {
    const stream = createTestStream();
    const { clock, asked } = setup([list("0"), stream]);
    await clock.settle();
    stream.event("ADDED", object("a", "90"));
    stream.event("ADDED", object("b", "20"));
    stream.end();
    await clock.settle();
    expect(asked().at(-1)).toBe("watch 0");
  });

  it("reads events cut anywhere", async () => {
    const stream = createTestStream();
    const { clock, told } = setup([list("10"), stream]);
    await clock.settle();
    for (const byte of Buffer.from(`${JSON.stringify({ type: "ADDED", object: object("ü", "11") })}\n`))
      stream.bytes(Uint8Array.of(byte));
    expect(told).toEqual(["added ü"]);
  });

  it("stops at once when it is told to, whatever it is doing", async () => {
    const watching = createTestStream();
    for (const steps of [[refused], [list("10"), watching], [createTestStream()]]) {
      const { clock, reflector, stop, running, server } = setup(steps);
      await clock.settle();
      stop.abort();
      await running;
      expect(reflector.state).toEqual({ type: "stopped" });
      const asked = server.requests.length;
      await clock.advance(100_000);
      expect(server.requests).toHaveLength(asked);
    }
    expect(watching.open).toBe(false);
  });
});

describe("reflector: streamed lists", () => {
  const streaming = { abilities: { watchList: true } };

  it("I11 publishes nothing before the list is whole, then goes on with the same stream", async () => {
    const stream = createTestStream();
    const { clock, asked, told, store, reflector } = setup([stream], { abilities: { watchList: true } });
    await clock.settle();
    stream.event("ADDED", object("a", "5"));
    stream.event("ADDED", object("b", "3"));
    stream.event("DELETED", object("b", "6"));
    expect([told, store.synced, reflector.state.type]).toEqual([[], false, "streaming"]);
    stream.event("BOOKMARK", initialEventsEnd("10"));
    expect([told, store.synced, store.resourceVersion]).toEqual([["added a"], true, "10"]);
    stream.event("MODIFIED", object("a", "11"));
    expect(told).toEqual(["added a", "updated a"]);
    stream.end();
    await clock.settle();
    expect(asked()).toEqual(["stream -", "watch 11"]);
  });

  it("I12 falls back to pages where the server knows no streamed lists, and remembers that", async () => {
    const stream = createTestStream();
    const abilities = { watchList: true };
    const { clock, asked } = setup([noStreams, list("10", "a"), stream, list("20", "a")], { abilities });
    await clock.settle();
    expect(asked()).toEqual(["stream -", "list 0 limit 500", "watch 10"]);
    expect(abilities.watchList).toBe(false);
    stream.fail(new Error("odd"));
    await clock.advance(800);
    expect(asked().slice(3)).toEqual(["list 10", "watch 20"]);
  });

  it("falls back for one round where streaming fails for another reason", async () => {
    const abilities = { watchList: true };
    const { clock, asked } = setup([statusAnswer(500, "InternalError"), list("10")], { abilities });
    await clock.settle();
    expect(asked()).toEqual(["stream -", "list 0 limit 500", "watch 10"]);
    expect(abilities.watchList).toBe(true);
  });

  it("I13 shows nothing of a stream that broke, and streams again a step later", async () => {
    const broken = createTestStream();
    const whole = createTestStream();
    const { clock, asked, told, store } = setup([broken, whole], streaming);
    await clock.settle();
    broken.event("ADDED", object("ghost", "5"));
    broken.fail(new ConnectionError("reset", "ECONNRESET", true));
    await clock.settle();
    expect([told, store.size, store.bytes]).toEqual([[], 0, 0]);
    await clock.advance(800);
    whole.event("ADDED", object("a", "6"));
    whole.event("BOOKMARK", initialEventsEnd("10"));
    expect([asked(), told]).toEqual([["stream -", "stream -"], ["added a"]]);
  });

  it("I14 tells of a relisted stream what vanished meanwhile", async () => {
    const first = createTestStream();
    const second = createTestStream();
    const { clock, asked, told } = setup([first, second], { abilities: { watchList: true } });
    await clock.settle();
    first.event("ADDED", object("a", "5"));
    first.event("ADDED", object("b", "6"));
    first.event("BOOKMARK", initialEventsEnd("10"));
    first.event("ERROR", {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      reason: "Expired",
      code: 410,
    });
    await clock.advance(800);
    told.length = 0;
    second.event("ADDED", object("b", "6"));
    second.event("BOOKMARK", initialEventsEnd("20"));
    expect(asked()).toEqual(["stream -", "stream 10"]);
    expect(told).toEqual(["deleted a stale", "updated b"]);
  });

  it("streams with no version where the last one cannot be served", async () => {
    const first = createTestStream();
    const { clock, asked } = setup([first, gone], { abilities: { watchList: true } });
    await clock.settle();
    first.event("BOOKMARK", initialEventsEnd("10"));
    first.fail(new Error("odd"));
    await clock.advance(800);
    expect(asked()).toEqual(["stream -", "stream 10", "stream -"]);
  });

  it("says every ten seconds that a stream does not get on", async () => {
    const stream = createTestStream();
    const { clock, warnings } = setup([stream], { abilities: { watchList: true } });
    await clock.advance(25_000);
    expect(warnings).toEqual(["Streamed list does not get on", "Streamed list does not get on"]);
  });
});

describe("reflector: a server in trouble", () => {
  const server500 = statusAnswer(500, "InternalError");

  it("asks again where it left off after a failed name look-up, so that nothing in between is missed", async () => {
    const stream = createTestStream();
    const { clock, asked, told } = setup([list("10"), new DialError("getaddrinfo ENOTFOUND", "ENOTFOUND"), stream]);
    await clock.advance(800);
    stream.event("ADDED", object("a", "11"));
    stream.event("DELETED", object("a", "12"));
    expect(asked()).toEqual(["list 0 limit 500", "watch 10", "watch 10"]);
    expect(told).toEqual(["added a", "deleted a"]);
  });

  it("asks again where it left off when a connection breaks before it was of use", async () => {
    const stream = createTestStream();
    stream.fail(new ConnectionError("read ECONNRESET", "ECONNRESET", true));
    const { clock, asked } = setup([list("10"), stream]);
    await clock.advance(800);
    expect(asked()).toEqual(["list 0 limit 500", "watch 10", "watch 10"]);
  });

  it("lists again only when it was refused with a 5xx time after time", async () => {
    const { clock, asked } = setup([list("10"), server500, server500, server500, server500, list("30")]);
    await clock.advance(60_000);
    expect(asked().slice(1)).toEqual(["watch 10", "watch 10", "watch 10", "watch 10", "list 10", "watch 30"]);
  });

  it("gives up a list that is never answered", async () => {
    let asks = 0;
    const { clock } = setup([], {
      transport: ({ signal }) => {
        asks++;
        return new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason)));
      },
    });
    await clock.advance(89_999);
    expect(asks).toBe(1);
    await clock.advance(801);
    expect(asks).toBe(2);
  });

  it("says once that the server is gone, whatever the words, and once that it is back", async () => {
    const lines: string[] = [];
    const log: Logger = {
      ...silentLogger,
      info: (_, message) => lines.push(message),
      warn: (_, message) => lines.push(message),
    };
    const reset = new ConnectionError("read ECONNRESET", "ECONNRESET", false);
    const { clock } = setup([list("10"), refused, reset, refused, reset, refused], { log });
    await clock.advance(60_000);
    expect(lines).toEqual(["Server cannot be reached, trying again", "Watch works again"]);
  });
});
