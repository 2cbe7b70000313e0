import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Interceptor, Service } from "@homeostat/api";
import { createCache, type Manager } from "@homeostat/runtime";
import { tempoOperator } from "@homeostat/tempo";
import type { Figures } from "../scenario.ts";
import { keysOf, makeObjects, makeStacks, type StackKey, sampleObjects, startCluster } from "../stacks.ts";
import { quantile } from "../statistics.ts";
import { serveLines } from "./lines.ts";

/**
 * A cluster full of TempoStacks, with its controllers and the operator in this process, in real time:
 * `tempo-stacks <count> <namespaces> operator|hand`; `hand` makes the objects of the stacks without an operator. It is
 * asked to `fill`, for a `pass` over all stacks, and to `repair`.
 */
const [count, namespaces] = process.argv.slice(2, 4).map(Number) as [number, number];
const plan = { count, namespaces };
const keys = [...keysOf(plan)];
const sample = process.argv[4] === "hand" ? await sampleObjects() : undefined;
const cluster = await startCluster(plan);

const counts = { writes: 0, reads: 0, reconciles: 0 };
const reconciles = new Map<string, number>();
const counting: Interceptor = (next) => (request) => {
  if (request.method !== "GET") counts.writes++;
  else if (!request.path.includes("watch=")) counts.reads++;
  return next(request);
};
const manager = sample ? undefined : await runOperator();

serveLines(
  {},
  {
    answer: (question) => (question === "fill" ? fill() : question === "pass" ? pass(manager!) : repair()),
    stop: () => cluster.stop(),
  },
);

function runOperator(): Promise<Manager> {
  return cluster.run(tempoOperator(), {
    interceptors: [counting],
    onReconciled: ({ controller, name }) => {
      if (controller !== "tempostack") return;
      counts.reconciles++;
      reconciles.set(name, (reconciles.get(name) ?? 0) + 1);
    },
  });
}

async function fill(): Promise<Figures> {
  const before = residentMB();
  const {
    "ms a stack": ms,
    "processor a stack": processor,
    ...calls
  } = await measured(() => (sample ? makeObjects(cluster, keys, sample) : makeStacks(cluster, keys)));
  const resident = residentMB();
  const memory = { "resident before": before, resident, "resident a stack": (resident - before) / count };
  const costs = { "ms a stack": ms!, "processor a stack": processor!, ...memory };
  return sample ? costs : { ...costs, ...calls, "most reconciles": Math.max(...reconciles.values()) };
}

/** Every stack is looked at again, though nothing has changed. */
async function pass(running: Manager): Promise<Figures> {
  await quiet();
  const writes = counts.writes;
  const figures = await measured(async () => {
    const wanted = counts.reconciles + count;
    for (const key of keys) running.trigger("tempostack", key, "nothing has changed");
    while (counts.reconciles < wanted) await turn();
  });
  await quiet();
  if (counts.writes > writes) throw new Error(`a pass where nothing had changed wrote ${counts.writes - writes} times`);
  return figures;
}

/** A Service of every so-manieth stack is deleted, one after the other: until it is there again. */
async function repair(): Promise<Figures> {
  await quiet();
  const cache = createCache({ transport: cluster.transport() });
  const waiting = new Map<string, (at: number) => void>();
  const watch = cache.watch(Service, {
    handler: ({ type, object }) => void (type === "added" && waiting.get(object.metadata.key)?.(performance.now())),
  });
  await watch.synced();
  const taken: number[] = [];
  const step = Math.max(1, Math.floor(count / 100));
  for (let index = 0; index < count; index += step) taken.push(await repairOf(keys[index]!, waiting));
  await cache.stop();
  return { p50: quantile(taken, 0.5), p99: quantile(taken, 0.99) };
}

async function repairOf({ namespace, name }: StackKey, waiting: Map<string, (at: number) => void>): Promise<number> {
  const service = { namespace, name: `tempo-${name}-querier` };
  const key = `${namespace}/${service.name}`;
  const back = new Promise<number>((resolve) => waiting.set(key, resolve));
  const began = performance.now();
  await cluster.client.delete(Service, service);
  const taken = (await back) - began;
  waiting.delete(key);
  return taken;
}

/** What something costs for each stack. */
async function measured(act: () => Promise<void>): Promise<Record<string, number>> {
  const before = { ...counts, processor: processorMs(), at: performance.now() };
  await act();
  return {
    "ms a stack": (performance.now() - before.at) / count,
    "processor a stack": (processorMs() - before.processor) / count,
    "reconciles a stack": (counts.reconciles - before.reconciles) / count,
    "writes a stack": (counts.writes - before.writes) / count,
    "reads a stack": (counts.reads - before.reads) / count,
  };
}

/** Resolves when the operator has had nothing to do for a while. */
async function quiet(): Promise<void> {
  const sum = (): number => counts.writes + counts.reads + counts.reconciles;
  for (let before = -1, still = 0; still < 5; ) {
    still = sum() === before ? still + 1 : 0;
    before = sum();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function residentMB(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage.rss() / 2 ** 20;
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
