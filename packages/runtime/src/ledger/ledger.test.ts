import { expect, test } from "vitest";
import type { LedgerEntry } from "./cause.ts";
import { LEDGER_ENTRIES, ReconcileLedger } from "./ledger.ts";

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
