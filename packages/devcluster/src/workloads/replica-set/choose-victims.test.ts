import type { Pod, Stored } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { chooseVictims } from "./choose-victims.ts";

interface Shape {
  readonly node?: string;
  readonly phase?: "Pending" | "Running" | "Unknown";
  readonly readySince?: string;
  readonly cost?: string;
  readonly restarts?: number;
  readonly created?: string;
}

const pod = (name: string, shape: Shape = {}): Stored<Pod> => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name,
    uid: name,
    resourceVersion: "1",
    creationTimestamp: shape.created ?? "2026-01-01T00:00:00Z",
    ...(shape.cost ? { annotations: { "controller.kubernetes.io/pod-deletion-cost": shape.cost } } : {}),
  },
  spec: { containers: [], nodeName: shape.node ?? "n1" },
  status: {
    phase: shape.phase ?? "Running",
    conditions: [
      shape.readySince
        ? { type: "Ready", status: "True", lastTransitionTime: shape.readySince }
        : { type: "Ready", status: "False" },
    ],
    containerStatuses: [{ name: "c", ready: true, restartCount: shape.restarts ?? 0, image: "", imageID: "" }],
  },
});

const early = "2026-01-01T00:00:00Z";
const late = "2026-01-01T01:00:00Z";

describe("chooseVictims", () => {
  it.each<[string, Shape, Shape]>([
    ["a pod on no node before one on a node", { node: "", phase: "Running", readySince: early }, { phase: "Pending" }],
    ["Pending before Unknown", { phase: "Pending" }, { phase: "Unknown" }],
    ["Unknown before Running", { phase: "Unknown" }, { phase: "Running" }],
    ["one not ready before a ready one", { cost: "100" }, { readySince: early, cost: "1" }],
    ["the lower deletion cost", { readySince: early, cost: "-5" }, { readySince: late, cost: "5" }],
    ["one on the fuller node", { node: "full", readySince: early }, { node: "n1", readySince: late }],
    ["the one ready for a shorter time", { readySince: late }, { readySince: early, restarts: 9 }],
    ["the one with more restarts", { readySince: early, restarts: 2 }, { readySince: early, created: late }],
    ["the newer one", { readySince: early, created: late }, { readySince: early, created: early }],
  ])("takes %s", (_, victim, survivor) => {
    const pods = [pod("survivor", survivor), pod("victim", victim)];
    const onNode = (node: string): number => (node === "full" ? 7 : 1);
    expect(chooseVictims(pods, 1, onNode).map(({ metadata }) => metadata.name)).toEqual(["victim"]);
    expect(chooseVictims(pods.toReversed(), 1, onNode).map(({ metadata }) => metadata.name)).toEqual(["victim"]);
  });

  it("takes all when as many are asked for", () => {
    expect(chooseVictims([pod("a"), pod("b")], 5, () => 0)).toHaveLength(2);
  });
});
