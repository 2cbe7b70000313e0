import { ConfigMap, intercept } from "@homeostat/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createClient } from "../client/api-client.ts";
import type { Client } from "../client/client.ts";
import { silentLogger } from "../log.ts";
import { type ElectionWorld, electionWorld, FreezableProcess, leaseKey } from "./election.test-support.ts";
import { isWrite, writeFence } from "./fence.ts";
import { createLeaderElector, type LeaderElector } from "./leader-elector.ts";
import { NotLeaderError } from "./leadership.ts";

interface Replica {
  readonly process: FreezableProcess;
  readonly elector: LeaderElector;
  /** Fenced, as a controller's is. */
  readonly client: Client;
}

let world: ElectionWorld;
const replicas: Replica[] = [];

beforeEach(async () => {
  world = await electionWorld();
});

afterEach(async () => {
  const stopped = Promise.all(replicas.splice(0).map(({ elector }) => elector.stop({ release: false })));
  await world.clock.settle();
  await stopped;
  await world.server.stop();
});

function replica(identity: string): Replica {
  const process = new FreezableProcess(world.clock, world.server.transport());
  const { clock, transport } = process;
  const elector = createLeaderElector({
    ...{ id: leaseKey.name, namespace: leaseKey.namespace, identity },
    ...{ transport, clock, random: () => 0.5, log: silentLogger },
  });
  const client = createClient({ transport: intercept(transport, writeFence({ leadership: elector, clock })), clock });
  elector.start();
  const made = { process, elector, client };
  replicas.push(made);
  return made;
}

async function leader(identity: string): Promise<Replica> {
  const made = replica(identity);
  await world.clock.until(() => made.elector.isProven(), "an election");
  return made;
}

const write = (client: Client, name: string) => client.create(ConfigMap, { metadata: { namespace: "demo", name } });
const names = async () =>
  (await world.admin.list(ConfigMap, { namespace: "demo" })).items.map(({ metadata }) => metadata.name);
/** How it went, for writes that nobody awaits yet. */
const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => "written",
    (error: unknown) => error,
  );

describe("write fence", () => {
  test("lets a leader write, and all read", async () => {
    const a = await leader("a");
    await write(a.client, "one");
    const b = replica("b");
    await world.clock.settle();
    expect((await b.client.get(ConfigMap, { namespace: "demo", name: "one" })).metadata.name).toBe("one");
    const refused = await outcome(write(b.client, "two"));
    expect(refused).toBeInstanceOf(NotLeaderError);
    expect(refused).toMatchObject({
      code: "NOT_LEADER",
      holder: "a",
      message:
        'POST /api/v1/namespaces/demo/configmaps: not sent, because this process cannot prove that it leads ("a" was last seen to lead); ' +
        "await manager.elected before writing, or use manager.unfencedClient for what every replica may do",
    });
    expect(await names()).toEqual(["one"]);
  });

  test("L16 sends no write after the process stood still, until the lease is renewed", async () => {
    const a = await leader("a");
    a.process.freeze();
    await world.clock.advance(12_000);
    // What the process meant to do next, in the turn in which it wakes up.
    const first = outcome(write(a.client, "too-early"));
    a.process.thaw();
    const second = outcome(write(a.client, "still-too-early"));
    expect(await first).toBeInstanceOf(NotLeaderError);
    expect(await second).toBeInstanceOf(NotLeaderError);
    await world.clock.settle();
    await write(a.client, "proven-again");
    expect(await names()).toEqual(["proven-again"]);
  });

  test("L16 asks again before a request is made again", async () => {
    const a = await leader("a");
    const { clock, transport } = a.process;
    const posts = () => a.process.sent.filter(({ request }) => request.startsWith("POST /api/v1")).length;
    // The server asks to come back in twenty seconds.
    const busy = intercept(transport, writeFence({ leadership: a.elector, clock }), (next) => async (request) => {
      const response = await next(request);
      return request.method === "POST" ? { ...response, status: 429, headers: { "retry-after": "20" } } : response;
    });
    const retried = outcome(write(createClient({ transport: busy, clock }), "again"));
    await world.clock.settle();
    expect(posts()).toBe(1);
    a.process.interfere = ({ path }) => {
      if (path.includes("leases")) throw new Error("network is unreachable");
    };
    await world.clock.advance(20_000);
    expect(await retried).toBeInstanceOf(NotLeaderError);
    expect(posts()).toBe(1);
  });

  test("L16 is asked in the turn in which the bytes leave, behind a queue for connections", async () => {
    const a = await leader("a");
    const { clock } = a.process;
    const waiting: (() => void)[] = [];
    const pooled = intercept(
      a.process.transport,
      writeFence({ leadership: a.elector, clock }),
      (next) => async (request) => {
        // As a transport does: it waits for a connection, then asks, then sends.
        await new Promise<void>((resolve) => waiting.push(resolve));
        request.beforeSend?.();
        return next(request);
      },
    );
    const queued = outcome(write(createClient({ transport: pooled, clock }), "queued"));
    await world.clock.settle();
    expect(waiting).toHaveLength(1);
    a.process.freeze();
    await world.clock.advance(12_000);
    // The connection becomes free before any timer of the process has run.
    waiting[0]!();
    expect(await queued).toBeInstanceOf(NotLeaderError);
    expect(await names()).toEqual([]);
    a.process.thaw();
  });

  test("L17 refuses the writes of a process that wakes up while another leads", async () => {
    const a = await leader("a");
    const b = replica("b");
    await world.clock.advance(5_000);
    a.process.freeze();
    await world.clock.until(() => b.elector.isProven(), "the other's election");
    await write(b.client, "new-leader");
    const late = [outcome(write(a.client, "asleep"))];
    a.process.thaw();
    late.push(outcome(write(a.client, "awake")));
    await world.clock.settle();
    late.push(outcome(write(a.client, "later")));
    for (const each of late) expect(await each).toBeInstanceOf(NotLeaderError);
    expect(await late[2]).toMatchObject({ holder: "b" });
    expect(await names()).toEqual(["new-leader"]);
  });

  test("aborts what is under way when the proof lapses, before another can lead", async () => {
    const a = await leader("a");
    a.process.interfere = ({ path, signal }) =>
      path.includes("leases")
        ? Promise.reject(new Error("network is unreachable"))
        : new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    const from = world.clock.monotonic();
    let endedAt = 0;
    const slow = outcome(write(a.client, "slow")).finally(() => (endedAt = world.clock.monotonic()));
    await world.clock.advance(11_000);
    expect(await slow).toMatchObject({ code: "NOT_LEADER", message: expect.stringContaining("aborted") });
    expect(endedAt - from).toBeLessThanOrEqual(10_000);
  });

  test("lets a slow write go on for as long as the lease is renewed", async () => {
    const a = await leader("a");
    let go = (): void => {};
    a.process.interfere = ({ path }) =>
      path.includes("leases") ? undefined : new Promise<void>((resolve) => (go = resolve));
    const slow = outcome(write(a.client, "slow"));
    await world.clock.advance(60_000);
    go();
    expect(await slow).toBe("written");
  });

  test("leaves no timer behind when nothing is under way", async () => {
    const a = await leader("a");
    await write(a.client, "one");
    await a.elector.stop();
    expect(world.clock.next()).toBeUndefined();
  });

  test("knows a write from what changes nothing", () => {
    const path = "/api/v1/namespaces/demo/configmaps";
    expect(["POST", "PUT", "PATCH", "DELETE"].every((method) => isWrite({ method, path }))).toBe(true);
    expect(["GET", "HEAD", "OPTIONS"].some((method) => isWrite({ method, path }))).toBe(false);
    expect(isWrite({ method: "PATCH", path: `${path}/a?fieldManager=x&dryRun=All&force=true` })).toBe(false);
    expect(isWrite({ method: "POST", path: "/apis/authentication.k8s.io/v1/tokenreviews" })).toBe(false);
    expect(isWrite({ method: "POST", path: "/apis/authorization.k8s.io/v1/subjectaccessreviews" })).toBe(false);
    expect(isWrite({ method: "DELETE", path: "/apis/authorization.k8s.io.example/v1/things/a" })).toBe(true);
  });
});
