import type { JsonObject } from "@homeostat/api";
import { ensure, setDefault, struct, structs } from "../json-fields.ts";

export function defaultHorizontalPodAutoscalerV1(autoscaler: JsonObject): void {
  setDefault(ensure(autoscaler, "spec"), "minReplicas", 1);
}

/** Source: autoscaling/v2 `SetDefaults_HorizontalPodAutoscaler`. */
export function defaultHorizontalPodAutoscaler(autoscaler: JsonObject): void {
  const spec = ensure(autoscaler, "spec");
  setDefault(spec, "minReplicas", 1);
  if (structs(spec, "metrics").length === 0) {
    const target = { type: "Utilization", averageUtilization: 80 };
    spec["metrics"] = [{ type: "Resource", resource: { name: "cpu", target } }];
  }
  const behavior = struct(spec, "behavior");
  if (behavior) defaultBehavior(behavior);
}

/** Only an autoscaler that says something about its behaviour gets the rest of it filled in. */
function defaultBehavior(behavior: JsonObject): void {
  const up = ensure(behavior, "scaleUp");
  setDefault(up, "stabilizationWindowSeconds", 0);
  setDefault(up, "selectPolicy", "Max");
  setDefault(up, "policies", [
    { type: "Pods", value: 4, periodSeconds: 15 },
    { type: "Percent", value: 100, periodSeconds: 15 },
  ]);
  const down = ensure(behavior, "scaleDown");
  setDefault(down, "selectPolicy", "Max");
  setDefault(down, "policies", [{ type: "Percent", value: 100, periodSeconds: 15 }]);
}
