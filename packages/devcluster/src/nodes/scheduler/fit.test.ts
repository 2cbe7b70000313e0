import type { Node, Pod } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { noFitMessage, obstacle, requestsOf } from "./fit.ts";

const node = (spec: Node["spec"] = {}, labels: Record<string, string> = {}): Node => ({
  metadata: { name: "n1", labels },
  spec,
  status: { allocatable: { cpu: "2", memory: "1Gi", pods: "3" } },
});

const pod = (spec: Partial<NonNullable<Pod["spec"]>> = {}): Pod => ({ spec: { containers: [], ...spec } });
const asking = (cpu: string): Pod => pod({ containers: [{ name: "c", resources: { requests: { cpu } } }] });
const affinity = (operator: "In" | "Gt" | "DoesNotExist", values: string[]): Pod =>
  pod({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: "size", operator, values }] }],
        },
      },
    },
  });

const mismatch = "node(s) didn't match Pod's node affinity/selector";

describe("obstacle", () => {
  it.each<[string, Pod, Node, string | undefined]>([
    ["a pod that asks for nothing", pod(), node(), undefined],
    ["a cordoned node", pod(), node({ unschedulable: true }), "node(s) were unschedulable"],
    [
      "a cordoned node that is tolerated",
      pod({ tolerations: [{ key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" }] }),
      node({ unschedulable: true }),
      undefined,
    ],
    [
      "a taint",
      pod(),
      node({ taints: [{ key: "gpu", value: "a", effect: "NoSchedule" }] }),
      "node(s) had untolerated taint {gpu: a}",
    ],
    [
      "a taint that is only a preference",
      pod(),
      node({ taints: [{ key: "gpu", effect: "PreferNoSchedule" }] }),
      undefined,
    ],
    [
      "a tolerated taint",
      pod({ tolerations: [{ key: "gpu", operator: "Equal", value: "a" }] }),
      node({ taints: [{ key: "gpu", value: "a", effect: "NoExecute" }] }),
      undefined,
    ],
    ["a selector that does not match", pod({ nodeSelector: { disk: "ssd" } }), node(), mismatch],
    ["a selector that matches", pod({ nodeSelector: { disk: "ssd" } }), node({}, { disk: "ssd" }), undefined],
    ["an affinity that does not match", affinity("In", ["l", "m"]), node({}, { size: "s" }), mismatch],
    ["an affinity to greater numbers", affinity("Gt", ["3"]), node({}, { size: "10" }), undefined],
    ["an affinity to nodes without a label", affinity("DoesNotExist", []), node({}, { size: "1" }), mismatch],
    ["more CPU than is left", asking("1500m"), node(), "Insufficient cpu"],
    ["as much CPU as is left", asking("1"), node(), undefined],
  ])("judges %s", (_, wanted, place, result) => {
    expect(obstacle(wanted, place, { cpu: 1, pods: 1 })).toBe(result);
  });

  it("counts pods", () => {
    expect(obstacle(pod(), node(), { pods: 3 })).toBe("Too many pods");
  });
});

describe("requestsOf", () => {
  it("adds containers and sidecars up, and takes the largest init container if that is more", () => {
    const container = (name: string, cpu: string, extra: object = {}) => ({
      name,
      resources: { requests: { cpu } },
      ...extra,
    });
    const spec = {
      containers: [container("a", "1"), container("b", "500m")],
      initContainers: [
        container("side", "1", { restartPolicy: "Always" }),
        container("big", "4"),
        container("small", "1"),
      ],
    };
    expect(requestsOf({ spec })).toEqual({ pods: 1, cpu: 4 });
    expect(requestsOf({ spec: { ...spec, initContainers: spec.initContainers.slice(0, 1) } })).toEqual({
      pods: 1,
      cpu: 2.5,
    });
  });
});

describe("noFitMessage", () => {
  it("counts nodes by cause", () => {
    expect(noFitMessage(["Insufficient cpu", mismatch, "Insufficient cpu"])).toBe(
      `0/3 nodes are available: 1 ${mismatch}, 2 Insufficient cpu.`,
    );
  });
});
