import { ApiError, type JsonObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { bindPod, checkPodUid, grantEviction, markEvicted } from "./pod-subresources.ts";

const now = "2026-01-01T00:00:00Z";
const later = "2026-01-01T00:01:00Z";

function refusal(action: () => unknown): ApiError {
  try {
    action();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error("was not refused");
}

describe("binding", () => {
  const binding = { metadata: { annotations: { by: "me" } }, target: { kind: "Node", name: "n1" } };

  it("B297 puts a pod on a node and says that it is scheduled", () => {
    const pod: JsonObject = {
      metadata: { name: "p" },
      spec: {},
      status: {
        phase: "Pending",
        conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", lastTransitionTime: now }],
      },
    };
    bindPod(pod, binding, later);
    expect(pod).toEqual({
      metadata: { name: "p", annotations: { by: "me" } },
      spec: { nodeName: "n1" },
      status: {
        phase: "Pending",
        conditions: [{ type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime: later }],
      },
    });
  });

  it.each<[string, JsonObject, string]>([
    ["is bound", { spec: { nodeName: "n0" } }, 'pod p is already assigned to node "n0"'],
    ["waits at a gate", { spec: { schedulingGates: [{ name: "a" }] } }, "pod p has non-empty .spec.schedulingGates"],
    [
      "is going",
      { metadata: { name: "p", deletionTimestamp: now } },
      "pod p is being deleted, cannot be assigned to a host",
    ],
  ])("B297 refuses with 409 a pod that %s", (_title, more, why) => {
    const error = refusal(() => bindPod({ metadata: { name: "p" }, ...more }, binding, now));
    expect([error.code, error.status.message]).toEqual([
      409,
      `Operation cannot be fulfilled on pods/binding "p": ${why}`,
    ]);
  });

  it("B297 refuses with 422 a target that is no node", () => {
    expect(refusal(() => bindPod({ metadata: { name: "p" } }, { target: { kind: "Pod" } }, now)).code).toBe(422);
  });

  it("refuses another pod of the same name", () => {
    const pod = { metadata: { name: "p", uid: "1" } };
    expect(refusal(() => checkPodUid(pod, "2")).code).toBe(409);
    expect(checkPodUid(pod, "1")).toBeUndefined();
    expect(checkPodUid(pod, undefined)).toBeUndefined();
  });
});

describe("eviction", () => {
  const pod = (status: JsonObject = {}): JsonObject => ({
    metadata: { name: "p", labels: { app: "web" } },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }], ...status },
  });
  const budget = (status: JsonObject, spec: JsonObject = {}): JsonObject => ({
    metadata: { name: "b", generation: 1 },
    spec: { selector: { matchLabels: { app: "web" } }, ...spec },
    status: { observedGeneration: 1, ...status },
  });

  it("B296 spends what the budget allows", () => {
    const before = budget({ disruptionsAllowed: 2 });
    const { budget: after } = grantEviction(
      pod(),
      [before, { ...budget({}), spec: { selector: { matchLabels: { app: "other" } } } }],
      now,
    );
    expect(after?.["status"]).toEqual({ observedGeneration: 1, disruptionsAllowed: 1, disruptedPods: { p: now } });
    expect(before["status"], "the stored budget is not changed").toEqual({
      observedGeneration: 1,
      disruptionsAllowed: 2,
    });
  });

  it("B296 answers 429 with the budget as cause when nothing is left", () => {
    const { status } = refusal(() =>
      grantEviction(pod(), [budget({ disruptionsAllowed: 0, desiredHealthy: 2, currentHealthy: 2 })], now),
    );
    expect(status).toMatchObject({
      code: 429,
      reason: "TooManyRequests",
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: {
        causes: [
          { reason: "DisruptionBudget", message: "The disruption budget b needs 2 healthy pods and has 2 currently" },
        ],
      },
    });
  });

  it("B296 asks to come back while the budget is not computed", () => {
    const error = refusal(() => grantEviction(pod(), [budget({ observedGeneration: 0, disruptionsAllowed: 1 })], now));
    expect([error.code, error.retryAfterMs]).toEqual([429, 10_000]);
  });

  it("B296 answers 500 when several budgets apply", () => {
    expect(refusal(() => grantEviction(pod(), [budget({}), budget({})], now)).code).toBe(500);
  });

  it.each<[string, JsonObject, JsonObject]>([
    ["is pending", pod({ phase: "Pending" }), budget({ disruptionsAllowed: 0 })],
    ["has ended", pod({ phase: "Failed" }), budget({ disruptionsAllowed: 0 })],
    [
      "does not serve while others suffice",
      pod({ conditions: [] }),
      budget({ disruptionsAllowed: 0, desiredHealthy: 1, currentHealthy: 1 }),
    ],
    [
      "does not serve and may always go",
      pod({ conditions: [] }),
      budget({ disruptionsAllowed: 0 }, { unhealthyPodEvictionPolicy: "AlwaysAllow" }),
    ],
  ])("B296 lets a pod go that %s", (_title, object, applying) => {
    expect(grantEviction(object, [applying], now)).toEqual({ budget: undefined });
  });

  it("B296 notes on the pod why it goes", () => {
    const object = pod();
    markEvicted(object, now);
    expect((object["status"] as JsonObject)["conditions"]).toContainEqual({
      type: "DisruptionTarget",
      status: "True",
      reason: "EvictionByEvictionAPI",
      message: "Eviction API: evicting",
      lastProbeTime: null,
      lastTransitionTime: now,
    });
  });
});
