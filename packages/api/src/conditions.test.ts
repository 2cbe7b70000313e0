import { describe, expect, it } from "vitest";
import {
  type Condition,
  findCondition,
  isConditionFalse,
  isConditionTrue,
  removeCondition,
  setCondition,
  summarizeConditions,
} from "./conditions.ts";

const start = Date.UTC(2026, 0, 1);
const ready = {
  type: "Ready",
  status: "True",
  reason: "AllGood",
  message: "all is well",
  observedGeneration: 1,
} as const;

describe("setCondition", () => {
  it("adds a condition with the time of its transition", () => {
    expect(setCondition(undefined, ready, start)).toEqual([{ ...ready, lastTransitionTime: "2026-01-01T00:00:00Z" }]);
  });

  it("returns the same array when nothing changed", () => {
    const before = setCondition([], ready, start);
    expect(setCondition(before, { ...ready }, start + 60_000)).toBe(before);
  });

  it("keeps the time of the transition when only the reason, message or generation changes", () => {
    const before = setCondition([], ready, start);
    const after = setCondition(
      before,
      { ...ready, reason: "Better", message: "even better", observedGeneration: 2 },
      start + 60_000,
    );
    expect(after).toEqual([
      {
        ...ready,
        reason: "Better",
        message: "even better",
        observedGeneration: 2,
        lastTransitionTime: "2026-01-01T00:00:00Z",
      },
    ]);
    expect(before[0]?.reason).toBe("AllGood");
  });

  it("moves the time of the transition when the status changes, leaving others and their order alone", () => {
    const before = setCondition(
      setCondition([], ready, start),
      { type: "Stalled", status: "False", reason: "Fine" },
      start,
    );
    const after = setCondition(before, { ...ready, status: "False", reason: "Broken" }, start + 60_500);
    expect(after.map(({ type, status, lastTransitionTime }) => [type, status, lastTransitionTime])).toEqual([
      ["Ready", "False", "2026-01-01T00:01:00Z"],
      ["Stalled", "False", "2026-01-01T00:00:00Z"],
    ]);
    expect(after[1]).toBe(before[1]);
  });
});

describe("reading conditions", () => {
  const conditions = setCondition([], ready, start);

  it("tells true, false and absent apart", () => {
    expect(isConditionTrue(conditions, "Ready")).toBe(true);
    expect(isConditionFalse(conditions, "Ready")).toBe(false);
    expect(isConditionTrue(conditions, "Other")).toBe(false);
    expect(isConditionFalse(conditions, "Other")).toBe(false);
    expect(findCondition(undefined, "Ready")).toBeUndefined();
  });

  it("removes one, or returns the same array when there is none", () => {
    expect(removeCondition(conditions, "Ready")).toEqual([]);
    expect(removeCondition(conditions, "Other")).toBe(conditions);
  });
});

describe("summarizeConditions", () => {
  const of = (...list: [string, Condition["status"], number?][]): Condition[] =>
    list.map(([type, status, observedGeneration]) => ({
      type,
      status,
      reason: `${type}Reason`,
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
      ...(observedGeneration === undefined ? {} : { observedGeneration }),
    }));

  it.each<[string, Condition[], object]>([
    ["is true when all are", of(["A", "True"], ["B", "True"]), { status: "True", reason: "Ready", message: "" }],
    [
      "is false when one is, with its reason",
      of(["A", "Unknown"], ["B", "False"]),
      { status: "False", reason: "BReason", message: "B is False" },
    ],
    ["is unknown when one is", of(["A", "True"], ["B", "Unknown"]), { status: "Unknown", reason: "BReason" }],
    [
      "is unknown when one is absent",
      of(["A", "True"]),
      { status: "Unknown", reason: "NotReported", message: "B is not reported yet" },
    ],
    ["is unknown when one is outdated", of(["A", "True"], ["B", "True", 1]), { status: "Unknown", reason: "Outdated" }],
  ])("%s", (_, conditions, expected) => {
    expect(summarizeConditions(conditions, ["A", "B"], { generation: 2 })).toMatchObject({
      type: "Ready",
      observedGeneration: 2,
      ...expected,
    });
  });

  it("counts True of a negative type as bad", () => {
    const conditions = of(["Available", "True"], ["Degraded", "True"]);
    expect(summarizeConditions(conditions, ["Available", "Degraded"], { negative: ["Degraded"] })).toMatchObject({
      status: "False",
      reason: "DegradedReason",
    });
    expect(summarizeConditions(of(["Degraded", "False"]), ["Degraded"], { negative: ["Degraded"] }).status).toBe(
      "True",
    );
  });
});
