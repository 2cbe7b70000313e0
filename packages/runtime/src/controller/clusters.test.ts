import { ConfigMap, Namespace, Secret, sleep, type VirtualClock } from "@homeostat/api";
import { createApiServer } from "@homeostat/apiserver";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createClient } from "../client/api-client.ts";
import type { Client } from "../client/client.ts";
import type { Shard } from "../sharding/shard.ts";
import { createEngineWorld, demo, type EngineWorld, type Server } from "./engine-world.test-support.ts";
import { enqueueRequestForObject, enqueueRequestsFromMapFunction } from "./event-handler.ts";
import type { ReconcileContext } from "./reconciler.ts";

let world: EngineWorld;
let west: Server & { readonly admin: Client };

const newServer = (clock: VirtualClock): Promise<Server> => createApiServer({ clock });

beforeEach(async () => {
  world = await createEngineWorld(newServer);
  const server = await newServer(world.clock);
  const admin = createClient({ transport: server.transport(), clock: world.clock, fieldManager: "admin" });
  await admin.create(Namespace, { metadata: { name: "demo" } });
  west = { transport: () => server.transport(), stop: () => server.stop(), admin };
});

afterEach(async () => {
  await world.stop();
  await west.stop();
});

const make = (name: string) => west.admin.create(ConfigMap, { metadata: demo(name) });
const where = ({ request: { cluster = "own", name } }: ReconcileContext<ConfigMap>): string => `${cluster}/${name}`;

describe("an engaged cluster", () => {
  test("is reconciled beside the own one: its objects, its client, its cache, its ledger entries", async () => {
    await world.configMap("a");
    await make("a");
    const seen: string[] = [];
    const controller = world.make(
      async (context) => {
        const { object, client, cache, request } = context;
        seen.push(where(context));
        expect(cache.store(ConfigMap, { namespace: "demo" })?.peek(request)?.metadata.uid).toBe(object.metadata.uid);
        await client.apply(Secret, { metadata: demo(`of-${request.cluster ?? "own"}`) });
      },
      { clusters: "all" },
    );
    await controller.start();
    await controller.engage(world.cluster("west", west));
    await world.clock.advance(100);
    expect(seen).toEqual(["own/a", "west/a"]);
    const names = async (client: Client) =>
      (await client.list(Secret, { namespace: "demo" })).items.map((item) => item.metadata.name);
    expect([await names(world.admin), await names(west.admin)]).toEqual([["of-own"], ["of-west"]]);
    expect(world.ledger.entries({ cluster: "west" })).toMatchObject([{ cluster: "west", ...demo("a") }]);
    await west.admin.patchMerge(ConfigMap, demo("a"), { data: { changed: "yes" } });
    await world.clock.advance(100);
    expect(seen).toEqual(["own/a", "west/a", "west/a"]);
    await expect(controller.engage(world.cluster("west", west))).rejects.toThrow('cluster "west" is engaged already');
  });

  test("may be the only one that is worked on, or none, as the definition says", async () => {
    await world.configMap("a");
    await make("b");
    const seen: string[] = [];
    for (const clusters of ["own", "engaged"] as const) {
      const controller = world.make(
        async (context) => void seen.push(`${clusters} ${where(context)}`),
        { clusters },
        { name: clusters },
      );
      await controller.engage(world.cluster("west", west));
      await controller.start();
      await world.clock.advance(100);
    }
    expect(seen).toEqual(["own own/a", "engaged west/b"]);
  });

  test("M03 is not reconciled before all its watches are in sync", async () => {
    await make("a");
    const open = Promise.withResolvers<void>();
    const slow: Server = {
      stop: async () => {},
      transport: () => async (request) => {
        if (request.path.includes("/secrets")) await open.promise;
        return west.transport()(request);
      },
    };
    const seen: string[] = [];
    const controller = world.make(
      async (context) => void seen.push(where(context)),
      { clusters: "all" },
      {
        watches: [
          { resource: ConfigMap, handler: enqueueRequestForObject, predicates: [], namespace: "demo" },
          { resource: Secret, handler: () => {}, predicates: [], namespace: "demo" },
        ],
      },
    );
    await controller.start();
    const engaging = controller.engage(world.cluster("west", slow));
    await world.clock.advance(10_000);
    expect(seen).toEqual([]);
    expect(controller.pendingSyncs).toEqual(["secrets of cluster west"]);
    open.resolve();
    await engaging;
    await world.clock.advance(10);
    expect(seen).toEqual(["west/a"]);
  });

  test("is let go: its keys are dropped, what runs ends first, and nothing of it comes again", async () => {
    for (const name of ["a", "b"]) await make(name);
    const seen: string[] = [];
    let finished = false;
    const controller = world.make(
      async (context) => {
        seen.push(where(context));
        await sleep(context.clock, 1_000);
        finished = true;
        return { requeueAfterMs: 1 };
      },
      { clusters: "all" },
    );
    await controller.start();
    await controller.engage(world.cluster("west", west));
    await world.clock.advance(10);
    let gone = false;
    const leaving = controller.disengage("west").then(() => (gone = true));
    await world.clock.advance(500);
    expect({ finished, gone }).toEqual({ finished: false, gone: false });
    await world.clock.advance(500);
    await leaving;
    expect(finished).toBe(true);
    await make("c");
    await world.clock.advance(60_000);
    expect(seen).toEqual(["west/a"]);
    expect(controller.queueReport()).toMatchObject({ ready: {}, waiting: 0, processing: [] });
    await controller.disengage("unknown");
    await controller.engage(world.cluster("west", west));
    await world.clock.advance(10);
    expect(seen).toHaveLength(2);
  });

  test("aborts what takes too long when it is let go", async () => {
    await make("a");
    let reason: unknown;
    const controller = world.make(
      ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => {
            reason = signal.reason;
            reject(signal.reason);
          }),
        ),
      { clusters: "all" },
    );
    await controller.start();
    await controller.engage(world.cluster("west", west));
    await world.clock.advance(10);
    const leaving = controller.disengage("west", 1_000);
    await world.clock.advance(1_000);
    await leaving;
    expect(String(reason)).toContain('cluster "west" is disengaged');
    expect(world.lines.filter((line) => line.level === "error")).toEqual([]);
  });

  test("C30 has loops of its own: equal objects of two clusters are not taken for one", async () => {
    await world.configMap("a");
    await make("a");
    const calls = { own: 0, west: 0 };
    const controller = world.make(
      async ({ client, object, request }) => {
        if (request.cluster === undefined) return void calls.own++;
        await client.patchMerge(ConfigMap, object.metadata, { data: { calls: `${++calls.west}` } });
      },
      { clusters: "all" },
    );
    await controller.start();
    await controller.engage(world.cluster("west", west));
    await world.clock.advance(5_000);
    const found = world.lines.filter((line) => line.message === "Reconcile loop");
    expect(found[0]).toMatchObject({ fields: { cluster: "west", ...demo("a") } });
    await world.configMap("a", { changed: "yes" });
    await world.clock.advance(10);
    expect(calls.own).toBe(2);
  });
});

describe("a shard", () => {
  interface TestShard extends Shard {
    mine: Set<string>;
    changed(): void;
    released(): Promise<void>;
  }
  function shard(...mine: string[]): TestShard {
    const changes = new Set<() => void>();
    const releases = new Set<() => Promise<void>>();
    return {
      mine: new Set(mine),
      owns(key) {
        return this.mine.has(key);
      },
      onChange(listener) {
        changes.add(listener);
        return () => changes.delete(listener);
      },
      onRelease(listener) {
        releases.add(listener);
        return () => releases.delete(listener);
      },
      changed: () => changes.forEach((listener) => void listener()),
      released: async () => void (await Promise.all([...releases].map((listener) => listener()))),
    };
  }

  test("reconciles only its own keys, and those that come to it, with the reason", async () => {
    for (const name of ["a", "b"]) await world.configMap(name);
    const keys = shard("demo/a");
    const seen: string[] = [];
    const controller = world.make(async ({ request }) => void seen.push(request.name), {}, {}, { shard: keys });
    await controller.start();
    await world.clock.advance(10);
    await world.configMap("b", { changed: "yes" });
    await world.clock.advance(10);
    expect(seen).toEqual(["a"]);
    keys.mine = new Set(["demo/b"]);
    keys.changed();
    await world.clock.advance(10);
    expect(seen).toEqual(["a", "b"]);
    expect(world.ledger.entries({ name: "b" })).toMatchObject([{ causes: [{ type: "rebalance" }] }]);
    await controller.stop(0);
    keys.changed();
    expect(controller.queueReport()).toMatchObject({ ready: {} });
  });

  test("asks again when a key is taken, and before each write", async () => {
    for (const name of ["a", "b"]) await world.configMap(name);
    const keys = shard("demo/a", "demo/b");
    const seen: string[] = [];
    await world
      .make(
        async ({ request, client }) => {
          seen.push(request.name);
          keys.mine = new Set();
          await client.patchMerge(ConfigMap, request, { data: { late: "yes" } });
        },
        {},
        {},
        { shard: keys },
      )
      .start();
    await world.clock.advance(60_000);
    expect(seen).toEqual(["a"]);
    expect((await world.admin.get(ConfigMap, demo("a"))).data).toBeUndefined();
    expect(world.ledger.entries()).toMatchObject([{ name: "a", outcome: "skipped", writes: [] }]);
  });

  test("releases keys when what runs for them has ended, and drops those that are queued", async () => {
    for (const name of ["a", "b", "c"]) await world.configMap(name);
    const keys = shard("demo/a", "demo/b", "demo/c");
    const seen: string[] = [];
    await world
      .make(
        async ({ request, clock }) => {
          seen.push(request.name);
          await sleep(clock, 1_000);
        },
        {},
        {},
        { shard: keys },
      )
      .start();
    await world.clock.advance(10);
    keys.mine = new Set(["demo/c"]);
    let released = false;
    void keys.released().then(() => (released = true));
    await world.clock.advance(500);
    expect(released).toBe(false);
    await world.clock.advance(500);
    expect({ released, seen }).toEqual({ released: true, seen: ["a", "c"] });
  });

  test("finds the keys of a controller without a kind through its watches", async () => {
    await world.configMap("a");
    const keys = shard();
    const seen: string[] = [];
    const zones = enqueueRequestsFromMapFunction<ConfigMap>(({ metadata }) => [{ name: `zone-${metadata.name}` }]);
    const watches = [{ resource: ConfigMap, handler: zones, predicates: [], namespace: "demo" }];
    const controller = world.make(
      async ({ request }) => void seen.push(request.name),
      {},
      { name: "zones", for: undefined as never, watches },
      { shard: keys },
    );
    await controller.start();
    keys.mine = new Set(["zone-a"]);
    keys.changed();
    await world.clock.advance(10);
    expect(seen).toEqual(["zone-a"]);
  });
});
