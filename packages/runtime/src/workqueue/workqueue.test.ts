import { createVirtualClock, type VirtualClock } from "@homeostat/api";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CAUSE_CAP, Priority } from "./entry.ts";
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

  test("Q07 Q08 Q09 serves higher levels first, and never lowers one", async () => {
    const { queue, take } = setUp();
    queue.add("a", { priority: Priority.normal });
    queue.add("b", { priority: Priority.urgent });
    queue.add("a", { priority: Priority.low });
    queue.add("a", { priority: Priority.urgent });
    queue.add("c", { priority: Priority.normal });
    expect([await take(), await take(), await take()]).toEqual(["b", "a", "c"]);
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

  test("Q18 Q19 drops what is queued at shutdown, says how much, and waits for running work", async () => {
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

  test("remembers failures until they are forgotten, and nothing of a key that is done", async () => {
    const { queue, take } = setUp();
    queue.add("a");
    await take();
    expect([queue.failed("a"), queue.failed("a")]).toEqual([0, 1]);
    queue.done("a");
    expect(queue.failures("a")).toBe(2);
    queue.forget("a");
    expect(queue.failures("a")).toBe(0);
  });

  test("Q27 behaves like a simple model under any sequence of operations", async () => {
    const operation = fc.oneof(
      fc.record({
        type: fc.constant("add" as const),
        key: fc.nat(4),
        level: fc.nat(3),
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
        type Model = { level: number; readyAt: number; order: number };
        const pending = new Map<string, Model>();
        const running = new Set<string>();
        let order = 0;
        for (const op of operations) {
          if (op.type === "add") {
            const key = `${op.key}`;
            queue.add(key, { priority: op.level as Priority, afterMs: op.afterMs });
            const known = pending.get(key);
            const readyAt = op.afterMs > 0 ? now + op.afterMs : now;
            if (!known) pending.set(key, { level: op.level, readyAt, order: order++ });
            else {
              const wasReady = known.readyAt <= now;
              if (op.level > known.level || (!wasReady && readyAt < known.readyAt)) known.order = order++;
              known.level = Math.max(known.level, op.level);
              known.readyAt = Math.min(known.readyAt, readyAt);
            }
          } else if (op.type === "advance") {
            const end = now + op.ms;
            for (;;) {
              const due = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
              if (!due) break;
              timers.splice(timers.indexOf(due), 1);
              now = due.at;
              due.run();
            }
            now = end;
          } else if (op.type === "done") {
            const key = [...running][op.pick % Math.max(1, running.size)];
            if (key === undefined) continue;
            queue.done(key);
            running.delete(key);
          } else {
            const ready = [...pending].filter(([key, entry]) => entry.readyAt <= now && !running.has(key));
            if (ready.length === 0) continue;
            const top = Math.max(...ready.map(([, entry]) => entry.level));
            const taken = (await queue.get()) as Taken<string>;
            expect(running.has(taken.key)).toBe(false);
            expect(pending.get(taken.key)?.level).toBe(top);
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
