import { type CronJob, Deployment, type Interceptor, Job } from "@homeostat/api";
import { ConnectionLost, expectApplied, type FaultRule, faults } from "@homeostat/devcluster";
import type { Manager } from "@homeostat/runtime";
import { describe, expect, test } from "vitest";
import { ReloaderConfig } from "../src/api.ts";
import { secretFingerprints } from "../src/content/hash.ts";
import { auto, key, type ReloaderWorld, rolls, startWorld, variables, workload } from "./world.test-support.ts";

/** A process that can be killed: at one of its requests, before it is sent or before its answer comes; or at any time. */
function mortal() {
  let left = Number.POSITIVE_INFINITY;
  let answers = false;
  let dead: string | undefined;
  const interceptor: Interceptor = (next) => async (request) => {
    // Neither reading the first lists nor asking for one's permissions is a moment of interest.
    const counts = !request.path.includes("watch=") && !request.path.includes("selfsubjectaccessreviews");
    if (!dead && counts && --left === 0) {
      dead = `${request.method} ${request.path}`;
      if (answers) await (await next(request)).bytes();
    }
    if (dead) throw new ConnectionLost("killed");
    return next(request);
  };
  return {
    interceptor,
    /** From now on it dies of its nth request; `late`: after that was carried out. */
    diesOf(nth: number, late: boolean) {
      left = nth;
      answers = late;
    },
    kill: () => void (dead ??= "time"),
    get died() {
      return dead;
    },
  };
}

/** Numbers in [0, 1), the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs time until what was begun has ended. */
async function during(world: ReloaderWorld, work: Promise<unknown>): Promise<void> {
  let ended = false;
  void work.then(
    () => (ended = true),
    () => (ended = true),
  );
  while (!ended) await world.clock.advance(1_000);
}

const hashOf = (value: string): string =>
  secretFingerprints({ data: { a: Buffer.from(value).toString("base64") } }).reloader;

/** How often a Deployment's operator is killed, each way; more find more, and take longer. */
const SEEDS = Number(process.env["RELOADER_CRASH_SEEDS"] ?? 60);

/** How a Deployment comes to be reloaded. */
interface Way {
  readonly name: string;
  readonly reloadStrategy: "env-vars" | "annotations";
  readonly annotations: Record<string, string>;
  /** Whether a ReloaderConfig asks for it, whose count must be right as well. */
  readonly config?: true;
  /** How often its spec is written for one change. Default once. */
  readonly writes?: number;
}
const period = { "deployment.reloader.stakater.com/pause-period": "10s" };
const ways: readonly Way[] = [
  { name: "strategy env-vars", reloadStrategy: "env-vars", annotations: auto },
  { name: "strategy annotations", reloadStrategy: "annotations", annotations: auto },
  { name: "asked for by a config", reloadStrategy: "env-vars", annotations: {}, config: true },
  // Held back with the change, and resumed.
  { name: "with a pause", reloadStrategy: "env-vars", annotations: { ...auto, ...period }, writes: 2 },
];

/** A cluster remembers all that ever ran in it, so none runs for too long. */
function* rounds(size = 200) {
  for (const way of ways)
    for (let from = 0; from < SEEDS; from += size) yield { way, from, to: Math.min(SEEDS, from + size) };
}

const asking = ReloaderConfig.object({
  metadata: key("c"),
  spec: {
    watchedResources: { secrets: ["db"], configMaps: ["app"] },
    targets: [{ kind: "Deployment", name: "web" }],
  },
});

describe("killed at any moment", () => {
  for (const { way, from, to } of rounds()) {
    const { reloadStrategy, annotations, writes = 1 } = way;
    test(`3: a Deployment rolls exactly once for the final content, ${way.name}, seeds ${from} to ${to}`, async () => {
      const world = await startWorld({ reloadStrategy });
      const { client } = world.cluster;
      const change = async (value: string) => {
        await world.secret("db", { a: value });
        await world.configMap("app", { a: value });
      };
      await change("initial");
      await expectApplied(world.cluster, workload("web", { annotations, secrets: ["db"], configMaps: ["app"] }));
      if (way.config) await expectApplied(world.cluster, asking);
      await world.settle();
      const counted = async () => (await client.get(ReloaderConfig, key("c"))).status?.reloadCount ?? 0;
      let manager: Manager = world.manager;
      const deaths = new Set<string>();
      for (let seed = from; seed < to; seed++) {
        await during(world, manager.stop());
        const before = rolls(await client.get(Deployment, key("web")));
        const countBefore = way.config ? await counted() : 0;
        const random = randomOf(seed);
        const [runs, byTime] = [random() < 0.5, random() < 0.5];
        const process = mortal();
        const begin = () => {
          const interceptors = [process.interceptor];
          const starting = world.start({ reloadStrategy }, { interceptors }).then((started) => (manager = started));
          return Promise.race([starting, world.settle(20_000)]);
        };
        // Half of them learn of the change while they run, half when they start.
        if (runs) await begin();
        if (runs) await world.settle(Math.floor(random() * 1_500));
        if (byTime) world.clock.setTimer(process.kill, Math.floor(random() * 300));
        else process.diesOf(1 + Math.floor(random() * (runs ? 12 : 24)), random() < 0.5);
        const started = runs ? undefined : begin();
        await change(`seed ${seed}`);
        await started;
        await world.settle(2_000);
        if (process.died) deaths.add(process.died.split("?")[0]!);
        await during(world, manager.stop());
        manager = await world.start({ reloadStrategy });
        await world.settle(20_000);
        const web = await client.get(Deployment, key("web"));
        expect(rolls(web) - before, `seed ${seed}`).toBe(writes);
        expect(web.spec?.paused ?? false, `seed ${seed}`).toBe(false);
        if (way.config) expect((await counted()) - countBefore, `seed ${seed}`).toBe(1);
        if (reloadStrategy === "env-vars") expect(variables(web)["STAKATER_DB_SECRET"]).toBe(hashOf(`seed ${seed}`));
      }
      expect([...deaths]).toContain("PATCH /apis/apps/v1/namespaces/default/deployments/web");
    }, 120_000);
  }

  test("63, 64: a CronJob makes one Job, and a Job comes back, whenever it is killed", async () => {
    const world = await startWorld({}, "all");
    const { client } = world.cluster;
    const template = {
      spec: {
        restartPolicy: "Never",
        containers: [{ name: "main", image: "job", envFrom: [{ secretRef: { name: "db" } }] }],
      },
    };
    const job = (name: string) => ({ apiVersion: "batch/v1", metadata: { ...key(name), annotations: auto } });
    await world.secret("db", { a: "initial" });
    const nightly = {
      schedule: "0 3 1 1 *",
      suspend: true,
      successfulJobsHistoryLimit: 100,
      jobTemplate: { spec: { template } },
    };
    await expectApplied(world.cluster, { ...job("nightly"), kind: "CronJob", spec: nightly } as CronJob);
    await expectApplied(world.cluster, { ...job("migrate"), kind: "Job", spec: { template } } as Job);
    await world.settle(30_000);
    let manager: Manager = world.manager;
    const deaths = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      await during(world, manager.stop());
      const names = async () =>
        (await client.list(Job, { namespace: "default" })).items.map((each) => each.metadata.name);
      const before = await names();
      const { uid } = (await client.get(Job, key("migrate"))).metadata;
      const process = mortal();
      process.diesOf(1 + (seed % 20), seed >= 20);
      const interceptors = [process.interceptor];
      const starting = world.start({}, { interceptors }).then((started) => (manager = started));
      await world.secret("db", { a: `seed ${seed}` });
      await Promise.race([starting, world.settle(20_000)]);
      await world.settle(3_000);
      if (process.died) deaths.add(process.died.split(" ")[0]!);
      await during(world, manager.stop());
      manager = await world.start();
      await world.settle(60_000);
      const after = await names();
      expect(after.filter((name) => name.startsWith("nightly-")).length, `seed ${seed}`).toBe(
        before.filter((name) => name.startsWith("nightly-")).length + 1,
      );
      expect(after.filter((name) => !name.startsWith("nightly-"))).toEqual(["migrate"]);
      const again = await client.get(Job, key("migrate"));
      expect(again.metadata.uid).not.toBe(uid);
      expect(again.spec?.template.spec?.containers[0]?.env?.[0]?.value).toBe(hashOf(`seed ${seed}`));
    }
    expect([...deaths].toSorted()).toEqual(expect.arrayContaining(["DELETE", "PATCH", "POST"]));
  }, 120_000);
});

describe("an unreliable API server", () => {
  const rules: readonly FaultRule[] = [
    { type: "conflict", probability: 0.3 },
    { type: "tooManyRequests", probability: 0.1 },
    { type: "internalError", probability: 0.2 },
    { type: "connectionLost", probability: 0.1 },
    { type: "answerLost", probability: 0.2 },
    { type: "watchDropped", probability: 0.3 },
  ];
  const seeds = Array.from({ length: Math.max(6, Math.ceil(SEEDS / 20)) }, (_, index) => index + 1);
  test.each(seeds)("3: costs no change and rolls none twice, seed %i", async (seed) => {
    const world = await startWorld({ reloadStrategy: seed % 2 === 0 ? "annotations" : "env-vars" });
    await world.secret("db", { a: "initial" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle();
    await during(world, world.manager.stop());
    const plan = faults({ seed, rules });
    await world.start(seed % 2 === 0 ? { reloadStrategy: "annotations" } : {}, { interceptors: [plan.interceptor] });
    for (let change = 1; change <= 5; change++) {
      await world.secret("db", { a: `change ${change}` });
      await world.settle(600_000);
      expect(rolls(await world.cluster.client.get(Deployment, key("web"))), `change ${change}`).toBe(change);
    }
    expect(plan.injected.length).toBeGreaterThan(10);
  });
});
