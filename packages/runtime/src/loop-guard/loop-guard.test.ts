import { ConfigMap, Deployment, type KubeObject, type Resource } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import type { ControllerDefinition, ControllerOptions, Predicate } from "../controller/definition.ts";
import { enqueueRequestForObject, enqueueRequestForOwner } from "../controller/event-handler.ts";
import { specOrMetadataChanged } from "../controller/predicate.ts";
import type { ReconcileContext, Reconciler } from "../controller/reconciler.ts";
import { createWorld, Widget, type World } from "../controller/world.test-support.ts";

interface Setup {
  readonly name?: string;
  readonly predicates?: readonly Predicate<Widget>[];
  readonly children?: readonly Resource[];
  readonly options?: ControllerOptions;
}

function define(reconcile: Reconciler<Widget>, setup: Setup = {}): ControllerDefinition<Widget> {
  const children = setup.children ?? [ConfigMap];
  return {
    name: setup.name ?? "widget",
    for: Widget,
    watches: [
      { resource: Widget, handler: enqueueRequestForObject, predicates: setup.predicates ?? [specOrMetadataChanged] },
      ...children.map((resource) => ({ resource, handler: enqueueRequestForOwner(Widget), predicates: [] })),
    ],
    reconcile,
    options: setup.options ?? {},
  };
}

const key = { namespace: "demo", name: "a" };

const child = ({ object }: ReconcileContext<Widget>, extra: object): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  ...extra,
  metadata: {
    name: "a",
    namespace: "demo",
    ownerReferences: [
      { apiVersion: "example.com/v1", kind: "Widget", name: "a", uid: object.metadata.uid, controller: true },
    ],
  },
});

/** Loop events raised so far. */
const loops = (world: World): string[] =>
  world.events.filter((event) => event.reason === "ReconcileLoop").map((event) => event.message);

/** Runs with real latencies until a loop is found or half a second has passed; tells how many reconciles it took. */
async function untilFound(world: World): Promise<number> {
  for (let ms = 0; ms < 500 && loops(world).length === 0; ms++) await world.clock.advance(1);
  return world.metric("controller_runtime_reconcile_total", { controller: "widget", result: "success" });
}

describe("loop guard catches", () => {
  test("a timestamp in the status on every pass, naming the field and the writer", async () => {
    const world = createWorld();
    await world.widget("a");
    await world.run(
      define(
        async ({ client, clock }) =>
          void (await client.status.patchMerge(Widget, key, {
            status: { phase: "Ready", lastSync: `${clock.now()}` },
          })),
        { predicates: [] },
      ),
    );
    expect(await untilFound(world)).toBeLessThanOrEqual(20);
    expect(loops(world)[0]).toContain('"widget" writes status.lastSync of Widget demo/a in every pass');
    expect(await world.metric("homeostat_loop_guard_loops_total", { controller: "widget" })).toBe(1);
    expect(await world.metric("homeostat_loop_guard_slowed_keys")).toBe(1);
    expect(world.lines.find((line) => line.message === "Reconcile loop")?.fields).toMatchObject({
      name: "a",
      controller: "widget",
    });
  });

  test("a field of the spec written on every pass", async () => {
    const world = createWorld();
    await world.widget("a");
    await world.run(
      define(
        async ({ client, clock }) => void (await client.patchMerge(Widget, key, { spec: { note: `${clock.now()}` } })),
      ),
    );
    expect(await untilFound(world)).toBeLessThanOrEqual(20);
    expect(loops(world)[0]).toContain("spec.note of Widget demo/a");
  });

  test("a child deleted and created again on every pass", async () => {
    const world = createWorld();
    await world.widget("a");
    await world.run(
      define(async (context) => {
        const { client } = context;
        if (await client.find(ConfigMap, key)) await client.delete(ConfigMap, key);
        await client.create(ConfigMap, child(context, { data: { a: "b" } }));
      }),
    );
    expect(await untilFound(world)).toBeLessThanOrEqual(20);
    expect(loops(world)[0]).toContain('"widget" deletes and creates ConfigMap demo/a again in every pass');
  });

  test("a child with another name on every pass", async () => {
    const world = createWorld();
    await world.widget("a");
    let pass = 0;
    await world.run(
      define(async (context) => {
        const object = child(context, { data: {} });
        await context.client.create(ConfigMap, { ...object, metadata: { ...object.metadata, name: `a-${pass++}` } });
      }),
    );
    expect(await untilFound(world)).toBeLessThanOrEqual(22);
    expect(loops(world)[0]).toContain("ConfigMap demo/a-0, ConfigMap demo/a-1");
  });

  test("two controllers that fight over a field, naming both and the field", async () => {
    const world = createWorld();
    await world.widget("a");
    const set = (name: string, value: string) =>
      define(
        async (context) => {
          const live = await context.client.find(ConfigMap, key);
          if (live?.data?.["mode"] !== value)
            await context.client.apply(ConfigMap, child(context, { data: { mode: value } }), { force: true });
        },
        { name },
      );
    await world.run(set("widget", "fast"));
    await world.run(set("rival", "slow"));
    await untilFound(world);
    const message = loops(world)[0]!;
    expect(message).toContain("two writers undo each other");
    expect(message).toContain('"widget"');
    expect(message).toContain('"rival"');
    expect(message).toContain("data.mode of ConfigMap demo/a");
    const passes = await world.metric("controller_runtime_reconcile_total", {
      controller: "widget",
      result: "success",
    });
    expect(passes).toBeLessThanOrEqual(20);
  });

  test("a foreign script that undoes what the controller writes", async () => {
    const world = createWorld();
    await world.widget("a");
    await world.run(
      define(async ({ client, object }) => {
        if (object.spec?.size !== 3) await client.patchMerge(Widget, key, { spec: { size: 3 } });
      }),
    );
    for (let i = 0; i < 20; i++) {
      await world.clock.advance(100);
      await world.cluster.client("script").patchMerge(Widget, key, { spec: { size: 9 } });
    }
    expect(loops(world)[0]).toContain('"widget" (this controller) and "script" both write spec.size of Widget demo/a');
  });

  test("a loop whose writes others answer, as the Deployment controller does", async () => {
    const world = createWorld();
    await world.widget("a");
    const kubelet = world.cluster.client("kube-controller-manager");
    world.cluster.cache.watch(Deployment, {
      handler: (event) => {
        if (event.type !== "updated" || event.object.metadata.generation === event.old.metadata.generation) return;
        const observedGeneration = event.object.metadata.generation!;
        world.clock.setTimer(
          () => void kubelet.status.patchMerge(Deployment, key, { status: { observedGeneration } }),
          0,
        );
      },
    });
    await world.run(
      define(
        async (context) => {
          const spec = { replicas: 1, template: { metadata: { annotations: { at: `${context.clock.now()}` } } } };
          await context.client.apply(
            Deployment,
            child(context, { apiVersion: "apps/v1", kind: "Deployment", spec }) as Deployment,
            { force: true },
          );
        },
        { children: [Deployment] },
      ),
    );
    expect(await untilFound(world)).toBeLessThanOrEqual(20);
    expect(loops(world)[0]).toContain("spec.template.metadata.annotations.at of Deployment demo/a");
  });
});

describe("loop guard slows", () => {
  test("only the looping key, longer each time, and lets it go when the loop ends", async () => {
    const world = createWorld();
    await world.widget("a");
    await world.widget("b");
    let broken = true;
    const passes: number[] = [];
    let others = 0;
    const start = world.clock.now();
    await world.run(
      define(
        async ({ client, clock, object }) => {
          if (object.metadata.name === "b") return void others++;
          passes.push(clock.now() - start);
          await client.status.patchMerge(Widget, key, {
            status: broken ? { lastSync: `${clock.now()}` } : { phase: "Ready", lastSync: null },
          });
        },
        { predicates: [] },
      ),
    );
    await world.clock.advance(60_000);
    const gaps = passes
      .slice(-4)
      .map((at, index, all) => (index === 0 ? 0 : Math.round((at - all[index - 1]!) / 1000)));
    expect(gaps.slice(1)).toEqual([5, 10, 20]);
    for (let size = 0; size < 5; size++) {
      await world.cluster.client().patchMerge(Widget, { namespace: "demo", name: "b" }, { spec: { size } });
      await world.clock.advance(10);
    }
    expect(others).toBe(6);
    broken = false;
    await world.clock.advance(120_000);
    expect(await world.metric("homeostat_loop_guard_slowed_keys")).toBe(0);
    expect(await world.metric("homeostat_loop_guard_loops_total")).toBe(1);
  });

  test("no request of a user: an edit passes at once", async () => {
    const world = createWorld();
    await world.widget("a");
    const sizes: (number | undefined)[] = [];
    await world.run(
      define(
        async ({ client, clock, object }) => {
          sizes.push(object.spec?.size);
          await client.status.patchMerge(Widget, key, { status: { lastSync: `${clock.now()}` } });
        },
        { predicates: [] },
      ),
    );
    await world.clock.advance(10_000);
    await world.cluster.client("alice").patchMerge(Widget, key, { spec: { size: 7 } });
    await world.clock.advance(5);
    expect(sizes.at(-1)).toBe(7);
  });

  test("nothing when switched off", async () => {
    const world = createWorld();
    await world.widget("a");
    let calls = 0;
    await world.run(
      define(
        async ({ client }) => {
          if (++calls < 200) await client.patchMerge(Widget, key, { spec: { note: `${calls}` } });
        },
        { options: { loopGuard: false } },
      ),
    );
    await world.clock.advance(1_000);
    expect(calls).toBe(200);
    expect(loops(world)).toEqual([]);
  });

  test("later with higher thresholds", async () => {
    const world = createWorld();
    await world.widget("a");
    await world.run(
      define(
        async ({ client, clock }) => void (await client.patchMerge(Widget, key, { spec: { note: `${clock.now()}` } })),
        {
          options: { loopGuard: { rounds: 50 } },
        },
      ),
    );
    expect(await untilFound(world)).toBeGreaterThan(50);
  });
});

describe("loop guard leaves alone", () => {
  test("status updates while a Deployment rolls out", async () => {
    const world = createWorld();
    await world.widget("a");
    await world.run(
      define(
        async (context) => {
          const { client } = context;
          const deployment = child(context, {
            apiVersion: "apps/v1",
            kind: "Deployment",
            spec: { replicas: 100 },
          }) as Deployment;
          const live = (await client.find(Deployment, key)) ?? (await client.apply(Deployment, deployment));
          await client.status.patchMerge(Widget, key, { status: { ready: live.status?.readyReplicas ?? 0 } });
        },
        { predicates: [], children: [Deployment] },
      ),
    );
    for (let ready = 1; ready <= 100; ready++) {
      await world.clock.advance(20);
      await world.cluster
        .client("kube-controller-manager")
        .status.patchMerge(Deployment, key, { status: { readyReplicas: ready } });
    }
    await world.clock.advance(100);
    expect(world.cluster.object(Widget, key)?.status).toEqual({ ready: 100 });
    expect(loops(world)).toEqual([]);
  });

  test("bursts of edits by a user", async () => {
    const world = createWorld();
    await world.widget("a");
    await world.run(
      define(async (context) => {
        const { client, object } = context;
        await client.apply(ConfigMap, child(context, { data: { size: `${object.spec?.size}` } }), { force: true });
        await client.status.patchMerge(Widget, key, { status: { observedGeneration: object.metadata.generation! } });
      }),
    );
    for (let size = 1; size <= 50; size++) {
      await world.cluster.client("kubectl-edit").patchMerge(Widget, key, { spec: { size } });
      await world.clock.advance(7);
    }
    expect(loops(world)).toEqual([]);
    expect(world.cluster.object(ConfigMap, key)?.data).toEqual({ size: "50" });
  });

  test("a counter that others update", async () => {
    const world = createWorld();
    await world.widget("a");
    const counter = { namespace: "demo", name: "counter" };
    await world.cluster.client("others").create(ConfigMap, { metadata: counter, data: { count: "0" } });
    const definition = define(async (context) => {
      const count = (await context.client.get(ConfigMap, counter)).data?.["count"] ?? "";
      await context.client.apply(ConfigMap, child(context, { data: { count } }), { force: true });
    });
    const watch = {
      resource: ConfigMap,
      predicates: [],
      handler: (_: unknown, enqueue: (request: typeof key) => void) => enqueue(key),
    };
    await world.run({ ...definition, watches: [...definition.watches, watch] });
    for (let count = 1; count <= 100; count++) {
      await world.cluster.client("others").patchMerge(ConfigMap, counter, { data: { count: `${count}` } });
      await world.clock.advance(10);
    }
    expect(loops(world)).toEqual([]);
    expect(world.cluster.object(ConfigMap, key)?.data).toEqual({ count: "100" });
  });

  test("polling with requeueAfterMs and resyncs that write each time", async () => {
    const world = createWorld();
    await world.widget("a");
    await world.run(
      define(
        async ({ client, clock }) => {
          await client.status.patchMerge(Widget, key, { status: { polledAt: `${clock.now()}` } });
          return { requeueAfterMs: 500 };
        },
        { options: { resyncMs: 2_000 } },
      ),
    );
    await world.clock.advance(60_000);
    expect(loops(world)).toEqual([]);
    expect(world.ledger.entries().length).toBe(32);
  });

  test("a reconciler that creates one child a pass until there are enough", async () => {
    const world = createWorld();
    await world.widget("a");
    await world.run(
      define(async (context) => {
        const count = world.cluster.list(ConfigMap).length;
        const object = child(context, { data: {} });
        const metadata = { ...object.metadata, name: `a-${count}` };
        if (count < 15) await context.client.create(ConfigMap, { ...object, metadata });
      }),
    );
    await world.clock.advance(1_000);
    expect(world.cluster.list(ConfigMap)).toHaveLength(15);
    expect(loops(world)).toEqual([]);
  });

  test("a reconciler that comes to rest in a few steps, again and again", async () => {
    const world = createWorld();
    await world.widget("a");
    await world.run(
      define(
        async ({ client, object }) => {
          const step = Number(object.status?.["step"] ?? 0);
          if (step < (object.spec?.size ?? 0))
            await client.status.patchMerge(Widget, key, { status: { step: step + 1 } });
        },
        { predicates: [] },
      ),
    );
    for (let size = 5; size <= 100; size += 5) {
      await world.cluster.client("kubectl-edit").patchMerge(Widget, key, { spec: { size } });
      await world.clock.advance(50);
    }
    expect(world.cluster.object(Widget, key)?.status).toEqual({ step: 100 });
    expect(loops(world)).toEqual([]);
  });

  test("a foreign script that keeps changing the spec, but it names it", async () => {
    const world = createWorld();
    await world.widget("a");
    await world.run(
      define(
        async ({ client, object }) =>
          void (await client.status.patchMerge(Widget, key, {
            status: { observedGeneration: object.metadata.generation! },
          })),
      ),
    );
    for (let size = 1; size <= 40; size++) {
      await world.cluster.client("bad-operator.sh").patchMerge(Widget, key, { spec: { note: `${size}` } });
      await world.clock.advance(1_000);
    }
    expect(loops(world)).toEqual([]);
    const told = world.events.filter((event) => event.reason === "BusyObject");
    expect(told).toHaveLength(1);
    expect(told[0]!.message).toContain('"bad-operator.sh" keeps writing spec.note');
    expect(world.cluster.object(Widget, key)?.status).toEqual({ observedGeneration: 41 });
  });
});
