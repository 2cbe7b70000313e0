import { ConfigMap, type JsonObject, type KubeObject, sleep, staleResourceVersion } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import type { ControllerDefinition } from "./definition.ts";
import { enqueueRequestForObject, enqueueRequestForOwner } from "./event-handler.ts";
import { specOrMetadataChanged } from "./predicate.ts";
import { type Reconciler, TerminalError } from "./reconciler.ts";
import { createWorld, Widget } from "./world.test-support.ts";

function define(
  reconcile: Reconciler<Widget>,
  rest: Partial<ControllerDefinition<Widget>> = {},
): ControllerDefinition<Widget> {
  return {
    name: "widget",
    for: Widget,
    watches: [
      { resource: Widget, handler: enqueueRequestForObject, predicates: [specOrMetadataChanged] },
      { resource: ConfigMap, handler: enqueueRequestForOwner(Widget), predicates: [] },
    ],
    reconcile,
    options: {},
    ...rest,
  };
}

const key = (name: string) => ({ namespace: "demo", name });

describe("controller", () => {
  test("C01 C23 reconciles what exists, with all metrics present from the start", async () => {
    const world = createWorld();
    const seen: string[] = [];
    await world.widget("a");
    await world.clock.settle();
    await world.run(define(async ({ object }) => void seen.push(object.metadata.name)));
    expect(await world.metric("controller_runtime_reconcile_total", { result: "success" })).toBe(0);
    await world.clock.settle();
    expect(seen).toEqual(["a"]);
    expect(await world.metric("controller_runtime_reconcile_total", { result: "success" })).toBe(1);
    expect(world.ledger.entries()).toMatchObject([{ name: "a", outcome: "success", causes: [{ type: "initial" }] }]);
  });

  test("keeps nothing in the ledger of an object that is gone", async () => {
    const world = createWorld();
    await world.widget("a");
    await world.run(define(async () => {}));
    await world.clock.settle();
    expect(world.ledger.entries({ name: "a" })).toHaveLength(1);
    await world.cluster.client().delete(Widget, key("a"));
    await world.clock.advance(1_000);
    expect(world.ledger.entries({ name: "a" })).toEqual([]);
  });

  test("C02 C04 tries failures again with growing delays until one succeeds", async () => {
    const world = createWorld();
    const at: number[] = [];
    await world.widget("a");
    const start = world.clock.now();
    await world.run(
      define(async () => {
        at.push(world.clock.now() - start);
        if (at.length < 4) throw new Error("not yet");
      }),
    );
    await world.clock.advance(60_000);
    expect(at).toEqual([0, 250, 750, 1750]);
    expect(await world.metric("controller_runtime_reconcile_errors_total")).toBe(3);
    expect(world.ledger.entries().at(-1)?.causes).toMatchObject([{ type: "retry", attempt: 3, error: "not yet" }]);
  });

  test("C03 does not try terminal errors again", async () => {
    const world = createWorld();
    await world.widget("a");
    await world.run(define(() => Promise.reject(new Error("outer", { cause: new TerminalError("size is negative") }))));
    await world.clock.advance(3_600_000);
    expect(await world.metric("controller_runtime_terminal_reconcile_errors_total")).toBe(1);
    expect(world.ledger.entries()).toMatchObject([{ outcome: "terminal_error", error: "outer" }]);
  });

  test("C05 C07 looks again after exactly the time asked for, or at once when something happens", async () => {
    const world = createWorld();
    const at: number[] = [];
    await world.widget("a");
    const start = world.clock.now();
    await world.run(
      define(async () => {
        at.push(world.clock.now() - start);
        return { requeueAfterMs: 5_000 };
      }),
    );
    await world.clock.advance(5_000);
    await world.clock.advance(1_000);
    await world.cluster.client().patchMerge(Widget, key("a"), { spec: { size: 2 } });
    await world.clock.advance(5_001);
    expect(at).toEqual([0, 5_000, 6_001, 11_001]);
  });

  test("C10 runs as many keys at once as allowed, one key never twice", async () => {
    const world = createWorld();
    let running = 0;
    let most = 0;
    const busy = new Set<string>();
    let doubled = false;
    for (const name of ["a", "b", "c", "d"]) await world.widget(name);
    await world.run(
      define(
        async ({ object, clock }) => {
          doubled ||= busy.has(object.metadata.name);
          busy.add(object.metadata.name);
          most = Math.max(most, ++running);
          await sleep(clock, 100);
          running--;
          busy.delete(object.metadata.name);
        },
        { options: { concurrency: 3 } },
      ),
    );
    for (let size = 0; size < 20; size++) {
      await world.cluster.client().patchMerge(Widget, key("a"), { spec: { size } });
      await world.clock.advance(30);
    }
    await world.clock.advance(1_000);
    expect({ most, doubled }).toEqual({ most: 3, doubled: false });
  });

  test("C11 turns a synchronous throw into an error and lives on", async () => {
    const world = createWorld();
    await world.widget("a");
    await world.run(
      define(() => {
        throw new Error("before the first await");
      }),
    );
    await world.clock.settle();
    expect(await world.metric("controller_runtime_reconcile_panics_total")).toBe(1);
    expect(world.lines.filter((line) => line.level === "error")).toMatchObject([{ message: "Reconciler error" }]);
  });

  test("C13 C14 aborts the signal when the time is over, and counts that", async () => {
    const world = createWorld();
    await world.widget("a");
    let reason: unknown;
    await world.run(
      define(
        ({ signal, clock }) =>
          sleep(clock, 3_600_000, signal).catch((error) => {
            reason = error;
            throw error;
          }),
        { options: { timeoutMs: 1_000, retryBaseMs: 10_000_000, retryMaxMs: 10_000_000 } },
      ),
    );
    await world.clock.advance(1_000);
    expect(reason).toMatchObject({ name: "TimeoutError", message: expect.stringContaining("demo/a") });
    expect(await world.metric("controller_runtime_reconcile_timeouts_total")).toBe(1);
  });

  test("C32 lets running work finish when stopping, aborts it when that takes too long, and names its key", async () => {
    const world = createWorld();
    await world.widget("a");
    let aborted = false;
    const controller = await world.run(
      define(({ signal }) => {
        signal.addEventListener("abort", () => (aborted = true));
        return new Promise(() => {});
      }),
    );
    await world.clock.settle();
    let left: readonly string[] | undefined;
    void controller.stop(2_000).then((keys) => (left = keys));
    await world.clock.advance(1_999);
    expect(aborted).toBe(false);
    await world.clock.advance(2_001);
    expect({ aborted, left }).toEqual({ aborted: true, left: ["demo/a"] });
  });

  test("C21 refuses to start twice", async () => {
    const world = createWorld();
    const controller = await world.run(define(async () => {}));
    await expect(controller.start()).rejects.toThrow('controller "widget" is started already');
  });

  test("counts conflicts apart and tries them again soon, without noise", async () => {
    const world = createWorld();
    await world.widget("a");
    let calls = 0;
    await world.run(
      define(async () => {
        if (++calls === 1) throw staleResourceVersion(Widget, "a");
      }),
    );
    await world.clock.advance(50);
    expect(calls).toBe(2);
    expect(await world.metric("homeostat_reconcile_conflicts_total")).toBe(1);
    expect(world.lines.some((line) => line.level === "error")).toBe(false);
  });

  test("W18 is not woken by its own status, but by labels, finalizers and the spec", async () => {
    const world = createWorld();
    let calls = 0;
    await world.widget("a");
    await world.run(define(async () => void calls++));
    await world.clock.advance(10);
    const client = world.cluster.client();
    await client.status.patchMerge(Widget, key("a"), { status: { phase: "Ready" } });
    await world.clock.advance(10);
    expect(calls).toBe(1);
    const patches: JsonObject[] = [
      { metadata: { labels: { a: "b" } } },
      { metadata: { annotations: { a: "b" } } },
      { spec: { size: 1 } },
      { metadata: { finalizers: ["example.com/x"] } },
    ];
    for (const patch of patches) {
      await client.patchMerge(Widget, key("a"), patch);
      await world.clock.advance(10);
    }
    await client.delete(Widget, key("a"));
    await world.clock.advance(10);
    expect(calls).toBe(6);
  });

  test("tells what woke it: who changed which fields of which object", async () => {
    const world = createWorld();
    await world.widget("a");
    await world.run(define(async () => {}));
    await world.clock.advance(10);
    await world.cluster.client("alice").patchMerge(Widget, key("a"), { spec: { size: 3 } });
    await world.clock.advance(10);
    expect(world.ledger.entries().at(-1)?.causes).toMatchObject([
      {
        type: "event",
        event: "updated",
        resource: "widgets.example.com",
        name: "a",
        changed: "spec",
        paths: ["spec.size"],
        writer: "alice",
      },
    ]);
  });

  test("U07 puts the finalizer on before the first reconcile and takes it off only after cleanup succeeded", async () => {
    const world = createWorld();
    const finalizers: (readonly string[] | undefined)[] = [];
    let cleanups = 0;
    await world.widget("a", { metadata: { finalizers: ["example.com/other"] } });
    await world.run(
      define(async ({ object }) => void finalizers.push(object.metadata.finalizers), {
        cleanup: async () => {
          if (++cleanups === 1) throw new Error("bucket is busy");
        },
      }),
    );
    await world.clock.advance(10);
    expect(finalizers[0]).toEqual(["example.com/other", "widget.homeostat.dev/cleanup"]);
    await world.cluster.client().delete(Widget, key("a"));
    await world.clock.advance(100);
    expect(world.cluster.object(Widget, key("a"))?.metadata.finalizers).toContain("widget.homeostat.dev/cleanup");
    await world.clock.advance(1_000);
    expect(cleanups).toBe(2);
    expect(world.cluster.object(Widget, key("a"))?.metadata.finalizers).toEqual(["example.com/other"]);
  });

  test.each([
    ["the general annotation", { metadata: { annotations: { "homeostat.dev/reconcile": "false" } } }],
    ["the annotation of its kind", { metadata: { annotations: { "homeostat.dev/reconcile.widgets": "false" } } }],
    ["managementState", { spec: { managementState: "Unmanaged" } }],
    ["grounds of the controller's own", { spec: { note: "frozen" } }],
  ])("is paused by %s, still handles deletion, and goes on afterwards", async (_, pause) => {
    const world = createWorld();
    let calls = 0;
    let cleanups = 0;
    const pausedWhen = (object: KubeObject) =>
      (object as Widget).spec?.note === "frozen" ? "its note says so" : undefined;
    const plain = define(async () => void calls++, { cleanup: async () => void cleanups++ });
    const definition = { ...plain, options: { ...plain.options, pausedWhen } };
    await world.widget("paused", {
      ...pause,
      metadata: { ...("metadata" in pause ? pause.metadata : {}), finalizers: ["widget.homeostat.dev/cleanup"] },
    });
    await world.run(definition);
    await world.clock.advance(10);
    expect(calls).toBe(0);
    expect(await world.metric("homeostat_paused_objects")).toBe(1);
    await world.cluster.client().delete(Widget, key("paused"));
    await world.clock.advance(10);
    expect(cleanups).toBe(1);
    expect(world.cluster.object(Widget, key("paused"))).toBeUndefined();
  });

  test("goes on when a pause ends", async () => {
    const world = createWorld();
    let calls = 0;
    await world.widget("a", { metadata: { annotations: { "homeostat.dev/reconcile": "false" } } });
    await world.run(define(async () => void calls++));
    await world.clock.advance(10);
    await world.cluster
      .client()
      .patchMerge(Widget, key("a"), { metadata: { annotations: { "homeostat.dev/reconcile": null } } });
    await world.clock.advance(10);
    expect(calls).toBe(1);
    expect(await world.metric("homeostat_paused_objects")).toBe(0);
  });

  test("reconciles everything again after resyncMs", async () => {
    const world = createWorld();
    const seen: string[] = [];
    for (const name of ["a", "b"]) await world.widget(name);
    await world.run(
      define(async ({ object }) => void seen.push(object.metadata.name), { options: { resyncMs: 60_000 } }),
    );
    await world.clock.advance(60_000);
    expect(seen.sort()).toEqual(["a", "a", "b", "b"]);
    expect(world.ledger.entries().at(-1)?.causes).toEqual([{ type: "resync" }]);
  });

  test("survives a handler that throws", async () => {
    const world = createWorld();
    let calls = 0;
    const definition = define(async () => void calls++);
    const broken = {
      resource: ConfigMap,
      predicates: [],
      handler: () => {
        throw new Error("bad map");
      },
    };
    await world.run({ ...definition, watches: [...definition.watches, broken] });
    await world.cluster.client().create(ConfigMap, { metadata: { name: "c", namespace: "demo" } });
    await world.widget("a");
    await world.clock.advance(10);
    expect(calls).toBe(1);
    expect(world.lines).toContainEqual(expect.objectContaining({ message: "Event handler failed" }));
  });
});
