import type { Deployment } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { defaultAnnotationKeys as keys } from "../rules/annotation-keys.ts";
import { pausePatch, pausePeriodOf, pauseStep } from "./pause.ts";

const now = Date.UTC(2026, 0, 1);
const deployment = (
  annotations: Record<string, string>,
  parts: { paused?: boolean; template?: Record<string, string> } = {},
): Deployment => ({
  metadata: { annotations },
  spec: {
    ...(parts.paused === undefined ? {} : { paused: parts.paused }),
    selector: {},
    template: { metadata: { annotations: parts.template ?? {} } },
  },
});
const period = (text: string) => ({ [keys.pausePeriod]: text });
const since = (text: string) => ({ ...period("5m"), [keys.pausedAt]: text });

describe("pause of a Deployment", () => {
  test.each([
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["1.5s", 1_500],
    ["100ms", 100],
  ])("S5: reads %s as Go does", (text, ms) => {
    expect(pausePeriodOf(deployment(period(text)), keys)).toEqual({ type: "period", ms });
  });

  test("61: takes the period of the template where the Deployment says none", () => {
    expect(pausePeriodOf(deployment({}, { template: period("2s") }), keys)).toEqual({ type: "period", ms: 2_000 });
    expect(pausePeriodOf(deployment(period("1s"), { template: period("2s") }), keys)).toMatchObject({ ms: 1_000 });
  });

  test.each(["5 minutes", "1d", "5", "m"])("62: %s is no period, and pauses nothing", (text) => {
    expect(pausePeriodOf(deployment(period(text)), keys)).toEqual({ type: "invalid", text });
    expect(pausePatch(deployment(period(text)), keys, now)).toBeUndefined();
  });

  test("59: leaves a Deployment alone that a person paused", () => {
    expect(pausePatch(deployment(period("5m"), { paused: true }), keys, now)).toBeUndefined();
    expect(pauseStep(deployment(period("5m"), { paused: true }), keys, now)).toEqual({ type: "none" });
  });

  test("begins with a time to the second", () => {
    expect(pausePatch(deployment(period("5m")), keys, now + 700)).toEqual({
      paused: true,
      pausedAt: "2026-01-01T00:00:00Z",
    });
  });

  test("60: ends one period after it began, whoever looks", () => {
    const paused = deployment(since("2026-01-01T00:00:00Z"), { paused: true });
    expect(pauseStep(paused, keys, now + 60_000)).toEqual({ type: "wait", forMs: 240_000 });
    expect(pauseStep(paused, keys, now + 300_000)).toEqual({ type: "resume" });
    expect(pauseStep(paused, keys, now + 86_400_000)).toEqual({ type: "resume" });
  });

  test("never leaves a Deployment paused for good: an unreadable time or a removed period resumes it", () => {
    expect(pauseStep(deployment(since("yesterday"), { paused: true }), keys, now)).toEqual({ type: "resume" });
    const removed = deployment({ [keys.pausedAt]: "2026-01-01T00:00:00Z" }, { paused: true });
    expect(pauseStep(removed, keys, now)).toEqual({ type: "resume" });
  });

  test("forgets a pause that a person has ended", () => {
    expect(pauseStep(deployment(since("2026-01-01T00:00:00Z")), keys, now)).toEqual({ type: "forget" });
  });
});
