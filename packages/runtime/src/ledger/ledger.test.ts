import { expect, test } from "vitest";
import type { LedgerEntry } from "./cause.ts";
import { LEDGER_ENTRIES, LEDGER_TOTAL, ReconcileLedger } from "./ledger.ts";

const entry = (name: string, startedAt: number, controller = "widget"): LedgerEntry => ({
  controller,
  namespace: "demo",
  name,
  reconcileID: `${startedAt}`,
  startedAt,
  durationMs: 1,
  causes: [],
  droppedCauses: 0,
  outcome: "success",
  writes: [],
});

test("keeps the last entries of every object, newest last", () => {
  const ledger = new ReconcileLedger();
  for (let i = 0; i < LEDGER_ENTRIES * 2 + 5; i++) ledger.record(entry("busy", i));
  ledger.record(entry("quiet", 0));
  const starts = ledger.entries({ name: "busy" }).map(({ startedAt }) => startedAt);
  expect(starts).toEqual(Array.from({ length: LEDGER_ENTRIES }, (_, index) => index + LEDGER_ENTRIES + 5));
  expect(ledger.entries({ name: "quiet" })).toHaveLength(1);
  expect(ledger.entries()).toHaveLength(LEDGER_ENTRIES + 1);
});

test("filters by controller, and forgets an object that is gone", () => {
  const ledger = new ReconcileLedger();
  ledger.record(entry("a", 1));
  ledger.record(entry("a", 2, "other"));
  expect(ledger.entries({ controller: "other" }).map(({ startedAt }) => startedAt)).toEqual([2]);
  ledger.forget("other", "demo", "a");
  expect(ledger.entries().map(({ startedAt }) => startedAt)).toEqual([1]);
});

test("tells subscribers until they leave", () => {
  const ledger = new ReconcileLedger();
  const seen: number[] = [];
  const leave = ledger.subscribe(({ startedAt }) => seen.push(startedAt));
  ledger.record(entry("a", 1));
  leave();
  ledger.record(entry("a", 2));
  expect(seen).toEqual([1]);
});

test("with many objects cuts those not reconciled for longest to their last few", () => {
  const ledger = new ReconcileLedger();
  const objects = 5_000;
  for (let at = 0; at < objects * LEDGER_ENTRIES; at++) ledger.record(entry(`object-${at % objects}`, at));
  expect(ledger.entries().length).toBeLessThanOrEqual(LEDGER_TOTAL);
  const last = ledger.entries({ name: "object-0" }).map(({ startedAt }) => startedAt);
  expect(last.at(-1)).toBe(objects * (LEDGER_ENTRIES - 1));
  expect(last.length).toBeGreaterThanOrEqual(4);
});

test("counts right over objects that are forgotten, and keeps one entry of each however many there are", () => {
  const ledger = new ReconcileLedger();
  const objects = LEDGER_TOTAL * 1.5;
  for (let at = 0; at < objects; at++) ledger.record(entry(`object-${at}`, at));
  expect(ledger.entries()).toHaveLength(objects);
  for (let at = 0; at < objects; at++) ledger.forget("widget", "demo", `object-${at}`);
  for (let at = 0; at < LEDGER_ENTRIES; at++) ledger.record(entry("one", at));
  expect(ledger.entries()).toHaveLength(LEDGER_ENTRIES);
});
