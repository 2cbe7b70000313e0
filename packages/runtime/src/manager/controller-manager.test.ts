import { request } from "node:http";
import { createVirtualClock, forbidden, notFound, type VirtualClock } from "@homeostat/api";
import { Registry } from "prom-client";
import { afterEach, describe, expect, test } from "vitest";
import type { Cache } from "../cache/cache.ts";
import { controllerFor } from "../controller/builder.ts";
import { FakeCluster } from "../controller/fake-cluster.test-support.ts";
import { Widget } from "../controller/world.test-support.ts";
import { silentLogger } from "../log.ts";
import { ControllerManager, type ManagerParts } from "./controller-manager.ts";

const managers: ControllerManager[] = [];

afterEach(async () => {
  for (const manager of managers.splice(0)) await manager.stop().catch(() => {});
});

interface Setup {
  readonly clock: VirtualClock;
  readonly cluster: FakeCluster;
  readonly manager: ControllerManager;
  readonly order: string[];
}

function setUp(parts: Partial<ManagerParts> = {}): Setup {
  const clock = createVirtualClock();
  const cluster = new FakeCluster(clock);
  const order: string[] = [];
  const cache: Cache = { ...cluster.cache, stop: async () => void order.push("cache") };
  const manager = new ControllerManager({
    client: cluster.client(),
    cache,
    recorder: { event() {}, for: () => ({ normal() {}, warning() {} }), stop: async () => void order.push("recorder") },
    registry: new Registry(),
    log: silentLogger,
    clock,
    random: () => 0.5,
    close: () => void order.push("close"),
    ...parts,
  });
  managers.push(manager);
  return { clock, cluster, manager, order };
}

/** A connection of its own for each request: a pooled one would outlive the server it leads to. */
const get = (address: string | undefined, path: string, method = "GET") =>
  new Promise<{ status: number | undefined; body: string; sniff: unknown }>((resolve, reject) => {
    const outgoing = request(`http://${address}${path}`, { agent: false, method }, async (response) => {
      const body = (await response.toArray()).join("");
      resolve({ status: response.statusCode, body, sniff: response.headers["x-content-type-options"] });
    });
    outgoing.on("error", reject).end();
  });

const idle = (name: string, ended: string[] = []) => ({
  name,
  run: (signal: AbortSignal) =>
    new Promise<void>((resolve) =>
      signal.addEventListener("abort", () => {
        ended.push(name);
        resolve();
      }),
    ),
});

describe("manager", () => {
  test("runs controllers and records what they did", async () => {
    const seen: string[] = [];
    const { clock, cluster, manager } = setUp({ onReconciled: (entry) => void seen.push(entry.name) });
    manager.add(controllerFor(Widget).reconcile(async () => {}));
    await manager.start();
    await cluster.client().create(Widget, { metadata: { name: "a", namespace: "demo" } });
    await clock.advance(10);
    expect(seen).toEqual(["a"]);
    manager.trigger("widget", { namespace: "demo", name: "a" }, "asked by a test");
    await clock.settle();
    expect(manager.ledger.entries({ name: "a" }).at(-1)?.causes).toEqual([
      { type: "manual", reason: "asked by a test" },
    ]);
  });

  test("M04 starts what is added later at once, and refuses it while stopping", async () => {
    const { clock, manager } = setUp();
    await manager.start();
    let ran = false;
    manager.add({ name: "late", run: async () => void (ran = true) });
    await clock.settle();
    expect(ran).toBe(true);
    await manager.stop();
    expect(() => manager.add(idle("too-late"))).toThrow("the manager is stopping");
  });

  test("M05 ends with the error of a runnable, after stopping the others", async () => {
    const { clock, manager } = setUp();
    const ended: string[] = [];
    manager.add(idle("steady", ended));
    manager.add({ name: "broken", run: () => Promise.reject(new Error("no disk")) });
    await manager.start().catch(() => {});
    await clock.settle();
    await expect(manager.ended).rejects.toThrow("no disk");
    expect(ended).toEqual(["steady"]);
  });

  test("M06 M08 names what did not stop in time, with both errors", async () => {
    const { clock, manager } = setUp({ gracefulShutdownMs: 1_000 });
    let fail = (_: Error): void => {};
    manager.add({ name: "stuck", run: () => new Promise(() => {}) });
    manager.add({ name: "broken", run: () => new Promise((_, reject) => (fail = reject)) });
    await manager.start();
    fail(new Error("no disk"));
    await clock.advance(1_000);
    await expect(manager.ended).rejects.toMatchObject({
      message: "no disk; and not stopped within 1000 ms: stuck",
      errors: [{ message: "no disk" }, { message: "not stopped within 1000 ms: stuck" }],
    });
  });

  test("M07 M09 stops in order, once, without an error", async () => {
    const { manager, order } = setUp();
    manager.add(idle("runnable", order));
    await manager.start();
    await Promise.all([manager.stop(), manager.stop()]);
    await manager.ended;
    expect(order).toEqual(["runnable", "cache", "recorder", "close"]);
  });

  test("M10 refuses to start twice", async () => {
    const { manager } = setUp();
    await manager.start();
    await expect(manager.start()).rejects.toThrow("started already");
  });

  test("M11 fails to start when an address is taken, naming it", async () => {
    const first = setUp({ healthAddress: "127.0.0.1:0" });
    await first.manager.start();
    const { manager } = setUp({ healthAddress: first.manager.healthAddress! });
    await expect(manager.start()).rejects.toThrow(`listen on ${first.manager.healthAddress}`);
  });

  test("M17 ends a start that waits for its caches when it is stopped", async () => {
    const never: Cache = {
      watch: ((resource: typeof Widget) => ({
        store: { resource },
        synced: (signal: AbortSignal) =>
          new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
        stop() {},
      })) as unknown as Cache["watch"],
      store: () => undefined,
      unwatched: "live",
      ensure: async () => undefined,
      remove() {},
      setNamespaces() {},
      stop: async () => {},
    };
    const { manager } = setUp({ cache: never });
    manager.add(controllerFor(Widget).reconcile(async () => {}));
    const starting = manager.start();
    await manager.stop();
    await starting;
    await manager.ended;
  });

  test("C28 C31 wants unique names, within itself only", () => {
    const { manager } = setUp();
    const other = setUp().manager;
    const definition = controllerFor(Widget).reconcile(async () => {});
    manager.add(definition);
    other.add(definition);
    expect(() => manager.add(definition)).toThrow('cannot add "widget"');
  });

  test("H11 answers probes", async () => {
    const { manager } = setUp({ healthAddress: "127.0.0.1:0" });
    await manager.start();
    const address = manager.healthAddress;
    expect(await get(address, "/healthz")).toEqual({ status: 200, body: "ok", sniff: "nosniff" });
    expect(await get(address, "/healthz/ping")).toMatchObject({ status: 200 });
    manager.addReadyCheck("database", () => Promise.reject(new Error("connection refused")));
    const ready = await get(address, "/readyz");
    expect(ready).toMatchObject({ status: 500, body: expect.stringContaining("[-]database failed: reason withheld") });
    expect(ready.body).toContain("[+]informer-sync ok");
    expect(ready.body).not.toContain("refused");
    expect(await get(address, "/readyz/database")).toMatchObject({ status: 500, body: "connection refused\n" });
    expect(await get(address, "/readyz?exclude=database")).toMatchObject({ status: 200, body: "ok" });
    expect(await get(address, "/readyz?verbose&exclude=database&exclude=unknown")).toMatchObject({
      status: 200,
      body: expect.stringMatching(/\[\+\]database excluded: ok\n.*\n?warn: .*unknown/s),
    });
    expect(await get(address, "/readyz/unknown")).toMatchObject({ status: 404 });
    expect(await get(address, "/")).toMatchObject({ status: 404 });
  });

  test("M18 M19 says which rule or CustomResourceDefinition a watch lacks, until it works", async () => {
    let watched = false;
    const { manager } = setUp({ healthAddress: "127.0.0.1:0", isWatched: () => watched });
    await manager.start();
    manager.watchFailed(Widget, forbidden(Widget, "", "no"));
    expect((await get(manager.healthAddress, "/readyz/informer-sync")).body).toBe(
      'watching widgets.example.com is not permitted: add the rule {apiGroups: ["example.com"], resources: ["widgets"], verbs: ["get", "list", "watch"]} to a ClusterRole of this service account\n',
    );
    manager.watchFailed(Widget, notFound(Widget, ""));
    expect((await get(manager.healthAddress, "/readyz/informer-sync")).body).toContain(
      "install its CustomResourceDefinition widgets.example.com",
    );
    watched = true;
    expect((await get(manager.healthAddress, "/readyz")).status).toBe(200);
  });

  test("M12 serves metrics where asked, together with probes on one address, or nowhere", async () => {
    const off = setUp({ metricsAddress: "0" });
    await off.manager.start();
    expect(off.manager.metricsAddress).toBeUndefined();
    const { manager } = setUp({ metricsAddress: "127.0.0.1:0" });
    manager.add(controllerFor(Widget).reconcile(async () => {}));
    await manager.start();
    const metrics = await get(manager.metricsAddress, "/metrics");
    expect(metrics.body).toContain('controller_runtime_reconcile_total{controller="widget",result="success"} 0');
    expect((await get(manager.metricsAddress, "/metrics", "POST")).status).toBe(405);
    const both = manager.metricsAddress!;
    await manager.stop();
    const shared = setUp({ metricsAddress: both, healthAddress: both }).manager;
    await shared.start();
    expect((await get(both, "/metrics")).status).toBe(200);
    expect((await get(both, "/healthz")).status).toBe(200);
  });
});

describe("manager, disturbed", () => {
  test("leaves nothing behind when it is stopped before its servers listen", async () => {
    const { clock, manager } = setUp({ healthAddress: "127.0.0.1:0" });
    const ran: string[] = [];
    manager.add({ name: "runnable", run: async () => void ran.push("runnable") });
    manager.add(controllerFor(Widget).reconcile(async () => {}));
    const starting = manager.start();
    await manager.stop();
    await starting;
    await manager.ended;
    await clock.settle();
    expect(ran).toEqual([]);
    await expect(get(manager.healthAddress, "/healthz")).rejects.toThrow("ECONNREFUSED");
  });

  test("takes a controller that is added while it starts", async () => {
    const seen: string[] = [];
    const { clock, cluster, manager } = setUp({ healthAddress: "127.0.0.1:0" });
    const starting = manager.start();
    manager.add(controllerFor(Widget).reconcile(async ({ request }) => void seen.push(request.name)));
    await starting;
    await cluster.client().create(Widget, { metadata: { name: "a", namespace: "demo" } });
    await clock.advance(10);
    expect(seen).toEqual(["a"]);
  });

  test("goes on, and says so, when a listener of the ledger throws", async () => {
    const lines: string[] = [];
    const log = { ...silentLogger, error: (_: unknown, message: string) => void lines.push(message) };
    const { clock, cluster, manager } = setUp({
      log: { ...log, child: () => log },
      onReconciled: () => {
        throw new Error("listener is broken");
      },
    });
    manager.add(controllerFor(Widget).reconcile(async () => {}));
    await manager.start();
    await cluster.client().create(Widget, { metadata: { name: "a", namespace: "demo" } });
    await clock.advance(10);
    expect(manager.ledger.entries({ name: "a" })).toMatchObject([{ outcome: "success" }]);
    expect(lines).toEqual(["Listener of the ledger failed"]);
  });

  test("ends though a part of it fails to stop, or never does", async () => {
    const cluster = new FakeCluster(createVirtualClock());
    const { clock, manager, order } = setUp({
      gracefulShutdownMs: 1_000,
      cache: { ...cluster.cache, stop: () => new Promise(() => {}) },
      recorder: {
        event() {},
        for: () => ({ normal() {}, warning() {} }),
        stop: () => Promise.reject(new Error("recorder is broken")),
      },
    });
    await manager.start();
    void manager.stop();
    await clock.advance(1_000);
    await expect(manager.ended).rejects.toThrow("not stopped within 1000 ms: cache");
    expect(order).toEqual(["close"]);
  });
});
