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
    model.observe({
      type: "reconciled",
      row: reconcile({ startedAt: n, writes: [write, { ...write, changed: false }] }),
    });
  }
  model.observe({ type: "reconciled", row: reconcile({ startedAt: 1_000, outcome: "error", error: "boom" }) });
  expect(model.totals).toEqual({ reconciles: 1_001, errors: 1, writes: 2_000, idleWrites: 1_000, loops: 0 });
  expect(model.reconciles.length).toBeLessThanOrEqual(200);
  expect(model.reconciles.at(-1)?.entry.startedAt).toBe(1_000);
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
