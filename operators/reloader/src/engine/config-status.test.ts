import { findCondition } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { ReloaderConfig } from "../api.ts";
import type { ReloadRecord } from "../reload/record.ts";
import { configFacts } from "../rules/decide-config.ts";
import { type StatusInput, statusExpiresMs, statusOf, type TargetFinding } from "./config-status.ts";

const nowMs = Date.UTC(2026, 0, 1, 0, 1);
const config = configFacts(
  ReloaderConfig.parse({
    apiVersion: "reloader.stakater.com/v1alpha1",
    kind: "ReloaderConfig",
    metadata: { name: "c", namespace: "default" },
    spec: {
      watchedResources: { secrets: ["db"] },
      targets: [{ kind: "Deployment", name: "web", pausePeriod: "5m" }],
    },
  }),
);
const reloaded = (reloads: number, at: string): TargetFinding => ({
  type: "found",
  record: { rules: "", contents: {}, reloads, configs: { "default/c": { reloads, at } } } satisfies ReloadRecord,
});
const status = (parts: Partial<StatusInput> & { readonly finding?: TargetFinding } = {}) =>
  statusOf({
    key: "default/c",
    config,
    generation: 3,
    previous: undefined,
    hashes: { "default/Secret/db": "h" },
    missing: [],
    target: () => parts.finding ?? { type: "found", record: undefined },
    nowMs,
    ...parts,
  });
const reasons = (of: ReturnType<typeof status>) =>
  ["Available", "Progressing", "Degraded"].map((type) => {
    const condition = findCondition(of.conditions, type)!;
    return `${condition.status} ${condition.reason}`;
  });

describe("status of a ReloaderConfig", () => {
  test("is well where all is there", () => {
    expect(reasons(status())).toEqual(["True Reconciled", "False Reconciled", "False Reconciled"]);
    expect(status()).toMatchObject({
      observedGeneration: 3,
      reloadCount: 0,
      watchedResourceHashes: { "default/Secret/db": "h" },
    });
    expect(status().targetStatus).toBeUndefined();
  });

  test("D9: is degraded and available while a resource is missing", () => {
    expect(reasons(status({ missing: ["default/Secret/x"] }))).toEqual([
      "True Reconciled",
      "False Reconciled",
      "True ResourceNotFound",
    ]);
  });

  test("a missing resource hides no missing target, nor the other way round", () => {
    const both = status({ missing: ["default/Secret/x"], finding: { type: "missing" } });
    expect(reasons(both)).toEqual(["False TargetNotFound", "False Reconciled", "True TargetNotFound"]);
    const { message } = both.conditions!.find(({ type }) => type === "Degraded")!;
    expect(message).toContain("default/web");
    expect(message).toContain("default/Secret/x");
    expect(reasons(status({ finding: { type: "refused", why: "no grant" } }))[2]).toBe("True InvalidSpec");
  });

  test("counts what its targets' records say was reloaded through it", () => {
    const first = status({ finding: reloaded(2, "2026-01-01T00:00:00Z") });
    expect(first).toMatchObject({ reloadCount: 2, lastReloadTime: "2026-01-01T00:00:00Z" });
    const same = status({ previous: first, finding: reloaded(2, "2026-01-01T00:00:00Z") });
    expect(same.reloadCount).toBe(2);
    const next = status({ previous: same, finding: reloaded(3, "2026-01-01T00:00:30Z") });
    expect(next).toMatchObject({ reloadCount: 3, lastReloadTime: "2026-01-01T00:00:30Z" });
  });

  test("goes on counting where a target was made anew", () => {
    const first = status({ finding: reloaded(5, "2026-01-01T00:00:00Z") });
    const anew = status({ previous: first, finding: { type: "found", record: undefined } });
    expect(anew).toMatchObject({ reloadCount: 5, targetStatus: [{ reloadCount: 5 }] });
    const again = status({ previous: anew, finding: reloaded(1, "2026-01-01T00:00:40Z") });
    expect(again).toMatchObject({ reloadCount: 6, targetStatus: [{ reloadCount: 1 }] });
  });

  test("says until when a target rests, and when to look again", () => {
    const resting = status({ finding: reloaded(1, "2026-01-01T00:00:00Z") });
    expect(resting.targetStatus?.[0]?.pausedUntil).toBe("2026-01-01T00:05:00Z");
    expect(statusExpiresMs(resting, nowMs)).toBe(240_000);
    const rested = status({ finding: reloaded(1, "2026-01-01T00:00:00Z"), nowMs: nowMs + 240_000 });
    expect(rested.targetStatus?.[0]?.pausedUntil).toBeUndefined();
    expect(statusExpiresMs(rested, nowMs)).toBeUndefined();
  });

  test("is the same object again where nothing has changed, times of transition included", () => {
    const first = status({ missing: ["default/Secret/x"] });
    expect(status({ previous: first, missing: ["default/Secret/x"], nowMs: nowMs + 60_000 })).toEqual(first);
  });
});
