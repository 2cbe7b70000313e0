import { ConfigMap, type Interceptor, Secret, type VirtualClock } from "@homeostat/api";
import { createApiServer } from "@homeostat/apiserver";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Leadership } from "../leader-election/leadership.ts";
import { silentLogger } from "../log.ts";
import { createManager } from "../manager/create-manager.ts";
import type { Manager } from "../manager/manager.ts";
import { createEngineWorld, demo, type EngineWorld, type Server } from "./engine-world.test-support.ts";
import { enqueueRequestForObject, enqueueRequestsFromMapFunction } from "./event-handler.ts";
import type { Source } from "./source.ts";

let world: EngineWorld;
let server: Server;
/** Requests whose path contains it wait until it is opened. */
let gate: { match: string; open: () => void };

const newServer = async (clock: VirtualClock): Promise<Server> => (server = await createApiServer({ clock }));

beforeEach(async () => {
  const opened = Promise.withResolvers<void>();
  gate = { match: "nothing", open: opened.resolve };
  const hold: Interceptor = (next) => async (request) => {
    if (request.path.includes(gate.match)) await opened.promise;
    return next(request);
  };
  world = await createEngineWorld(newServer, hold);
});

afterEach(async () => {
  gate.open();
  await world.stop();
});

const secrets = { resource: Secret, handler: () => {}, predicates: [], namespace: "demo" };
const both = {
  watches: [{ resource: ConfigMap, handler: enqueueRequestForObject, predicates: [], namespace: "demo" }, secrets],
};
const source = (name: string, rest: Partial<Source>): Source => ({ name, start: () => {}, ...rest });

describe("start", () => {
  test("C16 lets nothing be reconciled before every kind is in sync", async () => {
    await world.configMap("a");
    gate.match = "/secrets";
    const seen: string[] = [];
    const controller = world.make(async ({ object }) => void seen.push(object.metadata.name), {}, both);
    const starting = controller.start();
    await world.clock.advance(60_000);
    expect(seen).toEqual([]);
    expect(controller.pendingSyncs).toEqual(["secrets"]);
    gate.open();
    await world.clock.advance(10);
    await starting;
    expect(seen).toEqual(["a"]);
    expect(controller.pendingSyncs).toEqual([]);
  });

  test("C16 lets nothing be reconciled before every source has said what it knew", async () => {
    await world.configMap("a");
    const known = Promise.withResolvers<void>();
    const seen: string[] = [];
    const slow = source("cloud", { synced: () => known.promise });
    const controller = world.make(async ({ object }) => void seen.push(object.metadata.name), {}, { sources: [slow] });
    const starting = controller.start();
    await world.clock.advance(60_000);
    expect(seen).toEqual([]);
    expect(controller.pendingSyncs).toEqual(['source "cloud"']);
    known.resolve();
    await starting;
    await world.clock.advance(10);
    expect(seen).toEqual(["a"]);
  });

  test("C17 fails naming the kind or the source that is not in sync in time", async () => {
    gate.match = "/secrets";
    const kind = world.make(async () => {}, { syncTimeoutMs: 5_000 }, both);
    const failed = expect(kind.start()).rejects.toThrow(
      "kind source: Secret was not in sync within 5000 ms: is its CustomResourceDefinition installed",
    );
    await world.clock.advance(5_000);
    await failed;
    const never = source("cloud", { synced: () => new Promise(() => {}) });
    const late = world.make(async () => {}, { syncTimeoutMs: 5_000 }, { name: "late", sources: [never] });
    const alsoFailed = expect(late.start()).rejects.toThrow('source "cloud" was not in sync within 5000 ms');
    await world.clock.advance(5_000);
    await alsoFailed;
  });

  test("C18 fails when a source blocks, and says that it must not", async () => {
    const blocking = source("cloud", { start: () => new Promise(() => {}) });
    const failed = expect(world.make(async () => {}, {}, { sources: [blocking] }).start()).rejects.toThrow(
      'source "cloud": start did not come back within 120000 ms; it must not block',
    );
    await world.clock.advance(120_000);
    await failed;
  });

  test("C19 ends without an error when it is stopped while it waits", async () => {
    gate.match = "/secrets";
    const never = source("cloud", { start: () => new Promise(() => {}) });
    const controller = world.make(async () => {}, {}, { ...both, sources: [never] });
    const starting = controller.start();
    await world.clock.advance(1_000);
    expect(await controller.stop(1_000)).toEqual([]);
    await starting;
  });

  test("C20 fails with what a source failed with, and lets go of everything", async () => {
    const error = new Error("no such bucket");
    let ended = false;
    const rejects = source("bucket", { start: () => Promise.reject(error) });
    const other = source("other", { start: (_, signal) => signal.addEventListener("abort", () => (ended = true)) });
    const controller = world.make(async () => {}, {}, { ...both, sources: [other, rejects] });
    await expect(controller.start()).rejects.toBe(error);
    expect(ended).toBe(true);
    const throws = source("bucket", {
      start() {
        throw error;
      },
    });
    await expect(world.make(async () => {}, {}, { name: "b", sources: [throws] }).start()).rejects.toBe(error);
  });

  test("C21 works once", async () => {
    const controller = world.make(async () => {});
    await controller.start();
    await expect(controller.start()).rejects.toThrow('controller "maps" is started already');
    await controller.stop(0);
    expect(() => controller.watch(secrets)).toThrow('controller "maps" is stopped');
  });

  test("C23 finds all metrics there, with 0", async () => {
    world.make(async () => {}, {}, { sources: [source("cloud", {})] });
    const labels = { controller: "maps" };
    for (const result of ["success", "error", "requeue", "requeue_after"])
      expect(await world.metric("controller_runtime_reconcile_total", { ...labels, result })).toBe(0);
    for (const name of [
      "controller_runtime_reconcile_errors_total",
      "controller_runtime_terminal_reconcile_errors_total",
      "controller_runtime_reconcile_panics_total",
      "controller_runtime_reconcile_timeouts_total",
      "controller_runtime_active_workers",
      "workqueue_adds_total",
      "workqueue_depth",
      "workqueue_retries_total",
      "workqueue_unfinished_work_seconds",
      "workqueue_longest_running_processor_seconds",
      "homeostat_reconcile_abandoned_total",
      "homeostat_source_failures_total",
      "homeostat_loop_guard_loops_total",
    ])
      expect({ name, value: await world.metric(name, labels) }).toEqual({ name, value: 0 });
    expect(await world.metric("controller_runtime_max_concurrent_reconciles", labels)).toBe(1);
  });

  test("C29 has not happened to a controller that is only made: no timer, no request", async () => {
    world.make(async () => {}, { resyncMs: 1_000 }, { sources: [source("cloud", {})] });
    await world.clock.settle();
    expect(world.clock.next()).toBeUndefined();
    expect(world.requests).toEqual([]);
  });
});

describe("a controller that runs", () => {
  test("C22 starts what is added at once, and ends it with its handle", async () => {
    await world.configMap("a");
    const seen: string[] = [];
    const controller = world.make(
      async ({ request }) => void seen.push(request.name),
      {},
      {
        watches: [{ ...both.watches[0]!, predicates: [() => false] }],
      },
    );
    await controller.start();
    await world.clock.advance(10);
    expect(seen).toEqual([]);
    const watch = controller.watch(both.watches[0]!);
    await watch.synced;
    await world.clock.advance(10);
    expect(seen).toEqual(["a"]);
    watch.stop();
    await world.configMap("a", { changed: "yes" });
    await world.clock.advance(10);
    expect(seen).toEqual(["a"]);

    let add = (_: string): void => {};
    const ticker = source("ticker", { start: (sink) => void (add = (name) => sink.add(demo(name))) });
    const added = controller.addSource(ticker);
    await added.synced;
    expect(() => controller.addSource(ticker)).toThrow('has source "ticker" already');
    add("a");
    await world.clock.advance(10);
    added.stop();
    add("a");
    await world.clock.advance(10);
    expect(seen).toEqual(["a", "a"]);
    expect(world.ledger.entries().at(-1)?.causes).toEqual([{ type: "source", source: "ticker" }]);
  });

  test("C22 takes what is added before as part of the start", async () => {
    await world.configMap("a");
    const seen: string[] = [];
    const watches = [{ ...both.watches[0]!, predicates: [() => false] }];
    const controller = world.make(async ({ request }) => void seen.push(request.name), {}, { watches });
    const watch = controller.watch(both.watches[0]!);
    await controller.start();
    await watch.synced;
    await world.clock.advance(10);
    expect(seen).toEqual(["a"]);
  });

  test("shows a source that has failed until it speaks again, and counts it", async () => {
    let sink: Parameters<Source["start"]>[0] | undefined;
    const cloud = source("cloud", { start: (given) => void (sink = given) });
    const controller = world.make(async () => {}, {}, { sources: [cloud] });
    await controller.start();
    sink?.failed(new Error("connection refused"));
    sink?.failed(new Error("connection refused"));
    expect(controller.pendingSyncs).toEqual(['source "cloud", which failed: connection refused']);
    expect(await world.metric("homeostat_source_failures_total", { source: "cloud" })).toBe(2);
    expect(world.lines.filter((line) => line.level === "error")).toMatchObject([{ message: "Source failed" }]);
    sink?.add(demo("a"));
    expect(controller.pendingSyncs).toEqual([]);
  });

  test("tells who asks for a level that is none, and goes on", async () => {
    const bad = enqueueRequestsFromMapFunction<ConfigMap>(({ metadata }) => [{ name: metadata.name }]);
    const controller = world.make(
      async () => {},
      {},
      {
        watches: [
          ...both.watches,
          {
            ...both.watches[0]!,
            handler: (event, enqueue, cache) => bad(event, (r) => enqueue(r, { priority: 0.5 }), cache),
          },
        ],
      },
    );
    await world.configMap("a");
    await controller.start();
    await world.clock.advance(10);
    expect(world.lines.find((line) => line.message === "Event handler failed")?.fields["err"]).toMatchObject({
      message: expect.stringContaining("priority 0.5 is no integer"),
    });
    expect(world.ledger.entries()).toHaveLength(1);
  });

  test("C32 lets running work finish when stopping, aborts it when that takes too long, and names its key", async () => {
    await world.configMap("a");
    await world.configMap("b");
    const aborted: string[] = [];
    const controller = world.make(
      ({ object: { metadata }, signal, clock }) => {
        signal.addEventListener("abort", () => aborted.push(metadata.name));
        return new Promise((resolve) => metadata.name === "b" && clock.setTimer(() => resolve(), 1_000));
      },
      { concurrency: 2 },
    );
    await controller.start();
    await world.clock.settle();
    let left: readonly string[] | undefined;
    void controller.stop(2_000).then((keys) => (left = keys));
    await world.clock.advance(1_999);
    expect({ aborted, left }).toEqual({ aborted: [], left: undefined });
    await world.clock.advance(2_001);
    expect({ aborted, left }).toEqual({ aborted: ["a"], left: ["demo/a"] });
  });

  test("C32 waits for what its sources do in the background, and names what is left", async () => {
    const ends = Promise.withResolvers<void>();
    const workers = source("worker", {
      start(_, signal, { background }) {
        signal.addEventListener("abort", () => ends.resolve());
        background("demo/good", ends.promise);
        background("demo/stuck", new Promise(() => {}));
      },
    });
    const controller = world.make(async () => {}, {}, { sources: [workers] });
    await controller.start();
    expect(await world.metric("homeostat_daemons", { source: "worker" })).toBe(2);
    const stopping = controller.stop(1_000);
    await world.clock.advance(2_000);
    expect(await stopping).toEqual(["worker demo/stuck"]);
  });
});

describe("warmup", () => {
  test("C25 fills the queue without reconciling; starting then takes no further request", async () => {
    await world.configMap("a");
    const seen: string[] = [];
    let starts = 0;
    const counted = source("counted", { start: () => void starts++ });
    const controller = world.make(
      async ({ object }) => void seen.push(object.metadata.name),
      {},
      { sources: [counted] },
    );
    await controller.warmup();
    await world.clock.advance(60_000);
    await world.configMap("b");
    await world.clock.advance(10);
    expect(seen).toEqual([]);
    expect(controller.queueReport().ready).toEqual({ "-100": 1, 0: 1 });
    const requests = world.requests.length;
    await controller.start();
    await world.clock.settle();
    expect(seen).toEqual(["b", "a"]);
    expect(starts).toBe(1);
    expect(world.requests).toHaveLength(requests);
  });

  test("C27 may be called together with start: sources start once, and both wait for them", async () => {
    const known = Promise.withResolvers<void>();
    let starts = 0;
    const slow = source("slow", { start: () => void starts++, synced: () => known.promise });
    const controller = world.make(async () => {}, {}, { sources: [slow] });
    const order: string[] = [];
    const all = Promise.all([
      controller.warmup().then(() => order.push("warm")),
      controller.start().then(() => order.push("started")),
      controller.warmup().then(() => order.push("warm")),
    ]);
    await world.clock.advance(1_000);
    expect(order).toEqual([]);
    known.resolve();
    await all;
    expect({ starts, order: order.sort() }).toEqual({ starts: 1, order: ["started", "warm", "warm"] });
  });

  test("C25 C26 happens on a standby where it is wanted, and nothing starts where it is not", async () => {
    const { clock } = world;
    const leading = Promise.withResolvers<void>();
    const leadership: Leadership = { elected: leading.promise, isProven: () => true, holder: "another" } as Leadership;
    const manager = createManager({
      transport: server.transport(),
      clock,
      random: () => 0.5,
      log: silentLogger,
      leadership,
    });
    const started: string[] = [];
    const seen: string[] = [];
    await world.configMap("a");
    for (const [name, warmup] of [
      ["warm", true],
      ["cold", false],
    ] as const) {
      manager.add({
        name,
        for: ConfigMap,
        ...both,
        sources: [source(name, { start: () => void started.push(name) })],
        reconcile: async ({ object }) => void seen.push(`${name} ${object.metadata.name}`),
        options: { warmup },
      });
    }
    const starting = manager.start();
    starting.catch(() => {});
    await clock.advance(60_000);
    expect({ started, seen }).toEqual({ started: ["warm"], seen: [] });
    leading.resolve();
    await clock.advance(1_000);
    expect(started).toEqual(["warm", "cold"]);
    expect(seen.sort()).toEqual(["cold a", "warm a"]);
    await stopManager(manager, clock);
  });
});

describe("names", () => {
  test("C28 are taken once in a manager, unless that is not asked for", async () => {
    const { clock } = world;
    const parts = { transport: server.transport(), clock, random: () => 0.5, log: silentLogger };
    const definition = world.make(async () => {}).definition;
    const strict = createManager(parts);
    strict.add(definition);
    expect(() => strict.add(definition)).toThrow('cannot add "maps"');
    const lenient = createManager({ ...parts, skipNameValidation: true });
    lenient.add(definition);
    lenient.add(definition);
    for (const manager of [strict, lenient]) await stopManager(manager, clock);
  });

  test("C31 are a manager's own: two managers with equal controllers work, each with its metrics", async () => {
    const { clock } = world;
    await world.configMap("a");
    const managers: Manager[] = [];
    const calls = [0, 0];
    for (const index of [0, 1]) {
      const manager = createManager({ transport: server.transport(), clock, random: () => 0.5, log: silentLogger });
      manager.add({
        name: "maps",
        for: ConfigMap,
        ...both,
        reconcile: async () => {
          calls[index]!++;
          return index === 0 ? { requeueAfterMs: 100 } : {};
        },
        options: {},
      });
      managers.push(manager);
      await manager.start();
    }
    await clock.advance(150);
    const counted = await Promise.all(
      managers.map(
        async (manager) => /reconcile_time_seconds_count\{[^}]*\} (\d+)/.exec(await manager.metrics.text())?.[1],
      ),
    );
    expect(calls[1]).toBe(1);
    expect(calls[0]).toBeGreaterThan(1);
    expect(counted).toEqual(calls.map(String));
    for (const manager of managers) await stopManager(manager, clock);
  });
});

async function stopManager(manager: Manager, clock: VirtualClock): Promise<void> {
  let over = false;
  void manager
    .stop()
    .catch(() => {})
    .then(() => (over = true));
  await clock.until(() => over, "the manager");
}
