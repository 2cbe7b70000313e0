import { ConfigMap, type Interceptor, intercept, type Lease, sleep, type Transport } from "@homeostat/api";
import { afterEach, describe, expect, test } from "vitest";
import { createClient } from "../client/api-client.ts";
import { silentLogger } from "../log.ts";
import { type ElectionWorld, electionWorld, FreezableProcess, leaseKey } from "./election.test-support.ts";
import { writeFence } from "./fence.ts";
import { createLeaderElector, type LeaderElector } from "./leader-elector.ts";

/** Reproducible: mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What reaches the server, in its order: whose write it was, and whose the lease was then. */
interface Arrival {
  readonly writer: string;
  readonly holder: string | undefined;
}

let world: ElectionWorld;

afterEach(() => world.server.stop());

/** Stands before the server and sees what everybody sends. */
function gate(writer: string, arrivals: Arrival[], lease: { holder: string | undefined }): Interceptor {
  return (next) => async (request) => {
    if (request.method === "PATCH" && request.path.includes("/configmaps/"))
      arrivals.push({ writer, holder: lease.holder });
    const response = await next(request);
    if (request.method !== "GET" && request.path.includes("/leases") && response.status < 300) {
      const written = JSON.parse(Buffer.from(await response.bytes()).toString()) as Lease;
      lease.holder = written.spec?.holderIdentity;
    }
    return response;
  };
}

interface Replica {
  readonly process: FreezableProcess;
  elector: LeaderElector;
  readonly end: AbortController;
}

/** A process that writes whenever it can, four times a second. */
function replica(identity: string, through: Transport, random: () => number): Replica {
  const process = new FreezableProcess(world.clock, through, Math.round((random() - 0.5) * 7_200_000));
  const { clock, transport } = process;
  const elector = createLeaderElector({
    ...{ id: leaseKey.name, namespace: leaseKey.namespace, identity },
    ...{ transport, clock, random, log: silentLogger },
  });
  const end = new AbortController();
  const client = createClient({ transport: intercept(transport, writeFence({ leadership: elector, clock })), clock });
  const write = async (): Promise<void> => {
    while (!end.signal.aborted) {
      const target = { namespace: "demo", name: "count" };
      await client.patchMerge(ConfigMap, target, { data: { by: identity } }).catch(() => {});
      await sleep(clock, 250, end.signal).catch(() => {});
    }
  };
  elector.start();
  void write();
  return { process, elector, end };
}

describe("one writer at a time", () => {
  test.each([2, 3, 5, 7])("L16 L17 holds however processes stand still and networks part (seed %i)", async (seed) => {
    world = await electionWorld();
    await world.admin.create(ConfigMap, { metadata: { namespace: "demo", name: "count" } });
    const random = randomOf(seed);
    const arrivals: Arrival[] = [];
    const lease = { holder: undefined };
    let born = 0;
    const spawn = (): Replica => {
      const identity = `replica-${born++}`;
      return replica(identity, intercept(world.server.transport(), gate(identity, arrivals, lease)), random);
    };
    const replicas = [spawn(), spawn(), spawn()];
    const thaws: (() => void)[] = [];
    for (let step = 0; step < 60; step++) {
      const one = replicas[Math.floor(random() * replicas.length)]!;
      const dice = random();
      if (dice < 0.35) {
        one.process.freeze();
        thaws.push(() => one.process.thaw());
      } else if (dice < 0.6) {
        one.process.interfere = ({ path }) => {
          if (random() < 0.9 && path.includes("/leases")) throw new Error("network is unreachable");
        };
      } else if (dice < 0.7) {
        one.process.thaw();
        void one.elector.stop();
        one.end.abort();
        replicas[replicas.indexOf(one)] = spawn();
      } else {
        one.process.interfere = () => {};
        thaws.splice(Math.floor(random() * thaws.length), 1)[0]?.();
      }
      await world.clock.advance(random() * 12_000);
      // A process that has lost ends; its pod starts a new one.
      for (const [index, each] of replicas.entries()) {
        const lost = await Promise.race([each.elector.lost.then(() => true), Promise.resolve(false)]);
        if (!lost) continue;
        each.process.thaw();
        each.end.abort();
        replicas[index] = spawn();
      }
    }
    for (const { elector, end, process } of replicas) {
      process.thaw();
      end.abort();
      void elector.stop();
    }
    await world.clock.advance(30_000);
    expect(arrivals.filter(({ writer, holder }) => writer !== holder)).toEqual([]);
    // It was no quiet life.
    expect(new Set(arrivals.map(({ writer }) => writer)).size).toBeGreaterThan(2);
    expect(arrivals.length).toBeGreaterThan(100);
  });
});
