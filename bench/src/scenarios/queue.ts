import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { systemClock } from "@homeostat/api";
import { Workqueue } from "@homeostat/runtime";
import type { Comparison, Figures, Scenario } from "../scenario.ts";

/** What it costs to take a key through the workqueue, beside the plainest thing that keeps keys apart. */
export const queue: Scenario = {
  name: "queue",
  about: "a key through the workqueue: add, get, done",
  async open({ scale }) {
    const keys = Array.from({ length: Math.ceil(100_000 * scale) }, (_, at) => `namespace-${at % 50}/object-${at}`);
    const hot = keys.slice(0, 100);
    const comparison = (title: string, added: readonly string[]): Comparison => ({
      title,
      metrics: [{ name: "time of an add", unit: "ns" }],
      subjects: [
        { name: "Workqueue", role: "ours", round: () => throughWorkqueue(added) },
        { name: "Set and array", role: "beside", round: () => throughSet(added) },
      ],
    });
    return {
      comparisons: [
        comparison(`${keys.length} keys, each once`, keys),
        comparison(
          `${keys.length} adds of ${hot.length} keys`,
          keys.map((_, at) => hot[at % hot.length]!),
        ),
        {
          title: `${keys.length} keys with a delay, until they are ready`,
          metrics: [{ name: "time of an add", unit: "ns" }],
          subjects: [
            { name: "Workqueue", role: "ours", round: () => delayedInWorkqueue(keys) },
            { name: "a timer each", role: "beside", round: () => delayedByTimers(keys) },
          ],
        },
        {
          title: `${keys.length * 10} keys at once, and until all are done`,
          metrics: [
            { name: "time of an add", unit: "ns" },
            { name: "heap of all", unit: "MB" },
          ],
          subjects: [
            { name: "Workqueue", role: "ours", round: () => heapOfWorkqueue(keys.length * 10) },
            { name: "Set and array", role: "beside", round: () => heapOfSet(keys.length * 10) },
          ],
        },
      ],
      [Symbol.asyncDispose]: async () => {},
    };
  },
};

async function throughWorkqueue(keys: readonly string[]): Promise<Figures> {
  const workqueue = new Workqueue<string>({ clock: systemClock, keyOf: (key) => key });
  const startedAt = performance.now();
  for (const key of keys) workqueue.add(key);
  while (workqueue.length > 0) workqueue.done((await workqueue.get())!.key);
  return timeOfEach(startedAt, keys);
}

/** No priorities, no delays, no causes, no failures: only that a key waits once, and is worked on once at a time. */
async function throughSet(keys: readonly string[]): Promise<Figures> {
  const waiting = new Set<string>();
  const working = new Set<string>();
  const order: string[] = [];
  const startedAt = performance.now();
  for (const key of keys) {
    if (waiting.has(key)) continue;
    waiting.add(key);
    order.push(key);
  }
  for (const key of order) {
    await undefined;
    waiting.delete(key);
    working.add(key);
    working.delete(key);
  }
  return timeOfEach(startedAt, keys);
}

async function delayedInWorkqueue(keys: readonly string[]): Promise<Figures> {
  const workqueue = new Workqueue<string>({ clock: systemClock, keyOf: (key) => key });
  const startedAt = performance.now();
  for (const [at, key] of keys.entries()) workqueue.add(key, { afterMs: 1 + (at % 7) });
  for (let left = keys.length; left > 0; left--) workqueue.done((await workqueue.get())!.key);
  return timeOfEach(startedAt, keys);
}

async function delayedByTimers(keys: readonly string[]): Promise<Figures> {
  const startedAt = performance.now();
  await new Promise<void>((resolve) => {
    let left = keys.length;
    for (const at of keys.keys()) {
      setTimeout(
        () => {
          if (--left === 0) resolve();
        },
        1 + (at % 7),
      );
    }
  });
  return timeOfEach(startedAt, keys);
}

/** Names are made as they come, so those of the keys are counted, too. */
const nameOf = (at: number): string => `namespace-${at % 50}/object-${at}`;

async function heapOfWorkqueue(count: number): Promise<Figures> {
  const workqueue = new Workqueue<string>({ clock: systemClock, keyOf: (key) => key });
  const before = heapMB();
  const startedAt = performance.now();
  for (let at = 0; at < count; at++) workqueue.add(nameOf(at));
  const addedMs = performance.now() - startedAt;
  const heap = heapMB() - before;
  const drainedAt = performance.now() - addedMs;
  while (workqueue.length > 0) workqueue.done((await workqueue.get())!.key);
  return { ...timeOfEach(drainedAt, { length: count }), "heap of all": heap };
}

async function heapOfSet(count: number): Promise<Figures> {
  const waiting = new Set<string>();
  const order: string[] = [];
  const before = heapMB();
  const startedAt = performance.now();
  for (let at = 0; at < count; at++) {
    const key = nameOf(at);
    waiting.add(key);
    order.push(key);
  }
  const addedMs = performance.now() - startedAt;
  const heap = heapMB() - before;
  const drainedAt = performance.now() - addedMs;
  for (const key of order) {
    await undefined;
    waiting.delete(key);
  }
  return { ...timeOfEach(drainedAt, { length: count }), "heap of all": heap };
}

/** What is live, once garbage is gone. */
function heapMB(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

function timeOfEach(startedAt: number, keys: { readonly length: number }): Figures {
  return { "time of an add": ((performance.now() - startedAt) * 1e6) / keys.length };
}
