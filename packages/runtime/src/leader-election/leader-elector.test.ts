import { Lease } from "@homeostat/api";
import { Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Recorder } from "../events/recorder.ts";
import { silentLogger } from "../log.ts";
import { type ElectionWorld, electionWorld, FreezableProcess, leaseKey } from "./election.test-support.ts";
import { createLeaderElector, type LeaderElector, type LeaderElectorOptions } from "./leader-elector.ts";

let world: ElectionWorld;
const electors: LeaderElector[] = [];

beforeEach(async () => {
  world = await electionWorld();
});

afterEach(async () => {
  const stopped = Promise.all(electors.splice(0).map((elector) => elector.stop({ release: false })));
  await world.clock.settle();
  await stopped;
  await world.server.stop();
});

interface Candidate {
  readonly elector: LeaderElector;
  readonly process: FreezableProcess;
  leads: boolean;
  lostBecause: string | undefined;
}

function candidate(identity: string, options: Partial<LeaderElectorOptions> & { skewMs?: number } = {}): Candidate {
  const process = new FreezableProcess(world.clock, world.server.transport(), options.skewMs);
  const elector = createLeaderElector({
    id: leaseKey.name,
    namespace: leaseKey.namespace,
    identity,
    transport: process.transport,
    clock: process.clock,
    random: () => 0.5,
    log: silentLogger,
    ...options,
  });
  electors.push(elector);
  const found: Candidate = { elector, process, leads: false, lostBecause: undefined };
  void elector.elected.then(() => (found.leads = true));
  void elector.lost.then((error) => (found.lostBecause = error.message));
  elector.start();
  return found;
}

const spec = async () => (await world.lease())?.spec;
const elected = (one: Candidate) => world.clock.until(() => one.leads, "an election");
const unreachable = (): never => {
  throw new Error("network is unreachable");
};

describe("leader election", () => {
  test("L01 creates a lease that is not there, with its identity and 15 seconds", async () => {
    const a = candidate("a", { labels: { app: "operator" } });
    await elected(a);
    const lease = await world.lease();
    expect(lease?.metadata.labels).toEqual({ app: "operator" });
    expect(lease?.spec).toMatchObject({ holderIdentity: "a", leaseDurationSeconds: 15, leaseTransitions: 0 });
    expect(lease?.spec?.acquireTime).toBe(lease?.spec?.renewTime);
    expect(a.elector.isProven()).toBe(true);
  });

  test("L02 never leads while another renews", async () => {
    const a = candidate("a");
    await elected(a);
    const b = candidate("b");
    await world.clock.advance(600_000);
    expect(b.leads).toBe(false);
    expect(b.elector.isProven()).toBe(false);
    expect(b.elector.holder).toBe("a");
  });

  test("L03 takes a lease that has not changed for its duration, since it first saw it so", async () => {
    await world.admin.create(Lease, {
      metadata: leaseKey,
      // Long gone by its own words, which count for nothing.
      spec: {
        holderIdentity: "gone",
        leaseDurationSeconds: 15,
        leaseTransitions: 4,
        acquireTime: "2020-01-01T00:00:00.000000Z",
        renewTime: "2020-01-01T00:00:00.000000Z",
      },
    });
    const from = world.clock.monotonic();
    const b = candidate("b");
    await world.clock.advance(14_999);
    expect(b.leads).toBe(false);
    await elected(b);
    expect(world.clock.monotonic() - from).toBeLessThan(15_000 + 4_400);
    expect(await spec()).toMatchObject({ holderIdentity: "b", leaseTransitions: 5 });
    expect(b.elector.transitions).toBe(5);
  });

  test.each([-3_600_000, 0, 3_600_000])(
    "L04 takes over as quickly when the holder's clock is off by %i ms",
    async (skewMs) => {
      const a = candidate("a", { skewMs });
      await elected(a);
      const b = candidate("b");
      await world.clock.advance(60_000);
      expect(b.leads).toBe(false);
      a.process.freeze();
      const from = world.clock.monotonic();
      await elected(b);
      const tookMs = world.clock.monotonic() - from;
      expect(tookMs).toBeGreaterThan(13_000);
      expect(tookMs).toBeLessThan(15_000 + 4_400);
    },
  );

  test("L05 renews every two seconds by a single PUT that keeps acquireTime and transitions", async () => {
    const a = candidate("a");
    await elected(a);
    const before = await spec();
    a.process.sent.length = 0;
    await world.clock.advance(20_000);
    expect(a.process.sent.map(({ request }) => request)).toEqual(
      Array(10).fill("PUT /apis/coordination.k8s.io/v1/namespaces/ops/leases/operator"),
    );
    const after = await spec();
    expect(after).toMatchObject({ acquireTime: before?.acquireTime, leaseTransitions: before?.leaseTransitions });
    expect(Date.parse(after!.renewTime!) - Date.parse(before!.renewTime!)).toBe(20_000);
  });

  test("L05 renews what somebody else has edited by reading it again, and keeps the edit", async () => {
    const a = candidate("a");
    await elected(a);
    await world.admin.patchMerge(Lease, leaseKey, { metadata: { annotations: { note: "kept" } } });
    await world.clock.advance(60_000);
    expect(a.lostBecause).toBeUndefined();
    expect((await world.lease())?.metadata.annotations).toEqual({ note: "kept" });
  });

  test("L06 stops leading ten seconds after the last renewal, before another leads", async () => {
    const a = candidate("a");
    await elected(a);
    const b = candidate("b");
    await world.clock.advance(60_000);
    a.process.interfere = unreachable;
    const from = world.clock.monotonic();
    await world.clock.until(() => a.lostBecause !== undefined, "the loss");
    expect(world.clock.monotonic() - from).toBeLessThanOrEqual(10_000);
    expect(b.leads).toBe(false);
    expect(a.elector.isProven()).toBe(false);
    expect(a.lostBecause).toContain("lease ops/operator: it could not be renewed for 10000 ms");
    await elected(b);
    expect(world.clock.monotonic() - from).toBeGreaterThan(13_000);
  });

  test("L06 gets over lost requests, and over one that is never answered", async () => {
    const a = candidate("a");
    await elected(a);
    a.process.interfere = unreachable;
    await world.clock.advance(7_000);
    a.process.interfere = () => {};
    await world.clock.advance(60_000);
    a.process.interfere = ({ signal }) =>
      new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    await world.clock.advance(2_000);
    a.process.interfere = () => {};
    await world.clock.advance(60_000);
    expect(a.lostBecause).toBeUndefined();
    expect(a.elector.isProven()).toBe(true);
  });

  test("L06 has lost as soon as it sees another's name", async () => {
    const a = candidate("a");
    await elected(a);
    await world.admin.patchMerge(Lease, leaseKey, { spec: { holderIdentity: "usurper" } });
    await world.clock.advance(2_000);
    expect(a.lostBecause).toContain('"usurper" holds it');
    expect(a.elector.isProven()).toBe(false);
  });

  test("L08 gives the lease up when stopped: nobody holds it, for a second; conflicts are tried again", async () => {
    const a = candidate("a");
    await elected(a);
    let tries = 0;
    a.process.interfere = async ({ method }) => {
      if (method === "PUT" && ++tries < 3)
        await world.admin.patchMerge(Lease, leaseKey, { metadata: { annotations: { at: `${tries}` } } });
    };
    await a.elector.stop();
    expect(tries).toBe(3);
    expect(await spec()).toMatchObject({ leaseDurationSeconds: 1 });
    expect(await spec()).not.toHaveProperty("holderIdentity");
    expect(a.elector.isProven()).toBe(false);
  });

  test("L08 lets another lead within a try of the release", async () => {
    const a = candidate("a");
    await elected(a);
    const b = candidate("b");
    await world.clock.advance(10_000);
    await a.elector.stop();
    const from = world.clock.monotonic();
    await elected(b);
    expect(world.clock.monotonic() - from).toBeLessThan(4_400);
    expect(await spec()).toMatchObject({ holderIdentity: "b", leaseTransitions: 1, leaseDurationSeconds: 15 });
  });

  test.each([
    ["it is told so", {}, { release: false }],
    ["it is configured so", { releaseOnStop: false }, { release: true }],
  ])("L08 keeps the lease where %s", async (_, options, stop) => {
    const a = candidate("a", options);
    await elected(a);
    await a.elector.stop(stop);
    expect(await spec()).toMatchObject({ holderIdentity: "a", leaseDurationSeconds: 15 });
  });

  test("L09 leaves a lease alone that it never held", async () => {
    const a = candidate("a");
    await elected(a);
    const b = candidate("b");
    await world.clock.advance(10_000);
    const before = (await world.lease())?.metadata.resourceVersion;
    b.process.sent.length = 0;
    await b.elector.stop();
    expect(b.process.sent).toEqual([]);
    expect((await world.lease())?.metadata.resourceVersion).toBe(before);
  });

  test("L10 does not lead when it wins while it stops, and gives back what it won", async () => {
    const b = candidate("b");
    b.process.interfere = ({ method }) => {
      if (method === "POST") b.process.freeze();
    };
    await world.clock.settle();
    expect(await spec()).toMatchObject({ holderIdentity: "b" });
    const stopping = b.elector.stop();
    b.process.thaw();
    await stopping;
    await world.clock.advance(60_000);
    expect(b.leads).toBe(false);
    expect(await spec()).not.toHaveProperty("holderIdentity");
  });

  test.each([
    [{ id: "" }, "leaderElection.id is missing"],
    [{ leaseDurationMs: 10_000 }, "leaseDurationMs (10000) must be greater than renewDeadlineMs (10000)"],
    [{ renewDeadlineMs: 2_400 }, "renewDeadlineMs (2400) must be greater than 1.2 times retryPeriodMs (2000)"],
    [{ retryPeriodMs: 0 }, "leaderElection.retryPeriodMs is 0: it must be positive"],
    [{ leaseDurationMs: Number.NaN }, "leaderElection.leaseDurationMs is NaN"],
    [{ identity: "" }, "leaderElection.identity is empty"],
  ])("L11 refuses %o", (options, message) => {
    expect(() => candidate("a", options)).toThrow(message);
  });

  test("L12 needs to be told the namespace where it is in no pod", () => {
    const host = (content?: string) => ({
      readFile: () => {
        if (content === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
        return content;
      },
    });
    const make = (content?: string) =>
      createLeaderElector({
        id: "operator",
        transport: world.server.transport(),
        clock: world.clock,
        random: () => 0.5,
        log: silentLogger,
        host: host(content),
      });
    expect(() => make()).toThrow("leaderElection.namespace is missing, and this is no pod that has one: set it");
    expect(() => make("\n")).toThrow("is empty: set it");
    expect(() => make("ops\n")).not.toThrow();
  });

  test.each([
    [0, 2_000],
    [0.5, 3_200],
    [0.999_999, 4_399.997_6],
  ])("L13 waits between tries as jitter has it: %d leads to %d ms", async (random, waitMs) => {
    const a = candidate("a");
    await elected(a);
    const b = candidate("b", { random: () => random });
    await world.clock.advance(30_000);
    const times = b.process.sent.map(({ at }) => at);
    const waits = times.slice(1).map((at, index) => at - times[index]!);
    expect(waits.length).toBeGreaterThan(5);
    for (const wait of waits) expect(wait).toBeCloseTo(waitMs, 3);
  });

  test("L14 tells in metrics and events when it leads and when no more", async () => {
    const registry = new Registry();
    const events: string[] = [];
    const recorder: Recorder = {
      event: (regarding, { type, reason, message }) =>
        void events.push(`${regarding.kind} ${regarding.metadata.name}: ${type} ${reason} ${message}`),
      for: () => ({ normal() {}, warning() {} }),
      stop: async () => {},
    };
    const status = async () =>
      (await registry.getSingleMetricAsString("leader_election_master_status")).split("\n").at(-1);
    const a = candidate("a", { registry, recorder });
    expect(await status()).toBe('leader_election_master_status{name="operator"} 0');
    await elected(a);
    expect(await status()).toBe('leader_election_master_status{name="operator"} 1');
    await a.elector.stop();
    expect(await status()).toBe('leader_election_master_status{name="operator"} 0');
    expect(events).toEqual([
      "Lease operator: Normal LeaderElection a became leader",
      "Lease operator: Normal LeaderElection a stopped leading",
    ]);
  });

  test("L14 tells no event of a candidate that never led", async () => {
    const events: string[] = [];
    const recorder = {
      event: () => void events.push("event"),
      for: () => ({ normal() {}, warning() {} }),
      stop: async () => {},
    };
    const a = candidate("a");
    await elected(a);
    const b = candidate("b", { recorder });
    await world.clock.advance(10_000);
    await b.elector.stop();
    expect(events).toEqual([]);
  });

  test("L16 proves nothing after the process stood still, until it has renewed", async () => {
    const a = candidate("a");
    await elected(a);
    const transitions = (await spec())?.leaseTransitions;
    a.process.freeze();
    await world.clock.advance(12_000);
    expect(a.elector.isProven()).toBe(false);
    a.process.thaw();
    expect(a.elector.isProven()).toBe(false);
    await world.clock.settle();
    // Nobody took it meanwhile.
    expect(a.elector.isProven()).toBe(true);
    expect(a.lostBecause).toBeUndefined();
    expect((await spec())?.leaseTransitions).toBe(transitions);
  });

  test("L16 believes no renewal whose answer it heard too late", async () => {
    const a = candidate("a");
    await elected(a);
    a.process.interfere = () => a.process.freeze();
    await world.clock.advance(2_000 + 12_000);
    a.process.interfere = () => {};
    const sent = a.process.sent.length;
    const proven: boolean[] = [];
    void Promise.resolve().then(() => proven.push(a.elector.isProven()));
    a.process.thaw();
    await world.clock.settle();
    expect(proven).toEqual([false]);
    // Nor does it wait for the next turn to renew.
    expect(a.process.sent.length).toBeGreaterThan(sent);
    expect(a.elector.isProven()).toBe(true);
  });

  test("L17 has lost when it wakes up and another leads", async () => {
    const a = candidate("a");
    await elected(a);
    const b = candidate("b");
    await world.clock.advance(5_000);
    a.process.freeze();
    await elected(b);
    expect(a.elector.isProven()).toBe(false);
    a.process.thaw();
    expect(a.elector.isProven()).toBe(false);
    await world.clock.settle();
    expect(a.lostBecause).toContain('"b" holds it');
    expect((await spec())?.holderIdentity).toBe("b");
  });

  test("is unhealthy when it takes itself for the leader and has not renewed for long", async () => {
    const a = candidate("a");
    await elected(a);
    a.process.freeze();
    await world.clock.advance(34_000);
    expect(() => a.elector.checkHealth()).not.toThrow();
    await world.clock.advance(2_000);
    expect(() => a.elector.checkHealth()).toThrow("the event loop was blocked");
  });
});
