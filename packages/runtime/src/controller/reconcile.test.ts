import { ConfigMap, Pod, sleep, staleResourceVersion } from "@homeostat/api";
import { createApiServer } from "@homeostat/apiserver";
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { silentLogger } from "../log.ts";
import { createManager } from "../manager/create-manager.ts";
import { exponentialBackoff } from "../workqueue/rate-limiter.ts";
import { createEngineWorld, demo, type EngineWorld } from "./engine-world.test-support.ts";
import { enqueueRequestForObject } from "./event-handler.ts";
import { type ReconcileContext, type Result, RetryError, TerminalError } from "./reconciler.ts";

const servers: { transport: Awaited<ReturnType<typeof createApiServer>>["transport"] }[] = [];
let world: EngineWorld;

beforeEach(async () => {
  world = await createEngineWorld(async (clock) => {
    const server = await createApiServer({ clock });
    servers.push(server);
    return server;
  });
});

afterEach(async () => {
  servers.length = 0;
  await world.stop();
});

const pod = (name: string) => ({ metadata: demo(name), spec: { containers: [{ name: "main", image: "busybox" }] } });
const errors = () => world.lines.filter((line) => line.level === "error");

describe("one reconcile", () => {
  test("C01 is called with the key, and counts as an active worker meanwhile", async () => {
    await world.configMap("a");
    const seen: unknown[] = [];
    await world
      .make(async ({ request, object }) => {
        seen.push(request, object.metadata.name, await world.metric("controller_runtime_active_workers"));
      })
      .start();
    await world.clock.advance(100);
    expect(seen).toEqual([demo("a"), "a", 1]);
    expect(await world.metric("controller_runtime_active_workers")).toBe(0);
    expect(await world.metric("controller_runtime_reconcile_total", { result: "success" })).toBe(1);
  });

  test("C02 that throws is tried again with growing delays, and holds up no other key", async () => {
    for (const name of ["a", "b"]) await world.configMap(name);
    const at: number[] = [];
    let others = 0;
    await world
      .make(async ({ object, clock }) => {
        if (object.metadata.name === "b") return void others++;
        at.push(clock.monotonic());
        throw new Error("no");
      })
      .start();
    await world.clock.advance(4_000);
    expect(at.map((each) => each - at[0]!)).toEqual([0, 250, 750, 1750, 3750]);
    expect(others).toBe(1);
    expect(await world.metric("controller_runtime_reconcile_errors_total")).toBe(5);
    expect(await world.metric("controller_runtime_reconcile_total", { result: "error" })).toBe(5);
  });

  test("Q20 C02 waits as the definition's rate limiter says, controller-runtime's for one", async () => {
    await world.configMap("a");
    const at: number[] = [];
    const rateLimiter = exponentialBackoff({ baseMs: 5, maxMs: 1_000_000, jitter: "none", errorClasses: false });
    await world
      .make(
        async ({ clock }) => {
          at.push(clock.monotonic());
          throw staleResourceVersion(ConfigMap, "a");
        },
        { rateLimiter },
      )
      .start();
    await world.clock.advance(100);
    expect(at.map((each) => each - at[0]!)).toEqual([0, 5, 15, 35, 75]);
  });

  test("C03 that fails for good is not tried again, at whatever depth it says so", async () => {
    for (const name of ["direct", "wrapped"]) await world.configMap(name);
    const terminal = new TerminalError("size is negative");
    let calls = 0;
    await world
      .make(async ({ object }) => {
        calls++;
        throw object.metadata.name === "direct" ? terminal : new Error("outer", { cause: terminal });
      })
      .start();
    await world.clock.advance(3_600_000);
    expect(calls).toBe(2);
    expect(await world.metric("controller_runtime_terminal_reconcile_errors_total")).toBe(2);
    expect(await world.metric("controller_runtime_reconcile_errors_total")).toBe(2);
  });

  test("C04 forgets failures with a success only, not with a terminal error", async () => {
    await world.configMap("a");
    const at: number[] = [];
    const outcomes = ["fail", "fail", "terminal", "fail", "succeed", "fail", "succeed"];
    const controller = world.make(async ({ clock }) => {
      const outcome = outcomes[at.length];
      at.push(clock.monotonic());
      if (outcome === "fail") throw new Error("no");
      if (outcome === "terminal") throw new TerminalError("never");
    });
    await controller.start();
    await world.clock.advance(10_000);
    expect(at).toHaveLength(3);
    for (const count of [5, 7]) {
      controller.trigger(demo("a"), "again");
      await world.clock.advance(10_000);
      expect(at).toHaveLength(count);
    }
    const delays = at.slice(1).map((each, index) => each - at[index]!);
    // 250, 500 by failures 1 and 2; failure 3 after the terminal error; then anew.
    expect([delays[0], delays[1], delays[3], delays[5]]).toEqual([250, 500, 1000, 250]);
  });

  test("C05 C07 that asks to look again runs after exactly that time, or at once when something happens", async () => {
    await world.configMap("a");
    const at: number[] = [];
    let fail = true;
    await world
      .make(async ({ clock }) => {
        at.push(clock.monotonic());
        if (fail) {
          fail = false;
          throw new Error("first");
        }
        return { requeueAfterMs: 5_000 };
      })
      .start();
    await world.clock.advance(5_250);
    expect(at.slice(1).map((each) => each - at[1]!)).toEqual([0, 5_000]);
    await world.clock.advance(1_000);
    await world.configMap("a", { changed: "yes" });
    await world.clock.advance(1);
    expect(at).toHaveLength(4);
    await world.clock.advance(4_998);
    expect(at).toHaveLength(4);
    await world.clock.advance(2);
    expect(at).toHaveLength(5);
    expect(await world.metric("controller_runtime_reconcile_total", { result: "requeue_after" })).toBe(4);
  });

  test("C06 cannot ask to look again and fail at once: the one is returned, the other thrown", () => {
    expectTypeOf<Result>().toEqualTypeOf<{ readonly requeueAfterMs?: number; readonly priority?: number }>();
    // @ts-expect-error a result carries no error
    const impossible: Result = { requeueAfterMs: 5, error: new Error("no") };
    expect(impossible.requeueAfterMs).toBe(5);
  });

  test("C06 that returns what is no time or priority has failed", async () => {
    await world.configMap("a");
    await world.make(async () => ({ requeueAfterMs: Number.NaN })).start();
    await world.clock.advance(10);
    expect(world.ledger.entries()).toMatchObject([{ outcome: "error", error: expect.stringContaining("NaN") }]);
  });

  test("C08 keeps the priority its key was taken with, however it ends", async () => {
    await world.configMap("a");
    const priorities: number[] = [];
    await world
      .make(async ({ priority }) => {
        priorities.push(priority);
        if (priorities.length === 1) throw new Error("no");
        return { requeueAfterMs: 10 };
      })
      .start();
    await world.clock.advance(265);
    await world.configMap("a", { changed: "yes" });
    await world.clock.advance(1);
    expect(priorities).toEqual([-100, -100, -100, 0]);
  });

  test("C09 names the priority of what comes next, also when it fails", async () => {
    await world.configMap("a");
    const priorities: number[] = [];
    await world
      .make(async ({ priority }) => {
        priorities.push(priority);
        if (priorities.length === 1) return { requeueAfterMs: 10, priority: 7 };
        const cause = new RetryError("later", { priority: -3, cause: new Error("no") });
        throw new Error("outer", { cause });
      })
      .start();
    await world.clock.advance(300);
    expect(priorities).toEqual([-100, 7, -3]);
    expect(() => new RetryError("later", { priority: 0.5 })).toThrow("priority 0.5 is no integer");
  });

  test("C10 runs as many keys at once as allowed, one key never twice", async () => {
    let running = 0;
    let most = 0;
    const busy = new Set<string>();
    let doubled = false;
    for (const name of ["a", "b", "c", "d"]) await world.configMap(name);
    await world
      .make(
        async ({ object, clock }) => {
          doubled ||= busy.has(object.metadata.name);
          busy.add(object.metadata.name);
          most = Math.max(most, ++running);
          await sleep(clock, 100);
          running--;
          busy.delete(object.metadata.name);
        },
        { concurrency: 3 },
      )
      .start();
    for (let size = 0; size < 20; size++) {
      await world.configMap("a", { size: `${size}` });
      await world.clock.advance(30);
    }
    await world.clock.advance(1_000);
    expect({ most, doubled }).toEqual({ most: 3, doubled: false });
  });

  test("C11 that throws synchronously has failed, is counted as a panic, and ends nothing else", async () => {
    for (const name of ["a", "b"]) await world.configMap(name);
    const others: string[] = [];
    await world
      .make(({ object }) => {
        if (object.metadata.name === "a") throw new Error("before the first await");
        others.push(object.metadata.name);
        return Promise.resolve();
      })
      .start();
    await world.clock.advance(100);
    expect(await world.metric("controller_runtime_reconcile_panics_total")).toBe(1);
    expect(await world.metric("controller_runtime_reconcile_errors_total")).toBe(1);
    expect(others).toEqual(["b"]);
    expect(errors()).toMatchObject([{ message: "Reconciler error", fields: { panic: true } }]);
    await world.clock.advance(200);
    expect(await world.metric("controller_runtime_reconcile_panics_total")).toBe(2);
  });

  test("C12 that throws synchronously ends the manager where the definition says so", async () => {
    await world.configMap("a");
    const { clock } = world;
    const manager = createManager({ transport: servers[0]!.transport(), clock, random: () => 0.5, log: silentLogger });
    manager.add({
      name: "maps",
      for: ConfigMap,
      watches: [{ resource: ConfigMap, handler: enqueueRequestForObject, predicates: [], namespace: "demo" }],
      reconcile: () => {
        throw new Error("cannot go on");
      },
      options: { recoverPanic: false },
    });
    let ended: unknown;
    manager.ended.catch((error: unknown) => (ended = error));
    manager.start().catch(() => {});
    await clock.until(() => ended !== undefined, "the end of the manager");
    expect(String(ended)).toContain("cannot go on");
  });

  test("C13 that overruns sees its signal aborted, has failed and is counted, whatever it returns then", async () => {
    for (const name of ["aborts", "returns"]) await world.configMap(name);
    const reasons: unknown[] = [];
    await world
      .make(
        async ({ object, signal, clock }) => {
          await sleep(clock, 3_600_000, signal).catch((error: unknown) => {
            reasons.push(error);
            if (object.metadata.name === "aborts") throw error;
          });
        },
        { timeoutMs: 1_000, concurrency: 2, retryBaseMs: 10_000_000, retryMaxMs: 10_000_000 },
      )
      .start();
    await world.clock.advance(999);
    expect(reasons).toEqual([]);
    await world.clock.advance(101);
    expect(reasons).toMatchObject([
      { name: "TimeoutError", message: expect.stringContaining("demo/aborts") },
      { name: "TimeoutError" },
    ]);
    expect(await world.metric("controller_runtime_reconcile_timeouts_total")).toBe(2);
    expect(await world.metric("controller_runtime_reconcile_errors_total")).toBe(2);
  });

  test("C14 that gives up by itself, or is stopped, has not overrun", async () => {
    for (const name of ["a", "b"]) await world.configMap(name);
    let aborted: unknown;
    const controller = world.make(
      async ({ object, signal, clock }) => {
        if (object.metadata.name === "a") throw new DOMException("enough", "AbortError");
        await sleep(clock, 10_000, signal).catch((error: unknown) => {
          aborted = error;
          throw error;
        });
      },
      { timeoutMs: 1_000, retryBaseMs: 10_000_000, retryMaxMs: 10_000_000 },
    );
    await controller.start();
    await world.clock.advance(500);
    const stopping = controller.stop(100);
    await world.clock.advance(2_000);
    expect(await stopping).toEqual([]);
    expect(String(aborted)).toContain("is stopping");
    expect(await world.metric("controller_runtime_reconcile_timeouts_total")).toBe(0);
    expect(await world.metric("homeostat_reconcile_abandoned_total")).toBe(0);
  });

  test("C15 has no deadline with timeout 0", async () => {
    await world.configMap("a");
    let signal: AbortSignal | undefined;
    const controller = world.make(
      (context) => {
        signal = context.signal;
        return new Promise(() => {});
      },
      { timeoutMs: 0 },
    );
    await controller.start();
    await world.clock.advance(24 * 3_600_000);
    expect(signal?.aborted).toBe(false);
    expect(await world.metric("homeostat_reconcile_abandoned_total")).toBe(0);
  });

  test("C24 tells its id, controller, kind and object in every line and in its context, each time another id", async () => {
    await world.configMap("a");
    const contexts: Pick<ReconcileContext<ConfigMap>, "reconcileID" | "controller" | "request">[] = [];
    await world
      .make(async ({ reconcileID, controller, request, log }) => {
        contexts.push({ reconcileID, controller, request });
        log.info({}, "Working");
        throw new Error("no");
      })
      .start();
    await world.clock.advance(300);
    expect(contexts).toMatchObject([
      { controller: "maps", request: demo("a") },
      { controller: "maps", request: demo("a") },
    ]);
    expect(contexts[0]!.reconcileID).not.toBe(contexts[1]!.reconcileID);
    for (const { reconcileID } of contexts) {
      const fields = {
        controller: "maps",
        controllerGroup: "",
        controllerKind: "ConfigMap",
        ConfigMap: demo("a"),
        ...demo("a"),
        reconcileID,
      };
      expect(world.lines.filter((line) => line.fields["reconcileID"] === reconcileID)).toMatchObject([
        { message: "Working", fields },
        { message: "Reconciler error", fields },
      ]);
      expect(world.ledger.entries().some((entry) => entry.reconcileID === reconcileID)).toBe(true);
    }
  });

  test("C30 that wakes itself over and over is told by key and cause, and slowed", async () => {
    await world.configMap("a");
    let calls = 0;
    await world
      .make(async ({ client, object }) => {
        await client.patchMerge(ConfigMap, object.metadata, { data: { calls: `${++calls}` } });
      })
      .start();
    await world.clock.advance(60_000);
    const found = world.lines.filter((line) => line.message === "Reconcile loop");
    expect(found[0]).toMatchObject({
      level: "warn",
      fields: { ...demo("a"), reason: expect.stringContaining("maps") },
    });
    expect(world.events).toMatchObject(found.map(() => ({ type: "Warning", reason: "ReconcileLoop" })));
    expect(await world.metric("homeostat_loop_guard_loops_total")).toBe(1);
    // Unchecked it would have been called at least once per millisecond.
    expect(calls).toBeLessThan(30);
  });

  test("writes under the field manager it is given", async () => {
    await world.configMap("a");
    await world
      .make(
        async ({ client, object }) => {
          await client.apply(ConfigMap, { metadata: { name: "b", namespace: object.metadata.namespace! } });
        },
        { fieldManager: "somebody" },
      )
      .start();
    await world.clock.advance(10);
    expect(world.requests.find((request) => request.startsWith("PATCH"))).toContain("fieldManager=somebody");
  });
});

describe("an object that goes away while it is reconciled", () => {
  test("is no failure: the write that finds nothing is skipped quietly", async () => {
    await world.configMap("a");
    await world
      .make(async ({ client, object }) => {
        await world.admin.delete(ConfigMap, demo("a"));
        await client.patchMerge(ConfigMap, object.metadata, { data: { late: "yes" } });
      })
      .start();
    await world.clock.advance(10_000);
    expect(errors()).toEqual([]);
    expect(await world.metric("controller_runtime_reconcile_errors_total")).toBe(0);
    expect(await world.metric("workqueue_retries_total")).toBe(0);
  });

  test("is quiet for its status and its deletion, too", async () => {
    for (const name of ["a", "b"]) await world.admin.create(Pod, pod(name));
    const watches = [{ resource: Pod, handler: enqueueRequestForObject, predicates: [], namespace: "demo" }];
    const controller = world.make(
      async ({ client, object }) => {
        await world.admin.delete(Pod, object.metadata, { gracePeriodSeconds: 0 });
        if (object.metadata.name === "a") await client.status.patchMerge(Pod, object.metadata, { status: {} });
        else await client.delete(Pod, object.metadata);
      },
      {},
      { name: "pods", for: Pod as never, watches },
    );
    await controller.start();
    await world.clock.advance(10_000);
    expect(errors()).toEqual([]);
    expect(await world.metric("workqueue_retries_total", { controller: "pods" })).toBe(0);
  });

  test("hides no subresource that is missing", async () => {
    await world.configMap("a");
    await world
      .make(async ({ client, object }) => {
        await client.status.patchMerge(ConfigMap, object.metadata, { status: {} });
      })
      .start();
    await world.clock.advance(100);
    expect(errors()).toMatchObject([{ message: "Reconciler error" }]);
  });

  test("hides no other object that is missing", async () => {
    await world.configMap("a");
    await world
      .make(async ({ client }) => void (await client.patchMerge(ConfigMap, demo("other"), { data: {} })))
      .start();
    await world.clock.advance(100);
    expect(errors()).toMatchObject([{ message: "Reconciler error" }]);
  });
});

describe("a reconcile that misbehaves", () => {
  test("C10 C11 C13 harms only its own key, whether it throws, rejects, never settles or blocks the loop", async () => {
    const bad = ["blocks", "never", "rejects", "throws"];
    for (const name of [...bad, "y", "z"]) await world.configMap(name);
    const done: string[] = [];
    await world
      .make(
        ({ object: { metadata } }) => {
          if (metadata.name === "throws") throw new Error("at once");
          if (metadata.name === "rejects") return Promise.reject(new Error("later"));
          if (metadata.name === "never") return new Promise(() => {});
          if (metadata.name === "blocks") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
          done.push(metadata.name);
          return Promise.resolve({ requeueAfterMs: 60_000 });
        },
        { timeoutMs: 1_000, abandonAfterMs: 500 },
      )
      .start();
    await world.clock.advance(200_000);
    expect(done.filter((name) => name === "y").length).toBeGreaterThanOrEqual(3);
    expect(done.filter((name) => name === "z").length).toBeGreaterThanOrEqual(3);
    expect(done.filter((name) => name === "blocks").length).toBeGreaterThanOrEqual(3);
  });

  test("C13 is abandoned after its grace: counted, its worker free, its key blocked until it ends", async () => {
    for (const name of ["a", "b"]) await world.configMap(name);
    const calls: string[] = [];
    let settle = (): void => {};
    const controller = world.make(
      async ({ object: { metadata } }) => {
        calls.push(metadata.name);
        if (metadata.name === "a" && calls.length === 1) await new Promise<void>((resolve) => (settle = resolve));
      },
      { timeoutMs: 1_000, abandonAfterMs: 500 },
    );
    await controller.start();
    await world.clock.advance(1_499);
    expect(calls).toEqual(["a"]);
    await world.clock.advance(10);
    expect(calls).toEqual(["a", "b"]);
    expect(await world.metric("homeostat_reconcile_abandoned_total")).toBe(1);
    expect(await world.metric("controller_runtime_reconcile_timeouts_total")).toBe(1);
    expect(await world.metric("controller_runtime_active_workers")).toBe(0);
    expect(errors()).toMatchObject([{ message: "Reconcile abandoned", fields: demo("a") }]);
    expect(world.ledger.entries({ name: "a" })).toMatchObject([
      { outcome: "error", error: expect.stringContaining("abandoned") },
    ]);
    await world.configMap("a", { changed: "yes" });
    await world.clock.advance(60_000);
    expect(calls).toEqual(["a", "b"]);
    expect(controller.queueReport()).toMatchObject({ ready: { 0: 1 }, processing: ["demo/a"] });
    settle();
    await world.clock.advance(10_000);
    expect(calls).toEqual(["a", "b", "a"]);
    expect(controller.queueReport()).toMatchObject({ ready: {}, waiting: 0, processing: [] });
    expect(await world.metric("controller_runtime_active_workers")).toBe(0);
    expect(await world.metric("controller_runtime_reconcile_total", { result: "error" })).toBe(1);
  });

  test("C32 holds up no stop once it is abandoned, and is named", async () => {
    await world.configMap("a");
    const controller = world.make(() => new Promise(() => {}), { timeoutMs: 1_000, abandonAfterMs: 500 });
    await controller.start();
    await world.clock.advance(2_000);
    expect(await controller.stop(30_000)).toEqual(["demo/a"]);
  });
});

describe("what surrounds a reconcile", () => {
  test("is an instrument, told before what it wraps and handing on how it ends", async () => {
    await world.configMap("a");
    const told: unknown[] = [];
    await world
      .make(
        async () => {
          told.push("run");
          if (told.filter((each) => each === "run").length === 1) throw staleResourceVersion(ConfigMap, "a");
          return { requeueAfterMs: 1_000_000 };
        },
        {},
        {},
        {
          instrument: {
            async reconcile(info, run) {
              told.push(info);
              try {
                const end = await run();
                told.push(end.type);
                return end;
              } catch (error) {
                told.push((error as Error).name);
                throw error;
              }
            },
          },
        },
      )
      .start();
    await world.clock.advance(1_000);
    const info = { controller: "maps", kind: { group: "", kind: "ConfigMap" }, request: demo("a"), key: "demo/a" };
    expect(told).toMatchObject([
      { ...info, priority: -100, causes: [{ type: "initial" }] },
      "run",
      "ApiError",
      { ...info, causes: [{ type: "retry", attempt: 1 }] },
      "run",
      "requeue_after",
    ]);
  });
});
