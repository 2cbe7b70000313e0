import { createServer } from "node:net";
import { ConfigMap, CustomResourceDefinition, defineResource, intercept, Namespace, Secret } from "@homeostat/api";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { controllerFor } from "../controller/builder.ts";
import { clusterOn, get, keepingLog, ManagerWorld, told } from "./manager-world.test-support.ts";
import { ShutdownTimeoutError } from "./shutdown-timeout.ts";

const Gadget = defineResource({ group: "example.com", version: "v1", kind: "Gadget", spec: z.object({}) });
const leaderElection = { id: "operator", namespace: "ops", identity: "a" };
const never = (): Promise<never> => new Promise(() => {});

let world: ManagerWorld;

beforeEach(async () => {
  world = await ManagerWorld.create();
});

afterEach(() => world.end());

describe("starting", () => {
  test("M01 goes from servers over webhooks, synced caches, others and warm-up to what leads", async () => {
    const order: string[] = [];
    let sync = (): void => {};
    const manager = world.manager({ leaderElection });
    // Added the other way round.
    manager.add(told(order, "leader", { warmup: async () => void order.push("leader warms up") }));
    manager.add(told(order, "others", { group: "others" }));
    const ready = () =>
      new Promise<void>((resolve) => (sync = resolve)).then(() => void order.push("caches are in sync"));
    manager.add(told(order, "caches", { group: "caches", ready }));
    manager.add(told(order, "webhooks", { group: "webhooks" }));
    manager.add(told(order, "servers", { group: "servers" }));
    const starting = manager.start();
    await world.clock.settle();
    expect(order).toEqual(["servers runs", "webhooks runs", "caches runs"]);
    sync();
    await starting;
    await world.drive(manager.elected);
    await world.clock.settle();
    expect(order).toEqual([
      "servers runs",
      "webhooks runs",
      "caches runs",
      "caches are in sync",
      "others runs",
      "leader warms up",
      "leader runs",
    ]);
  });

  test("M02 answers probes and webhooks while caches cannot sync", async () => {
    const order: string[] = [];
    const manager = world.manager({ healthAddress: "127.0.0.1:0" });
    manager.add(controllerFor(Gadget).reconcile(async () => {}));
    manager.add(told(order, "webhooks", { group: "webhooks" }));
    manager.add(told(order, "caches", { group: "caches", ready: never }));
    void manager.start();
    await vi.waitFor(() => expect(order).toEqual(["webhooks runs", "caches runs"]));
    expect(await get(manager.healthAddress, "/healthz")).toMatchObject({ status: 200 });
  });

  test("M03 reconciles nothing before the caches of engaged clusters are in sync", async () => {
    const seen: string[] = [];
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const east = await ManagerWorld.create(world.clock);
    const gated = intercept(east.server.transport(), (next) => async (request) => {
      await gate;
      return next(request);
    });
    const manager = world.manager();
    manager.add(
      controllerFor(Secret, { clusters: "all" }).reconcile(
        async ({ request }) => void seen.push(`${request.cluster ?? "own"} ${request.name}`),
      ),
    );
    await world.admin.create(Secret, { metadata: { namespace: "demo", name: "here" } });
    await east.admin.create(Secret, { metadata: { namespace: "demo", name: "there" } });
    await manager.clusters.engage(clusterOn(world, "east", gated));
    const starting = manager.start();
    await world.clock.advance(60_000);
    expect(seen).toEqual([]);
    open();
    await world.drive(starting);
    await world.clock.settle();
    expect(seen.toSorted()).toEqual(["east there", "own here"]);
    await manager.stop();
    await east.end();
  });

  test("M03 starts the caches of a cluster at once that is engaged later", async () => {
    const seen: string[] = [];
    const west = await ManagerWorld.create(world.clock);
    const manager = world.manager();
    manager.add(
      controllerFor(Secret, { clusters: "all" }).reconcile(async ({ request }) => void seen.push(`${request.cluster}`)),
    );
    await world.drive(manager.start());
    await west.admin.create(Secret, { metadata: { namespace: "demo", name: "there" } });
    await world.drive(manager.clusters.engage(clusterOn(world, "west", west.server.transport())));
    await world.clock.settle();
    expect(seen).toEqual(["west"]);
    expect(manager.clusters.names).toEqual(["west"]);
    await expect(manager.clusters.engage(clusterOn(world, "west", west.server.transport()))).rejects.toThrow(
      'cannot engage cluster "west": one of that name is engaged',
    );
    await world.drive(manager.clusters.disengage("west"));
    await west.admin.create(Secret, { metadata: { namespace: "demo", name: "more" } });
    await world.clock.settle();
    expect(seen).toEqual(["west"]);
    await manager.stop();
    await west.end();
  });

  test("M04 starts what is added later at once, in every group", async () => {
    const order: string[] = [];
    const manager = world.manager();
    await manager.start();
    for (const group of ["servers", "webhooks", "caches", "others", "leader"] as const)
      manager.add(told(order, group, { group }));
    expect(order).toEqual(["servers runs", "webhooks runs", "caches runs", "others runs", "leader runs"]);
  });

  test("M04 starts what is added for the leader when it leads, not before", async () => {
    const order: string[] = [];
    const first = world.manager({ leaderElection });
    await first.start();
    await world.drive(first.elected);
    const second = world.manager({ leaderElection: { ...leaderElection, identity: "b" } });
    await second.start();
    second.add(told(order, "late", { warmup: async () => void order.push("late warms up") }));
    await world.clock.advance(60_000);
    expect(order).toEqual(["late warms up"]);
    await world.drive(first.stop());
    await world.drive(second.elected);
    await world.clock.settle();
    expect(order).toEqual(["late warms up", "late runs"]);
  });

  test.each([
    ["answers false", async () => false, 'runnable "caches" is not ready, it says'],
    ["fails", () => Promise.reject(new Error("no disk")), 'runnable "caches" is not ready: no disk'],
  ])("M16 starts nothing after a group of which one %s when asked whether it is ready", async (_, ready, message) => {
    const order: string[] = [];
    const manager = world.manager();
    manager.add(told(order, "others", { group: "others" }));
    manager.add(told(order, "caches", { group: "caches", ready }));
    await expect(manager.start()).rejects.toThrow(message);
    await expect(manager.ended).rejects.toThrow(message);
    expect(order).toEqual(["caches runs", "caches ends"]);
  });

  test.each(["servers", "webhooks", "caches", "others", "leader"] as const)(
    "M17 ends promptly when it is stopped while %s are not ready",
    async (group) => {
      const order: string[] = [];
      const manager = world.manager();
      manager.add(told(order, "waiting", { group, ready: never }));
      const starting = manager.start();
      await world.clock.settle();
      const from = world.clock.monotonic();
      const timer = world.clock.next();
      await manager.stop();
      await starting;
      await manager.ended;
      expect(order).toEqual(["waiting runs", "waiting ends"]);
      expect(world.clock.monotonic()).toBe(from);
      expect(world.clock.next()).toBe(timer);
    },
  );

  test("M17 ends promptly when it is stopped while a kind is missing", async () => {
    const manager = world.manager();
    manager.add(controllerFor(Gadget).reconcile(async () => {}));
    const starting = manager.start();
    await world.clock.advance(30_000);
    const from = world.clock.monotonic();
    await manager.stop();
    await starting;
    await manager.ended;
    expect(world.clock.monotonic()).toBe(from);
  });

  test("M11 runs nothing when an address is in use", async () => {
    const order: string[] = [];
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    const port = typeof address === "object" ? address?.port : undefined;
    for (const field of ["healthAddress", "profilingAddress", "metricsAddress"] as const) {
      const manager = world.manager({ [field]: `127.0.0.1:${port}` });
      for (const group of ["servers", "webhooks", "leader"] as const) manager.add(told(order, group, { group }));
      await expect(manager.start()).rejects.toThrow(`listen on 127.0.0.1:${port}`);
    }
    expect(order).toEqual([]);
    taken.close();
  });

  test("M15 does not change what it is given", async () => {
    const { clock } = world;
    const options = Object.freeze({
      clock,
      interceptors: Object.freeze([]),
      controller: Object.freeze({ concurrency: 2 }),
      leaderElection: Object.freeze({ ...leaderElection, labels: Object.freeze({ app: "x" }) }),
    });
    const definition = Object.freeze(controllerFor(ConfigMap).reconcile(async () => {}));
    const before = JSON.stringify([options.leaderElection, options.controller, definition.options]);
    const manager = world.manager(options);
    manager.add(definition);
    await manager.start();
    await world.drive(manager.elected);
    await world.drive(manager.stop());
    expect(JSON.stringify([options.leaderElection, options.controller, definition.options])).toBe(before);
  });

  test("M18 says within seconds which permission a declared watch lacks, and where", async () => {
    const lines: string[] = [];
    const restricted = world.server.transport({ username: "restricted", groups: ["system:authenticated"] });
    const options = { transport: restricted, namespace: "demo", log: keepingLog(lines), healthAddress: "127.0.0.1:0" };
    const manager = world.manager(options);
    manager.add(controllerFor(Secret).reconcile(async () => {}));
    void manager.start();
    await vi.waitFor(() => expect(manager.healthAddress).toBeDefined());
    await world.clock.advance(3_000);
    const reason =
      'watching secrets is not permitted: add the rule {apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "watch"]} to a Role in namespace demo of this service account';
    expect(lines).toContain(`Watch does not work ${reason}`);
    expect((await get(manager.healthAddress, "/readyz/informer-sync")).body).toContain(reason);
  });

  test("M18 names every namespace that is watched, and only where the kind has any", async () => {
    const lines: string[] = [];
    const restricted = world.server.transport({ username: "restricted", groups: ["system:authenticated"] });
    const manager = world.manager({ transport: restricted, namespaces: ["demo", "ops"], log: keepingLog(lines) });
    manager.add(controllerFor(Secret).reconcile(async () => {}));
    manager.add(controllerFor(Namespace).reconcile(async () => {}));
    void manager.start();
    await world.clock.advance(3_000);
    expect(lines.find((line) => line.includes("watching secrets"))).toContain(
      "to a Role in namespace demo, and one in ops of this service account",
    );
    expect(lines.find((line) => line.includes("watching namespaces"))).toContain("to a ClusterRole of");
  });

  test("M19 runs other controllers while a kind is missing, names it in readiness, and starts when it appears", async () => {
    const seen: string[] = [];
    const manager = world.manager({ healthAddress: "127.0.0.1:0" });
    manager.add(controllerFor(Secret).reconcile(async ({ request }) => void seen.push(request.name)));
    manager.add(controllerFor(Gadget).reconcile(async ({ request }) => void seen.push(request.name)));
    const starting = manager.start();
    await vi.waitFor(() => expect(manager.healthAddress).toBeDefined());
    await world.admin.create(Secret, { metadata: { namespace: "demo", name: "secret" } });
    await world.clock.until(() => seen.includes("secret"), "the Secret");
    expect(await get(manager.healthAddress, "/readyz/informer-sync")).toMatchObject({
      status: 500,
      body: expect.stringMatching(/CustomResourceDefinition gadgets\.example\.com.*controller "gadget" waits for/),
    });
    await world.admin.create(CustomResourceDefinition, Gadget.crd());
    await world.drive(starting);
    await world.admin.create(Gadget, Gadget.object({ metadata: { namespace: "demo", name: "gadget" }, spec: {} }));
    await world.clock.until(() => seen.includes("gadget"), "the Gadget");
    expect(await get(manager.healthAddress, "/readyz")).toMatchObject({ status: 200 });
  });
});

describe("stopping", () => {
  test("M08 waits for nothing when the grace period is 0", async () => {
    const manager = world.manager({ gracefulShutdownMs: 0 });
    manager.add({ name: "stuck", run: never });
    await manager.start();
    const from = world.clock.monotonic();
    await manager.stop();
    await manager.ended;
    expect(world.clock.monotonic()).toBe(from);
  });

  test("M08 waits for ever when it is negative", async () => {
    let end = (): void => {};
    const manager = world.manager({ gracefulShutdownMs: -1 });
    manager.add({ name: "slow", run: () => new Promise((resolve) => (end = resolve)) });
    await manager.start();
    let stopped = false;
    const stopping = manager.stop().then(() => (stopped = true));
    await world.clock.advance(24 * 3_600_000);
    expect(stopped).toBe(false);
    end();
    await stopping;
    await manager.ended;
  });

  test.each(["others", "leader", "caches", "webhooks", "servers"] as const)(
    "M08 fails after the grace period, naming it and what of %s is stuck",
    async (group) => {
      const manager = world.manager({ gracefulShutdownMs: 1_000 });
      manager.add({ name: "stuck", group, run: never });
      await manager.start();
      const from = world.clock.monotonic();
      const stopping = manager.stop();
      await world.clock.advance(999);
      const ended = vi.fn();
      void manager.ended.catch(ended);
      await world.clock.settle();
      expect(ended).not.toHaveBeenCalled();
      await world.clock.advance(1);
      await expect(stopping).rejects.toThrow(new ShutdownTimeoutError(1_000, ["stuck"]));
      await expect(manager.ended).rejects.toThrow("not stopped within 1000 ms: stuck");
      expect(world.clock.monotonic() - from).toBe(1_000);
    },
  );

  test("M08 lets a reconcile finish for half the time when another runnable is stuck", async () => {
    let finished = false;
    const manager = world.manager({ gracefulShutdownMs: 20_000 });
    manager.add({ name: "stuck", group: "others", run: never });
    manager.add(
      controllerFor(Secret).reconcile(async ({ clock, signal }) => {
        await new Promise<void>((resolve) => clock.setTimer(resolve, 14_000));
        finished = !signal.aborted;
      }),
    );
    await world.drive(manager.start());
    await world.admin.create(Secret, { metadata: { namespace: "demo", name: "a" } });
    await world.clock.settle();
    const stopping = manager.stop();
    stopping.catch(() => {});
    await world.clock.advance(20_000);
    await expect(stopping).rejects.toThrow("not stopped within 20000 ms: stuck");
    expect(finished).toBe(true);
  });

  test("M09 goes from others over controllers, caches, webhooks and servers to the election, then events", async () => {
    const order: string[] = [];
    const note = intercept(world.server.transport(), (next) => (request) => {
      const { method, path, body } = request;
      if (path.includes("/leases") && method === "PUT" && /"leaseDurationSeconds":1\b/.test(String(body)))
        order.push("lease is released");
      if (path.includes("/events") && String(body).includes("stopped leading")) order.push("event is written");
      return next(request);
    });
    const manager = world.manager({ transport: note, leaderElection });
    for (const group of ["servers", "webhooks", "caches", "others", "leader"] as const)
      manager.add(told(order, group, { group }));
    manager.add(
      controllerFor(Secret).reconcile(async ({ signal }) => {
        order.push("reconcile runs");
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        order.push("reconcile ends");
      }),
    );
    await manager.start();
    await world.drive(manager.elected);
    await world.admin.create(Secret, { metadata: { namespace: "demo", name: "a" } });
    await world.clock.until(() => order.includes("reconcile runs"), "the reconcile");
    order.length = 0;
    await world.drive(manager.stop());
    expect(order).toEqual([
      "others ends",
      "leader ends",
      "reconcile ends",
      "caches ends",
      "webhooks ends",
      "servers ends",
      "lease is released",
      "event is written",
    ]);
  });

  test("M05 M06 ends with what failed first, others being stopped; later failures are logged", async () => {
    const lines: string[] = [];
    const order: string[] = [];
    let fail = (_: Error): void => {};
    const manager = world.manager({ log: keepingLog(lines) });
    manager.add(told(order, "steady"));
    const late = (signal: AbortSignal): Promise<void> =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("late"))));
    manager.add({ name: "late", run: late });
    manager.add({ name: "broken", run: () => new Promise((_, reject) => (fail = reject)) });
    await manager.start();
    fail(new Error("no disk"));
    await expect(manager.ended).rejects.toThrow("no disk");
    expect(order).toEqual(["steady runs", "steady ends"]);
    expect(lines).toContain("Runnable failed while stopping Error: late");
  });
});

describe("options", () => {
  test("works in the namespaces it is given, and no others", async () => {
    const seen: string[] = [];
    const manager = world.manager({ namespaces: ["demo"] });
    manager.add(controllerFor(Secret).reconcile(async ({ request }) => void seen.push(`${request.namespace}`)));
    for (const namespace of ["demo", "ops"]) await world.admin.create(Secret, { metadata: { namespace, name: "a" } });
    await world.drive(manager.start());
    await world.clock.advance(1_000);
    expect(seen).toEqual(["demo"]);
  });

  test("gives its defaults to controllers that do not say otherwise", async () => {
    let running = 0;
    let most = 0;
    const manager = world.manager({ controller: { concurrency: 3 } });
    const work = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => world.clock.setTimer(resolve, 10));
      running--;
    };
    manager.add(controllerFor(Secret).reconcile(work));
    for (const name of ["a", "b", "c", "d"])
      await world.admin.create(Secret, { metadata: { namespace: "demo", name } });
    await world.drive(manager.start());
    await world.clock.advance(1_000);
    expect(most).toBe(3);
  });

  test("allows two controllers of one name where names are not checked", async () => {
    const seen: string[] = [];
    const manager = world.manager({ skipNameValidation: true });
    manager.add(controllerFor(Secret, { name: "same" }).reconcile(async () => void seen.push("first")));
    manager.add(controllerFor(Secret, { name: "same" }).reconcile(async () => void seen.push("second")));
    await world.drive(manager.start());
    await world.admin.create(Secret, { metadata: { namespace: "demo", name: "a" } });
    await world.clock.advance(100);
    expect(seen.toSorted()).toEqual(["first", "second"]);
  });
});
