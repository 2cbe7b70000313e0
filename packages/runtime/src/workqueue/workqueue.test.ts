import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createVirtualClock, type VirtualClock } from "@homeostat/api";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CAUSE_CAP } from "./entry.ts";
import { Priority } from "./priority.ts";
import { exponentialBackoff } from "./rate-limiter.ts";
import { type Taken, Workqueue } from "./workqueue.ts";

function setUp(): { clock: VirtualClock; queue: Workqueue<string>; adds: () => number; take: () => Promise<string> } {
  const clock = createVirtualClock();
  let adds = 0;
  const observer = { added: () => void adds++, retried() {}, waited() {}, worked() {} };
  const queue = new Workqueue<string>({ clock, keyOf: (key) => key, observer });
  return { clock, queue, adds: () => adds, take: async () => (await queue.get())!.key };
}

describe("workqueue", () => {
  test("Q01 hands out an added key and counts it", async () => {
    const { queue, take, adds } = setUp();
    queue.add("a");
    expect(queue.length).toBe(1);
    expect(await take()).toBe("a");
    expect(queue.length).toBe(0);
    expect(adds()).toBe(1);
  });

  test("Q02 Q03 keeps the order of arrival and one entry per key", async () => {
    const { queue, take, adds } = setUp();
    for (const key of ["a", "b", "a"]) queue.add(key);
    expect(queue.length).toBe(2);
    expect(adds()).toBe(2);
    expect([await take(), await take()]).toEqual(["a", "b"]);
  });

  test("Q04 Q05 Q06 hands a key out again once, and only after it is done", async () => {
    const { queue, take } = setUp();
    queue.add("a");
    await take();
    for (const key of ["a", "b", "a", "a"]) queue.add(key);
    expect(await take()).toBe("b");
    let again: string | undefined;
    const waiting = queue.get().then((taken) => (again = taken?.key));
    await Promise.resolve();
    expect(again).toBeUndefined();
    queue.done("a");
    await waiting;
    expect(again).toBe("a");
    queue.done("a");
    expect(queue.length).toBe(0);
  });

  test("Q02 keeps the place of a key that is added again while it is worked on", async () => {
    const { queue } = setUp();
    queue.add("a", { priority: Priority.low });
    await queue.get();
    queue.add("a");
    queue.add("b");
    queue.add("c");
    expect((await queue.get())?.key).toBe("b");
    queue.done("a");
    expect((await queue.get())?.key).toBe("a");
    expect((await queue.get())?.key).toBe("c");
  });

  test("Q07 serves higher priorities first, whatever integers they are", async () => {
    const { queue, take } = setUp();
    for (const priority of [0, 10, -3, 7_000_000, -100]) queue.add(`${priority}`, { priority });
    expect([await take(), await take(), await take(), await take(), await take()]).toEqual([
      "7000000",
      "10",
      "0",
      "-3",
      "-100",
    ]);
    expect(() => queue.add("a", { priority: 0.5 })).toThrow("priority 0.5 is no integer");
    expect(queue.length).toBe(0);
  });

  test("Q08 never lowers the priority of a waiting key", async () => {
    const { queue } = setUp();
    queue.add("a", { priority: 5 });
    queue.add("a", { priority: 1 });
    expect(await queue.get()).toMatchObject({ key: "a", priority: 5 });
  });

  test("Q09 puts a key whose priority rises at the end of its new level", async () => {
    const { queue, take } = setUp();
    queue.add("a", { priority: Priority.normal });
    queue.add("b", { priority: 10 });
    queue.add("a", { priority: 10 });
    queue.add("c", { priority: Priority.normal });
    expect([...queue.depths()]).toEqual([
      [0, 1],
      [10, 2],
    ]);
    expect([await take(), await take(), await take()]).toEqual(["b", "a", "c"]);
  });

  test("keeps nothing of priorities that are not in use any more", async () => {
    const { queue, take } = setUp();
    for (let priority = 0; priority < 10_000; priority++) {
      queue.add("a", { priority });
      queue.done(await take());
    }
    expect([...queue.depths()].length).toBeLessThanOrEqual(2);
  });

  test("Q22 Q25 gives keys that failed a delay each, and takes the shorter of two delays", async () => {
    const clock = createVirtualClock();
    const rateLimiter = exponentialBackoff({ baseMs: 1_000, jitter: "none" })({ clock, random: () => 0.5 });
    const queue = new Workqueue<string>({ clock, keyOf: (key) => key, rateLimiter });
    rateLimiter.when("b");
    queue.addAll(["a", "b"], { rateLimited: true });
    queue.add("c", { rateLimited: true, afterMs: 400 });
    queue.add("d", { rateLimited: true, afterMs: 60_000 });
    const ready: [string, number][] = [];
    const start = clock.now();
    const worker = (async () => {
      for (let taken = await queue.get(); taken; taken = await queue.get())
        ready.push([taken.key, clock.now() - start]);
    })();
    await clock.advance(2_000);
    queue.shutDown();
    await worker;
    expect(ready).toEqual([
      ["c", 400],
      ["a", 1_000],
      ["d", 1_000],
      ["b", 2_000],
    ]);
    expect(["a", "b", "c"].map((key) => queue.failures(key))).toEqual([1, 2, 1]);
  });

  test("drops queued keys of a kind, and hands them out when they are added anew", async () => {
    const { clock, queue, take, adds } = setUp();
    for (const key of ["x1", "y1", "x2"]) queue.add(key);
    queue.add("x3", { afterMs: 10 });
    expect(await take()).toBe("x1");
    queue.add("x1");
    expect(queue.drop((key) => key.startsWith("x"))).toBe(3);
    await clock.advance(10);
    expect(queue.length).toBe(1);
    queue.done("x1");
    queue.add("x2");
    expect([await take(), await take()]).toEqual(["y1", "x2"]);
    expect(adds()).toBe(5);
  });

  test("Q10 is ready at the earliest time asked for", async () => {
    const { clock, queue } = setUp();
    queue.add("a", { afterMs: 10_000 });
    queue.add("a", { afterMs: 1_000 });
    queue.add("a", { afterMs: 20_000 });
    await clock.advance(999);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
    await clock.advance(60_000);
    expect(queue.length).toBe(1);
  });

  test("Q11 Q12 Q13 is ready at once when added without delay, and stays so", async () => {
    const { clock, queue, adds } = setUp();
    queue.add("a", { afterMs: 10_000 });
    expect(queue.length).toBe(0);
    queue.add("a");
    queue.add("a", { afterMs: 5_000 });
    expect(queue.length).toBe(1);
    expect(adds()).toBe(1);
    expect(clock.next()).toBeUndefined();
  });

  test("Q14 Q15 hands delayed keys out in the order of becoming ready, higher levels first", async () => {
    const { clock, queue, take } = setUp();
    queue.add("late", { afterMs: 300 });
    queue.add("early", { afterMs: 100 });
    queue.add("low", { priority: Priority.low });
    await clock.advance(300);
    expect([await take(), await take(), await take()]).toEqual(["early", "late", "low"]);
  });

  test("Q16 Q17 wakes a waiting taker, and tells it of the shutdown", async () => {
    const { queue, take } = setUp();
    const waiting = take();
    queue.add("a");
    expect(await waiting).toBe("a");
    const last = queue.get();
    queue.shutDown();
    expect(await last).toBeUndefined();
    expect(await queue.get()).toBeUndefined();
  });

  test("Q18 lets no taker hang when the shutdown comes in the middle of handing out", async () => {
    const { queue } = setUp();
    let taken = 0;
    const taker = async (): Promise<void> => {
      for (let next = await queue.get(); next; next = await queue.get()) {
        if (++taken === 500) queue.shutDown();
        await Promise.resolve();
        queue.done(next.key);
      }
    };
    const takers = Array.from({ length: 50 }, taker);
    for (let i = 0; i < 2_000; i++) queue.add(`${i}`);
    await Promise.all(takers);
    await queue.drained();
    expect(taken).toBeGreaterThanOrEqual(500);
    expect(taken).toBeLessThan(600);
    expect({ length: queue.length, processing: queue.processing }).toEqual({ length: 0, processing: 0 });
  });

  test("Q19 drops what is queued at shutdown, says how much, and waits for running work", async () => {
    const { clock, queue, take } = setUp();
    for (const key of ["a", "b", "c"]) queue.add(key);
    queue.add("d", { afterMs: 50 });
    await take();
    expect(queue.shutDown()).toBe(3);
    queue.add("e");
    expect(queue.length).toBe(0);
    let drained = false;
    const draining = queue.drained().then(() => (drained = true));
    await Promise.resolve();
    expect(drained).toBe(false);
    queue.done("a");
    await draining;
    expect(clock.next()).toBeUndefined();
  });

  test("Q28 serves a low level under a steady stream of higher ones, without letting its backlog take over", async () => {
    const { clock, queue } = setUp();
    for (let i = 0; i < 40; i++) queue.add(`low-${i}`, { priority: Priority.low });
    await clock.advance(10_000);
    const served: string[] = [];
    for (let i = 0; i < 40; i++) {
      queue.add(`new-${i}`);
      const taken = (await queue.get())!;
      served.push(taken.key);
      queue.done(taken.key);
    }
    expect(served.filter((key) => key.startsWith("low"))).toHaveLength(10);
  });

  test("Q28 lets no low priority starve another that has waited longer", async () => {
    const { clock, queue } = setUp();
    queue.add("low", { priority: Priority.low });
    await clock.advance(1);
    for (let i = 0; i < 40; i++) queue.add(`idle-${i}`, { priority: Priority.idle });
    await clock.advance(10_000);
    const served: string[] = [];
    for (let i = 0; i < 8; i++) {
      queue.add(`new-${i}`);
      const taken = (await queue.get())!;
      served.push(taken.key);
      queue.done(taken.key);
    }
    expect(served.filter((key) => !key.startsWith("new"))).toEqual(["low", "idle-0"]);
  });

  test("makes keys ready in time whatever fractions of a millisecond their delays have", async () => {
    const { clock, queue } = setUp();
    let timers = 0;
    const { setTimer } = clock;
    clock.setTimer = (...args) => {
      // Fractions vanish beside the epoch's milliseconds, so a timer set for a fraction would fire without progress.
      if (++timers > 10_000) throw new Error("timers are set over and over");
      return setTimer(...args);
    };
    for (let i = 1; i <= 500; i++) {
      queue.add(`${i}`, { afterMs: i / 7 + 1e-5 / i });
      await clock.advance(0.1 + 1 / i);
    }
    await clock.advance(100);
    expect(queue.length).toBe(500);
  });

  test("merges the causes of one entry and counts those beyond the cap", async () => {
    const { queue } = setUp();
    const event = (resourceVersion: string) =>
      ({
        type: "event",
        event: "updated",
        resource: "configmaps",
        namespace: "n",
        name: "c",
        resourceVersion,
      }) as const;
    queue.add("a", { cause: { type: "initial" } });
    queue.add("a", { cause: { type: "initial" } });
    for (let i = 0; i < CAUSE_CAP + 3; i++) queue.add("a", { cause: event(`${i}`) });
    const taken = (await queue.get())!;
    expect(taken.causes).toHaveLength(CAUSE_CAP);
    expect(taken.droppedCauses).toBe(4);
  });

  test("tells of a requeue when it is due, or when nothing else woke the key", async () => {
    const { clock, queue } = setUp();
    const requeue = { type: "requeue", afterMs: 1_000 } as const;
    const manual = { type: "manual", reason: "now" } as const;
    const causes = async () => {
      const taken = (await queue.get())!;
      queue.done("a");
      return taken.causes;
    };
    queue.add("a", { afterMs: 1_000, cause: requeue });
    queue.add("a", { cause: manual });
    expect(await causes()).toEqual([manual]);
    queue.add("a", { afterMs: 1_000, cause: requeue });
    await clock.advance(1_000);
    queue.add("a", { cause: manual });
    expect(await causes()).toEqual([requeue, manual]);
    queue.add("a", { afterMs: 1_000, cause: requeue });
    queue.add("a");
    expect(await causes()).toEqual([requeue]);
  });

  test("Q29 holds very many keys in 300 bytes each, hands all out once, and keeps nothing of them", async () => {
    const collected = (): number => {
      setFlagsFromString("--expose-gc");
      runInNewContext("gc")();
      return process.memoryUsage().heapUsed;
    };
    const count = 200_000;
    const keys = Array.from({ length: count }, (_, i) => `demo/${i}`);
    const { queue } = setUp();
    const before = collected();
    for (const key of keys) queue.add(key, { priority: key.length });
    expect((collected() - before) / count).toBeLessThan(300);
    const seen = new Set<string>();
    for (let taken = 0; taken < count; taken++) {
      const { key } = (await queue.get())!;
      seen.add(key);
      queue.done(key);
    }
    expect(seen.size).toBe(count);
    seen.clear();
    expect({ length: queue.length, processing: queue.processing }).toEqual({ length: 0, processing: 0 });
    // Rings keep the room they have had until another priority turns up.
    queue.add("last", { priority: -1 });
    expect((collected() - before) / count).toBeLessThan(30);
  });

  test("Q27 behaves like a simple model under any sequence of operations", async () => {
    const operation = fc.oneof(
      fc.record({
        type: fc.constant("add" as const),
        key: fc.nat(4),
        level: fc.constantFrom(-100, -100, 0, 0, 0, 1, 7, 1_000),
        afterMs: fc.constantFrom(0, 0, 5, 20),
      }),
      fc.record({ type: fc.constant("get" as const) }),
      fc.record({ type: fc.constant("done" as const), pick: fc.nat(4) }),
      fc.record({ type: fc.constant("advance" as const), ms: fc.nat(30) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 80 }), async (operations) => {
        // The virtual clock's `advance` lets other work run; here only timers matter.
        let now = 0;
        const timers: { at: number; run: () => void }[] = [];
        const clock = {
          now: () => now,
          monotonic: () => now,
          setTimer(run: () => void, delayMs: number) {
            const timer = { at: now + delayMs, run };
            timers.push(timer);
            return () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1));
          },
        };
        const queue = new Workqueue<string>({ clock, keyOf: (key) => key, ageingMs: Number.POSITIVE_INFINITY });
        type Model = { level: number; readyAt: number; order: number; added: number };
        const pending = new Map<string, Model>();
        const running = new Set<string>();
        let order = 0;
        for (const op of operations) {
          if (op.type === "add") {
            const key = `${op.key}`;
            queue.add(key, { priority: op.level, afterMs: op.afterMs });
            const known = pending.get(key);
            const readyAt = op.afterMs > 0 ? now + op.afterMs : now;
            if (!known) pending.set(key, { level: op.level, readyAt, order: order++, added: order });
            else {
              const wasReady = known.readyAt <= now;
              if (op.level > known.level || (!wasReady && readyAt <= now)) known.order = order++;
              known.level = Math.max(known.level, op.level);
              known.readyAt = Math.min(known.readyAt, readyAt);
            }
          } else if (op.type === "advance") {
            const end = now + op.ms;
            const coming = [...pending.values()].filter(({ readyAt }) => readyAt > now && readyAt <= end);
            for (;;) {
              const due = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
              if (!due) break;
              timers.splice(timers.indexOf(due), 1);
              now = due.at;
              due.run();
            }
            now = end;
            // The order of becoming ready counts, not that of being added.
            for (const entry of coming.sort((a, b) => a.readyAt - b.readyAt || a.added - b.added))
              entry.order = order++;
          } else if (op.type === "done") {
            const key = [...running][op.pick % Math.max(1, running.size)];
            if (key === undefined) continue;
            queue.done(key);
            running.delete(key);
          } else {
            const ready = [...pending].filter(([key, entry]) => entry.readyAt <= now && !running.has(key));
            if (ready.length === 0) continue;
            const top = Math.max(...ready.map(([, entry]) => entry.level));
            const first = ready
              .filter(([, entry]) => entry.level === top)
              .sort(([, a], [, b]) => a.order - b.order)[0]!;
            const taken = (await queue.get()) as Taken<string>;
            expect(running.has(taken.key)).toBe(false);
            expect(taken.key).toBe(first[0]);
            expect(taken.priority).toBe(top);
            pending.delete(taken.key);
            running.add(taken.key);
          }
          expect(queue.length).toBe([...pending.values()].filter((entry) => entry.readyAt <= now).length);
          expect(queue.processing).toBe(running.size);
        }
      }),
      { numRuns: 300 },
    );
  });
});
