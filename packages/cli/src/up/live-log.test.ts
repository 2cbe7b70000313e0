import { createVirtualClock } from "@homeostat/api";
import { expect, test } from "vitest";
import type { LiveEvent } from "../view/live-state.ts";
import { liveLogger } from "./live-log.ts";

function start() {
  const events: LiveEvent[] = [];
  const clock = createVirtualClock();
  const log = liveLogger(clock, (event) => events.push(event)).child({ controller: "webapp" });
  return { events, log, at: clock.now() };
}

test("makes findings of what loop guards log", () => {
  const { events, log, at } = start();
  const own = log.child({ namespace: "default", name: "hello" });
  own.warn({ finding: "self", reason: "it writes on every pass" }, "Reconcile loop");
  own.warn({ finding: "foreign", reason: "kubectl writes" }, "Reconciled over and over by another writer");
  const key = { controller: "webapp", namespace: "default", name: "hello", at };
  expect(events).toEqual([
    { type: "finding", finding: { ...key, message: "it writes on every pass", slowed: true } },
    { type: "finding", finding: { ...key, message: "kubectl writes", slowed: false } },
  ]);
});

test("makes warnings of other trouble, with why", () => {
  const { events, log, at } = start();
  log.warn({ reason: "forbidden" }, "Watch does not work");
  log.error({ err: new Error("boom") }, "Worker failed");
  log.warn({ warning: "v1 is old" }, "Server warns");
  log.error({}, "Odd");
  expect(events).toEqual(
    ["Watch does not work: forbidden", "Worker failed: boom", "Server warns: v1 is old", "Odd"].map((text) => ({
      type: "warning",
      warning: { at, text },
    })),
  );
});

test("leaves what is no trouble, and what the ledger tells, to others", () => {
  const { events, log } = start();
  log.info({}, "Starting workers");
  log.debug({}, "Reconcile done");
  log.error({ err: new Error("boom") }, "Reconciler error");
  expect(events).toEqual([]);
});

test("hands every line on with its fields", () => {
  const lines: unknown[] = [];
  const collect = (own: object): Parameters<typeof liveLogger>[2] => ({
    debug: (fields, message) => lines.push(["debug", { ...own, ...fields }, message]),
    info: (fields, message) => lines.push(["info", { ...own, ...fields }, message]),
    warn: (fields, message) => lines.push(["warn", { ...own, ...fields }, message]),
    error: (fields, message) => lines.push(["error", { ...own, ...fields }, message]),
    child: (fields) => collect({ ...own, ...fields })!,
  });
  const log = liveLogger(createVirtualClock(), () => {}, collect({})).child({ a: 1 });
  log.debug({ b: 2 }, "x");
  log.error({ c: 3 }, "y");
  expect(lines).toEqual([
    ["debug", { a: 1, b: 2 }, "x"],
    ["error", { a: 1, c: 3 }, "y"],
  ]);
});
