import { expect, test } from "vitest";
import { LiveModel } from "./live-state.ts";
import { finding, reconcile, webApp } from "./samples.test-support.ts";

test("keeps an object until it is gone, in its last state", () => {
  const model = new LiveModel();
  model.observe({ type: "object", object: webApp });
  model.observe({ type: "object", object: { ...webApp, phase: "Failed" } });
  model.observe({ type: "object", object: { ...webApp, name: "other" } });
  expect([...model.objects.values()].map(({ name, phase }) => [name, phase])).toEqual([
    ["hello", "Failed"],
    ["other", "Ready"],
  ]);
  model.observe({ type: "objectGone", object: webApp });
  expect([...model.objects.values()].map(({ name }) => name)).toEqual(["other"]);
});

test("counts reconciles, errors and writes, and keeps only the last reconciles", () => {
  const model = new LiveModel();
  const write = { verb: "apply", resource: "configmaps", namespace: "default", name: "c", changed: true };
  for (let n = 0; n < 1_000; n++) {
    const name = `app-${n % 7}`;
    model.observe({
      type: "reconciled",
      row: reconcile({ name, startedAt: n, writes: [write, { ...write, changed: false }] }),
    });
  }
  model.observe({ type: "reconciled", row: reconcile({ startedAt: 1_000, outcome: "error", error: "boom" }) });
  expect(model.totals).toEqual({ reconciles: 1_001, errors: 1, writes: 2_000, idleWrites: 1_000, loops: 0 });
  expect(model.reconciles.length).toBeLessThanOrEqual(200);
  expect(model.reconciles.at(-1)?.entry.startedAt).toBe(1_000);
});

test("makes one row of what repeats itself", () => {
  const model = new LiveModel();
  const show = (change: Parameters<typeof reconcile>[0]): void =>
    model.observe({ type: "reconciled", row: reconcile(change) });
  for (let n = 0; n < 500; n++) show({ startedAt: n, durationMs: n });
  show({ causes: [{ type: "resync" }] });
  show({ name: "other" });
  show({ name: "other", outcome: "error", error: "boom" });
  show({ name: "other", outcome: "error", error: "boom" });
  expect(model.reconciles.map(({ times, entry }) => [times, entry.name, entry.outcome])).toEqual([
    [500, "hello", "success"],
    [1, "hello", "success"],
    [1, "other", "success"],
    [2, "other", "error"],
  ]);
  expect(model.reconciles[0]?.entry.startedAt).toBe(499);
  expect(model.totals.reconciles).toBe(504);
});

test("counts a loop once, however often it is found, and keeps what was said last", () => {
  const model = new LiveModel();
  model.observe({ type: "finding", finding });
  model.observe({ type: "finding", finding: { ...finding, name: "other", slowed: false } });
  model.observe({ type: "finding", finding: { ...finding, message: "still" } });
  expect(model.totals.loops).toBe(1);
  expect([...model.findings.values()].map(({ name, message }) => [name, message])).toEqual([
    ["other", finding.message],
    ["hello", "still"],
  ]);
});
