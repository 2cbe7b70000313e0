import { sleep } from "@homeostat/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { controllerFor } from "../controller/builder.ts";
import { labelsChanged } from "../controller/predicate.ts";
import { TerminalError } from "../controller/reconciler.ts";
import type { Shard } from "../sharding/shard.ts";
import { App, createServerWorld, type ServerWorld } from "../source/server-world.test-support.ts";
import type { Daemon, DaemonOptions } from "./daemon.ts";

type AppDaemon = Daemon<ReturnType<typeof App.object>>;

let world: ServerWorld;
let running: Set<string>;
let log: string[];

beforeEach(async () => {
  world = await createServerWorld();
  running = new Set();
  log = [];
});
afterEach(() => world.stop());

const key = (name: string) => ({ namespace: "demo", name });

/** Runs until it is cancelled, and then for so long; tells when two would run for one object. */
const tail =
  (lingerMs = 0): AppDaemon =>
  async ({ object, signal, clock }) => {
    const { name } = object.metadata;
    if (running.has(name)) log.push(`two of ${name}`);
    running.add(name);
    log.push(`start ${name} ${object.spec.size}`);
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    if (lingerMs > 0) await sleep(clock, lingerMs);
    running.delete(name);
    log.push(`end ${name}: ${(signal.reason as Error).message.replace(/.*: /, "")}`);
  };

const controller = (daemon: AppDaemon, options: DaemonOptions<ReturnType<typeof App.object>> = {}) =>
  controllerFor(App).daemon("tail", daemon, options);

async function after(act: () => Promise<unknown>, ms = 100): Promise<string[]> {
  log.length = 0;
  await act();
  await world.clock.advance(ms);
  return [...log];
}

const patch = (name: string, change: object) => () => world.admin.patchMerge(App, key(name), change as never);

describe("a daemon", () => {
  test("runs from the appearance of its object to its deletion, and is counted", async () => {
    await world.app("a");
    const manager = await world.run([controller(tail()).reconcile(async () => {})]);
    await world.clock.advance(100);
    expect(log).toEqual(["start a 1"]);
    expect(await after(() => world.app("b"))).toEqual(["start b 1"]);
    const daemons = 'homeostat_daemons{controller="app",source="tail"}';
    expect(await world.metric(manager, daemons)).toBe(2);
    expect(await after(() => world.admin.delete(App, key("a")))).toEqual(["end a: the object was deleted"]);
    expect(await world.metric(manager, daemons)).toBe(1);
    expect([...running]).toEqual(["b"]);
  });

  test("ends when deletion begins, not when it is over", async () => {
    await world.app("a", {}, { finalizers: ["example.com/x"] });
    await world.run([controller(tail()).reconcile(async () => {})]);
    await world.clock.advance(100);
    expect(await after(() => world.admin.delete(App, key("a")))).toEqual(["end a: the object is being deleted"]);
    expect(await after(patch("a", { metadata: { finalizers: null } }))).toEqual([]);
  });

  test("runs only for objects that match, from when they do to when they do not any more", async () => {
    await world.app("small");
    await world.run([controller(tail(), { when: ({ spec }) => spec.size > 1 }).reconcile(async () => {})]);
    await world.clock.advance(100);
    expect(log).toEqual([]);
    expect(await after(patch("small", { spec: { size: 2 } }))).toEqual(["start small 2"]);
    expect(await after(patch("small", { spec: { size: 1 } }))).toEqual([
      "end small: the object does not match any more",
    ]);
  });

  test("is cancelled while its object is paused", async () => {
    await world.app("a");
    await world.run([controller(tail()).reconcile(async () => {})]);
    await world.clock.advance(100);
    const pause = (value: string | null) =>
      patch("a", { metadata: { annotations: { "homeostat.dev/reconcile": value } } });
    expect(await after(pause("false"))).toEqual(['end a: annotation homeostat.dev/reconcile is "false"']);
    expect(await after(pause(null))).toEqual(["start a 1"]);
    expect(await after(patch("a", { spec: { managementState: "Unmanaged" } }))).toEqual([
      "end a: spec.managementState is Unmanaged",
    ]);
  });

  test("starts anew with the new object when the generation changes, and not for the rest", async () => {
    await world.app("a");
    await world.run([controller(tail()).reconcile(async () => {})]);
    await world.clock.advance(100);
    expect(await after(patch("a", { spec: { size: 2 } }))).toEqual(["end a: the object has changed", "start a 2"]);
    expect(await after(patch("a", { metadata: { labels: { a: "b" } } }))).toEqual([]);
    expect(await after(() => world.admin.status.patchMerge(App, key("a"), { status: { phase: "x" } }))).toEqual([]);
  });

  test("starts anew for what it is told to", async () => {
    await world.app("a");
    await world.run([controller(tail(), { restartOn: labelsChanged }).reconcile(async () => {})]);
    await world.clock.advance(100);
    expect(await after(patch("a", { spec: { size: 2 } }))).toEqual([]);
    expect(await after(patch("a", { metadata: { labels: { a: "b" } } }))).toEqual([
      "end a: the object has changed",
      "start a 2",
    ]);
  });

  test("never runs twice for one object: the next waits until the one before has settled", async () => {
    await world.app("a");
    await world.run([controller(tail(10_000)).reconcile(async () => {})]);
    await world.clock.advance(100);
    expect(await after(patch("a", { spec: { size: 2 } }), 5_000)).toEqual([]);
    expect(await after(patch("a", { spec: { size: 3 } }), 5_001)).toEqual([
      "end a: the object has changed",
      "start a 3",
    ]);
    const recreate = async () => {
      await world.admin.delete(App, key("a"));
      await world.app("a", { size: 4 });
    };
    expect(await after(recreate, 5_000)).toEqual([]);
    expect(await after(async () => {}, 5_001)).toEqual(["end a: the object was deleted", "start a 4"]);
  });

  test("starts again after a growing delay when it throws, with a count of the failures", async () => {
    const starts: [number, number][] = [];
    await world.app("a");
    const began = world.clock.now();
    await world.run([
      controller(async ({ failures, clock, current, enqueue }) => {
        starts.push([clock.now() - began, failures]);
        if (starts.length < 4) throw new Error("connection lost");
        enqueue(`size ${current()?.spec.size}`);
      }).reconcile(async ({ causes }) => {
        for (const cause of causes) if (cause.type === "source") log.push(`${cause.source}: ${cause.detail}`);
      }),
    ]);
    await world.clock.advance(3_600_000);
    expect(starts.map(([, failures]) => failures)).toEqual([0, 1, 2, 3]);
    expect(starts.map(([at]) => at - starts[0]![0])).toEqual([0, 500, 1_500, 3_500]);
    expect(log).toEqual(["tail: size 1"]);
    // It has returned, so it has ended, until the object changes.
    await after(patch("a", { spec: { size: 2 } }), 3_600_000);
    expect(starts).toHaveLength(5);
  });

  test("harms nobody else when it throws at once, and stays ended after a terminal error", async () => {
    let starts = 0;
    for (const name of ["a", "b"]) await world.app(name);
    await world.run([
      controller((context) => {
        if (context.object.metadata.name === "b") return tail()(context);
        starts++;
        throw new TerminalError("there is nothing to follow");
      }).reconcile(async () => {}),
    ]);
    await world.clock.advance(3_600_000);
    expect([starts, ...running]).toEqual([1, "b"]);
    expect(world.lines.filter(({ message }) => message === "Daemon failed")).toMatchObject([
      { fields: { daemon: "tail", name: "a", terminal: true } },
    ]);
  });

  test("has ended before the cleanup of its object begins", async () => {
    await world.app("a");
    await world.run([
      controller(tail(10_000))
        .cleanup(async () => void log.push(`cleanup, ${running.size} running`))
        .reconcile(async () => {}),
    ]);
    await world.clock.advance(1_000);
    expect(await after(() => world.admin.delete(App, key("a")), 20_000)).toEqual([
      "end a: the object is being deleted",
      "cleanup, 0 running",
    ]);
    expect(await world.admin.find(App, key("a"))).toBeUndefined();
  });

  test("keeps its object's cleanup waiting when it does not end, and is named then", async () => {
    await world.app("a");
    await world.run([
      controllerFor(App, { timeoutMs: 60_000 })
        .daemon("deaf", async () => new Promise(() => {}))
        .cleanup(async () => void log.push("cleanup"))
        .reconcile(async () => {}),
    ]);
    await world.clock.advance(1_000);
    expect(await after(() => world.admin.delete(App, key("a")), 61_000)).toEqual([]);
    const failures = world.lines.filter(({ message }) => message === "Reconciler error");
    expect(String((failures[0]!.fields["err"] as Error).message)).toBe(
      'daemon "deaf" of demo/a is still running: it should end when its signal is aborted',
    );
  });

  test("ends with its controller, which waits for it within the grace and names it when it is late", async () => {
    await world.app("a");
    const manager = await world.run([controller(tail(2_000)).reconcile(async () => {})]);
    await world.clock.advance(100);
    let stopped = false;
    void manager.stop().then(() => (stopped = true));
    await world.clock.advance(1_000);
    expect(stopped).toBe(false);
    await world.clock.advance(2_000);
    expect([stopped, running.size]).toEqual([true, 0]);

    const deaf = await world.run([
      controllerFor(App)
        .daemon("deaf", async () => new Promise(() => {}))
        .reconcile(async () => {}),
    ]);
    await world.clock.advance(100);
    let told = "";
    deaf.stop().catch((error: Error) => (told = error.message));
    await world.clock.advance(60_000);
    expect(told).toContain("app deaf demo/a");
  });

  test("writes under its controller's name, and no more once it is cancelled", async () => {
    await world.app("a");
    let late: unknown;
    await world.run([
      controller(async ({ client, signal, object }) => {
        const { apiVersion, kind } = object;
        await client.apply(App, { apiVersion, kind, metadata: { ...key("a"), labels: { seen: "yes" } } } as never);
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
        late = await client.patchMerge(App, key("a"), { metadata: { labels: { late: "yes" } } }).catch(() => "refused");
      }).reconcile(async () => {}),
    ]);
    await world.clock.advance(1_000);
    const { metadata } = await world.admin.get(App, key("a"));
    expect(metadata.labels).toEqual({ seen: "yes" });
    expect(metadata.managedFields?.map(({ manager }) => manager)).toContain("app");
    await after(patch("a", { metadata: { annotations: { "homeostat.dev/reconcile": "false" } } }));
    expect(late).toBe("refused");
  });

  test("waits on a warm standby until its controller works", async () => {
    await world.app("a");
    const standby = await world.controller(
      controller(tail()).reconcile(async () => {}),
      { warmupOnly: true },
    );
    await world.clock.advance(60_000);
    expect(log).toEqual([]);
    await standby.controller.start();
    await world.clock.advance(100);
    expect(log).toEqual(["start a 1"]);
  });

  test("runs for this replica's keys alone, and has ended before another one gets them", async () => {
    let ours = new Set(["demo/a"]);
    let changed = () => {};
    let release = async () => {};
    const ignored = () => {};
    const shard: Shard = {
      owns: (each) => ours.has(each),
      onChange(listener) {
        const before = changed;
        changed = () => [before(), listener()];
        return ignored;
      },
      onRelease(listener) {
        const before = release;
        release = async () => void (await Promise.all([before(), listener()]));
        return ignored;
      },
    };
    for (const name of ["a", "b"]) await world.app(name);
    await world.controller(
      controller(tail(5_000)).reconcile(async () => {}),
      { shard },
    );
    await world.clock.advance(100);
    expect(log).toEqual(["start a 1"]);
    ours = new Set(["demo/b"]);
    let released = false;
    expect(
      await after(async () => {
        changed();
        void release().then(() => (released = true));
      }, 4_000),
    ).toEqual(["start b 1"]);
    expect(released).toBe(false);
    expect(await after(async () => {}, 2_000)).toEqual(["end a: the object is another replica's"]);
    expect(released).toBe(true);
  });

  test("needs a name of its own, and a controller of the manager's own cluster", () => {
    expect(() => controller(tail()).daemon("tail", tail())).toThrow('controller "app" has a daemon "tail" already');
    const elsewhere = controllerFor(App, { clusters: "all" }).daemon("tail", tail());
    expect(() => elsewhere.reconcile(async () => {})).toThrow("daemons run in the manager's own cluster only");
  });
});
