import { ConfigMap, EventsV1Event, Lease, Role, RoleBinding, Secret } from "@homeostat/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { controllerFor } from "../controller/builder.ts";
import type { ControllerOptions } from "../controller/definition.ts";
import { FreezableProcess } from "../leader-election/election.test-support.ts";
import { LeadershipLostError, NotLeaderError } from "../leader-election/leadership.ts";
import type { Manager, ManagerOptions } from "./manager.ts";
import { get, ManagerWorld, told } from "./manager-world.test-support.ts";

let world: ManagerWorld;

beforeEach(async () => {
  world = await ManagerWorld.create();
});

afterEach(() => world.end());

interface Replica {
  readonly manager: Manager;
  readonly process: FreezableProcess;
  readonly ended: { readonly error: unknown }[];
}

/** A process of its own with a manager in it. */
function replica(identity: string, options: ManagerOptions = {}): Replica {
  const process = new FreezableProcess(world.clock, world.server.transport());
  const { clock, transport } = process;
  const leaderElection = { id: "operator", namespace: "ops", identity };
  const manager = world.manager({ name: "operator", clock, transport, leaderElection, ...options });
  const ended: { error: unknown }[] = [];
  manager.ended.then(
    () => ended.push({ error: undefined }),
    (error: unknown) => ended.push({ error }),
  );
  return { manager, process, ended };
}

/** Writes a ConfigMap for every Secret, and says who did. */
const writer = (who: string, options: ControllerOptions = {}) =>
  controllerFor(Secret, { name: "writer", ...options }).reconcile(async ({ request, client }) => {
    const { namespace, name } = request;
    await client.apply(ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { namespace: namespace!, name },
      data: { by: who },
    });
  });

const secret = (name: string) => world.admin.create(Secret, { metadata: { namespace: "demo", name } });
const writtenBy = async (name: string) =>
  (await world.admin.find(ConfigMap, { namespace: "demo", name }))?.data?.["by"];
const holder = async () =>
  (await world.admin.find(Lease, { namespace: "ops", name: "operator" }))?.spec?.holderIdentity;
const leads = ({ manager }: Replica) => world.clock.until(() => manager.isLeader, "an election");
const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => "written",
    (error: unknown) => error,
  );

describe("a manager that elects a leader", () => {
  test("L15 leads at once where nobody is elected", async () => {
    const manager = world.manager();
    await manager.elected;
    expect(manager.isLeader).toBe(true);
    expect(manager.unfencedClient).toBe(manager.client);
  });

  test("L11 L12 cannot be made with options that are not safe", () => {
    const make = (leaderElection: ManagerOptions["leaderElection"] & object) => () => world.manager({ leaderElection });
    expect(make({ id: "" })).toThrow("leaderElection.id is missing");
    expect(make({ id: "operator" })).toThrow("leaderElection.namespace is missing, and this is no pod");
    expect(make({ id: "a", namespace: "ops", leaseDurationMs: 1_000 })).toThrow("must be greater than renewDeadlineMs");
    const both = {
      leaderElection: { id: "a", namespace: "ops" },
      leadership: { elected: Promise.resolve(), isProven: () => true, holder: "a" },
    };
    expect(() => world.manager(both)).toThrow("leaderElection and leadership both say who leads");
  });

  test("stands by with its caches filled, and works from the moment it leads", async () => {
    const a = replica("a");
    const b = replica("b");
    for (const one of [a, b]) one.manager.add(writer(one === a ? "a" : "b"));
    await world.drive(a.manager.start());
    await leads(a);
    await world.drive(b.manager.start());
    await secret("first");
    await world.clock.advance(5_000);
    expect(await writtenBy("first")).toBe("a");
    expect(b.manager.ledger.entries()).toEqual([]);
    b.process.sent.length = 0;
    await world.drive(a.manager.stop());
    await leads(b);
    await world.clock.settle();
    // The secret was in its queue: no list, no watch had to come first.
    expect(await writtenBy("first")).toBe("b");
    expect(b.process.sent.filter(({ request }) => request.includes("secrets"))).toEqual([]);
  });

  test("does not stand by where it is told not to", async () => {
    const a = replica("a");
    await a.manager.start();
    await leads(a);
    const b = replica("b", { controller: { warmup: false } });
    b.manager.add(writer("b"));
    await b.manager.start();
    await world.clock.advance(30_000);
    expect(b.process.sent.some(({ request }) => request.includes("secrets"))).toBe(false);
  });

  test("writes on every replica only what needs no leader, or is asked to", async () => {
    const a = replica("a");
    await a.manager.start();
    await leads(a);
    const b = replica("b");
    b.manager.add(writer("everyone", { name: "everywhere", needLeaderElection: false } as ControllerOptions));
    await world.drive(b.manager.start());
    await secret("anywhere");
    await world.clock.advance(1_000);
    expect(await writtenBy("anywhere")).toBe("everyone");
    const object = { metadata: { namespace: "demo", name: "by-hand" } };
    expect(await outcome(b.manager.client.create(ConfigMap, object))).toMatchObject({
      code: "NOT_LEADER",
      holder: "a",
    });
    expect(await outcome(b.manager.unfencedClient.create(ConfigMap, object))).toBe("written");
    await b.manager.client.get(ConfigMap, { namespace: "demo", name: "by-hand" });
  });

  test("L06 L07 ends without waiting when it cannot renew, before another leads", async () => {
    const a = replica("a");
    let aborted = false;
    let late: unknown;
    a.manager.add(
      controllerFor(Secret).reconcile(({ signal, client }) => {
        signal.addEventListener("abort", () => {
          aborted = true;
          late = outcome(client.create(ConfigMap, { metadata: { namespace: "demo", name: "late" } }));
        });
        return new Promise(() => {});
      }),
    );
    await world.drive(a.manager.start());
    await leads(a);
    await secret("a");
    const b = replica("b");
    await b.manager.start();
    await world.clock.advance(10_000);
    a.process.interfere = ({ path }) => {
      if (path.includes("/leases/")) throw new Error("network is unreachable");
    };
    const from = world.clock.monotonic();
    await world.clock.until(() => a.ended.length > 0, "the end");
    expect(world.clock.monotonic() - from).toBeLessThanOrEqual(10_000);
    expect(a.ended[0]?.error).toBeInstanceOf(LeadershipLostError);
    await world.clock.advance(0);
    expect(aborted).toBe(true);
    expect(await late).toBeInstanceOf(NotLeaderError);
    expect(b.manager.isLeader).toBe(false);
    await leads(b);
    // Nothing stands for election again in the process that lost.
    await world.clock.advance(120_000);
    expect(a.manager.isLeader).toBe(false);
    expect(await holder()).toBe("b");
  });

  test("L08 releases the lease when all that leads has ended, not before", async () => {
    const a = replica("a");
    let end = (): void => {};
    a.manager.add({ name: "slow", run: () => new Promise((resolve) => (end = resolve)) });
    await a.manager.start();
    await leads(a);
    await world.clock.settle();
    const stopping = a.manager.stop();
    await world.clock.advance(20_000);
    // Held, and renewed, while it winds down.
    expect(await holder()).toBe("a");
    expect(a.manager.isLeader).toBe(true);
    end();
    await world.drive(stopping);
    expect(await holder()).toBeUndefined();
    expect(a.manager.isLeader).toBe(false);
  });

  test("L08 keeps the lease when something that leads does not end", async () => {
    const a = replica("a");
    a.manager.add({ name: "stuck", run: () => new Promise(() => {}) });
    await a.manager.start();
    await leads(a);
    await world.clock.settle();
    await expect(world.drive(a.manager.stop())).rejects.toThrow("not stopped within 30000 ms: stuck");
    expect(await holder()).toBe("a");
    expect(a.manager.isLeader).toBe(false);
  });

  test("L08 writes what was recorded while leading before it gives the lease up", async () => {
    const a = replica("a");
    a.manager.add(
      controllerFor(Secret).reconcile(async ({ events, signal }) => {
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        events.normal("Goodbye", "last words");
      }),
    );
    await world.drive(a.manager.start());
    await leads(a);
    await secret("a");
    await world.clock.settle();
    await world.drive(a.manager.stop());
    const events = await world.admin.list(EventsV1Event, { namespace: "demo" });
    expect(events.items.map(({ reason }) => reason)).toEqual(["Goodbye"]);
    expect(await holder()).toBeUndefined();
  });

  test("L10 starts nothing when it wins while it stops", async () => {
    const order: string[] = [];
    const b = replica("b");
    b.manager.add(told(order, "leader"));
    b.manager.add(writer("b"));
    await secret("a");
    b.process.interfere = ({ method, path }) => {
      if (method === "POST" && path.includes("/leases")) b.process.freeze();
    };
    void b.manager.start();
    await world.clock.settle();
    expect(await holder()).toBe("b");
    const stopping = b.manager.stop();
    b.process.thaw();
    await world.drive(stopping);
    await world.clock.advance(60_000);
    expect(order).toEqual([]);
    expect(await writtenBy("a")).toBeUndefined();
    expect(await holder()).toBeUndefined();
    expect(b.ended).toEqual([{ error: undefined }]);
  });

  test("L14 tells who leads in its metrics, its health and in Events", async () => {
    const a = replica("a", { healthAddress: "127.0.0.1:0" });
    const status = 'leader_election_master_status{name="operator"}';
    expect(await a.manager.metrics.text()).toContain(`${status} 0`);
    await a.manager.start();
    await leads(a);
    expect(await a.manager.metrics.text()).toContain(`${status} 1`);
    expect(await get(a.manager.healthAddress, "/healthz/leader-election")).toMatchObject({ status: 200, body: "ok" });
    await world.drive(a.manager.stop());
    expect(await a.manager.metrics.text()).toContain(`${status} 0`);
    const events = await world.admin.list(EventsV1Event, { namespace: "ops" });
    expect(events.items.map(({ reason, note, regarding }) => [regarding?.kind, regarding?.name, reason, note])).toEqual(
      [
        ["Lease", "operator", "LeaderElection", "a became leader"],
        ["Lease", "operator", "LeaderElection", "a stopped leading"],
      ],
    );
  });

  test("L01 L14 needs no more than its documented permissions", async () => {
    const metadata = { namespace: "ops", name: "elects" };
    const at = { apiGroups: ["coordination.k8s.io"], resources: ["leases"] };
    await world.admin.create(Role, {
      metadata,
      rules: [
        { ...at, verbs: ["create"] },
        { ...at, verbs: ["get", "update"], resourceNames: ["operator"] },
        { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
      ],
    });
    await world.admin.create(RoleBinding, {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "elects" },
      subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "operator" }],
    });
    const user = { username: "operator", groups: ["system:authenticated"] };
    const a = replica("a", { transport: world.server.transport(user) });
    await a.manager.start();
    await leads(a);
    await world.clock.advance(30_000);
    expect(a.manager.isLeader).toBe(true);
    await world.drive(a.manager.stop());
    expect(await holder()).toBeUndefined();
    expect((await world.admin.list(EventsV1Event, { namespace: "ops" })).items).toHaveLength(2);
  });

  test("L16 sends nothing from a reconcile that was held up by a blocked event loop, until it has proven to lead", async () => {
    const a = replica("a");
    let proceed = (): void => {};
    const results: unknown[] = [];
    a.manager.add(
      controllerFor(Secret).reconcile(async ({ client, request }) => {
        await new Promise<void>((resolve) => (proceed = resolve));
        results.push(await outcome(client.create(ConfigMap, { metadata: { namespace: "demo", name: request.name } })));
        if (results[0] !== "written" && results.length === 1) throw new Error("try again");
      }),
    );
    await world.drive(a.manager.start());
    await leads(a);
    await secret("a");
    await world.clock.settle();
    a.process.freeze();
    await world.clock.advance(13_000);
    // The reconcile goes on in the turn in which the loop moves again, before any timer or answer.
    proceed();
    await world.clock.settle();
    expect(results).toEqual([expect.any(NotLeaderError)]);
    a.process.thaw();
    await world.clock.settle();
    expect(a.manager.isLeader).toBe(true);
    await world.clock.advance(1_000);
    proceed();
    await world.clock.settle();
    expect(results.at(-1)).toBe("written");
    expect(a.ended).toEqual([]);
  });

  test("L17 refuses the writes of a frozen process that wakes up while another leads, and ends it", async () => {
    const a = replica("a");
    const b = replica("b");
    a.manager.add(writer("a"));
    b.manager.add(writer("b"));
    await world.drive(a.manager.start());
    await leads(a);
    await world.drive(b.manager.start());
    await world.clock.advance(10_000);
    a.process.freeze();
    await leads(b);
    await secret("contested");
    await world.clock.settle();
    expect(await writtenBy("contested")).toBe("b");
    a.process.sent.length = 0;
    // It hears of the secret now, and wants to write.
    a.process.thaw();
    await world.clock.advance(5_000);
    expect(a.process.sent.filter(({ request }) => /^(?!GET).*configmaps/.test(request))).toEqual([]);
    expect(a.ended[0]?.error).toBeInstanceOf(LeadershipLostError);
    expect(await writtenBy("contested")).toBe("b");
    expect(b.manager.isLeader).toBe(true);
  });

  test("renews while its client is held up: leases have a way of their own past interceptors", async () => {
    const slow = { interceptors: [() => () => new Promise<never>(() => {})] };
    const a = replica("a", slow);
    await a.manager.start();
    await leads(a);
    await world.clock.advance(120_000);
    expect(a.manager.isLeader).toBe(true);
  });

  test("takes leadership from elsewhere, too", async () => {
    let win = (): void => {};
    let proven = false;
    const calls: string[] = [];
    const elected = new Promise<void>((resolve) => {
      win = () => {
        proven = true;
        resolve();
      };
    });
    const leadership = {
      elected,
      isProven: () => proven,
      holder: "elsewhere",
      start: () => void calls.push("start"),
      stop: async ({ release }: { readonly release: boolean }) => void calls.push(`stop, release ${release}`),
    };
    const manager = world.manager({ leadership });
    manager.add(writer("lucky"));
    await world.drive(manager.start());
    await secret("a");
    await world.clock.advance(1_000);
    expect(await writtenBy("a")).toBeUndefined();
    win();
    await world.clock.advance(1_000);
    expect(await writtenBy("a")).toBe("lucky");
    await world.drive(manager.stop());
    expect(calls).toEqual(["start", "stop, release true"]);
  });
});

describe("a manager that shares its work", () => {
  test("runs its sharder, asks it for keys, and fences writes by its proof", async () => {
    let proven = true;
    const ran: string[] = [];
    const manager = world.manager({
      shard: ({ client, cache }) => ({
        name: "sharder",
        group: "caches",
        run: async () => void ran.push(`runs with ${client !== undefined && cache !== undefined}`),
        owns: (key) => key !== "demo/theirs",
        onChange: () => () => {},
        leadership: { elected: Promise.resolve(), isProven: () => proven, holder: undefined },
      }),
    });
    manager.add(writer("us"));
    await world.drive(manager.start());
    await secret("ours");
    await secret("theirs");
    await world.clock.advance(1_000);
    expect(ran).toEqual(["runs with true"]);
    expect(await writtenBy("ours")).toBe("us");
    expect(await writtenBy("theirs")).toBeUndefined();
    proven = false;
    const object = { metadata: { namespace: "demo", name: "by-hand" } };
    expect(await outcome(manager.client.create(ConfigMap, object))).toBeInstanceOf(NotLeaderError);
    expect(await outcome(manager.unfencedClient.create(ConfigMap, object))).toBe("written");
  });

  test("does not elect a leader as well", () => {
    const leadership = { elected: Promise.resolve(), isProven: () => true, holder: undefined };
    const shard = { owns: () => true, onChange: () => () => {}, leadership };
    const leaderElection = { id: "operator", namespace: "ops" };
    expect(() => world.manager({ shard: () => shard, leaderElection })).toThrow("leave one out");
  });
});
