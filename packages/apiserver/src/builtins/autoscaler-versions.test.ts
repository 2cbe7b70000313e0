import type { JsonObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { toAutoscalerV1, toAutoscalerV2 } from "./autoscaler-versions.ts";

const scaleTargetRef = { kind: "Deployment", name: "web" };
const cpu = (averageUtilization: number): JsonObject => ({
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization } },
});
const memory: JsonObject = {
  type: "Resource",
  resource: { name: "memory", target: { type: "AverageValue", averageValue: "1Gi" } },
};

describe("autoscalers of both versions", () => {
  it("shows the share of CPU of version 1 as a metric of version 2", () => {
    const v1 = {
      apiVersion: "autoscaling/v1",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "x" },
      spec: { scaleTargetRef, maxReplicas: 3, minReplicas: 2, targetCPUUtilizationPercentage: 50 },
    };
    expect(toAutoscalerV2(v1)).toEqual({
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "x" },
      spec: { scaleTargetRef, maxReplicas: 3, minReplicas: 2, metrics: [cpu(50)] },
    });
    expect(toAutoscalerV1(toAutoscalerV2(v1))).toEqual(v1);
  });

  it("scales by 80 % of CPU where version 1 says nothing", () => {
    expect(toAutoscalerV2({ metadata: {}, spec: { maxReplicas: 3 } })["spec"]).toMatchObject({ metrics: [cpu(80)] });
  });

  it("loses nothing of version 2 on the way through version 1", () => {
    const v2: JsonObject = {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "x", annotations: { mine: "yes" } },
      spec: {
        scaleTargetRef,
        maxReplicas: 3,
        minReplicas: 1,
        metrics: [cpu(70), memory],
        behavior: {
          scaleDown: { selectPolicy: "Disabled", policies: [] },
          scaleUp: { selectPolicy: "Max", stabilizationWindowSeconds: 0, policies: [] },
        },
      },
      status: {
        currentReplicas: 2,
        desiredReplicas: 2,
        currentMetrics: [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: 40 } } }],
        conditions: [{ type: "AbleToScale", status: "True" }],
      },
    };
    const v1 = toAutoscalerV1(v2);
    expect(v1["spec"]).toEqual({ scaleTargetRef, maxReplicas: 3, minReplicas: 1, targetCPUUtilizationPercentage: 70 });
    expect(v1["status"]).toEqual({ currentReplicas: 2, desiredReplicas: 2, currentCPUUtilizationPercentage: 40 });
    expect(toAutoscalerV2(v1)).toEqual(v2);
  });

  it("leaves annotations alone that are not what they should be", () => {
    const broken = { metadata: { annotations: { "autoscaling.alpha.kubernetes.io/metrics": "{" } }, spec: {} };
    expect(toAutoscalerV2(broken)).toMatchObject({ metadata: broken.metadata, spec: { metrics: [cpu(80)] } });
  });
});
