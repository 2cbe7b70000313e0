import { describe, expect, it } from "vitest";
import { applyBuiltinScale, builtinScaleOf } from "./scale.ts";

describe("the Scale of what runs pods", () => {
  const deployment = {
    kind: "Deployment",
    metadata: { name: "web", namespace: "ns", uid: "u", resourceVersion: "7", labels: { a: "b" } },
    spec: {
      replicas: 3,
      selector: {
        matchLabels: { app: "web" },
        matchExpressions: [{ key: "tier", operator: "In", values: ["b", "a"] }],
      },
    },
    status: { replicas: 2 },
  };

  it("B298 shows what is wanted, what there is, and the selector as a text", () => {
    expect(builtinScaleOf(deployment)).toEqual({
      kind: "Scale",
      apiVersion: "autoscaling/v1",
      metadata: { name: "web", namespace: "ns", uid: "u", resourceVersion: "7" },
      spec: { replicas: 3 },
      status: { replicas: 2, selector: "app=web,tier in (a,b)" },
    });
    expect(
      builtinScaleOf({ kind: "ReplicationController", metadata: {}, spec: { selector: { app: "web" } } })["status"],
    ).toEqual({ replicas: 0, selector: "app=web" });
  });

  it("B298 changes the replicas and nothing else", () => {
    const object = structuredClone(deployment);
    applyBuiltinScale(object, { spec: { replicas: 5 } });
    expect(object).toEqual({ ...deployment, spec: { ...deployment.spec, replicas: 5 } });
    applyBuiltinScale(object, { spec: {} });
    expect(object.spec.replicas).toBe(0);
  });
});
