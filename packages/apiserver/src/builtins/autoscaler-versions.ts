import type { Json, JsonObject } from "@homeostat/api";
import { defaultHorizontalPodAutoscaler } from "./defaults/autoscaling.ts";
import { assign, ensure, integer, stringMap, struct, structs, text } from "./json-fields.ts";

/**
 * Autoscalers exist at two versions: v1 knows only the share of CPU, and carries the rest of v2 as JSON in annotations,
 * so that nothing is lost on the way there and back. Source: autoscaling/v1 conversion.
 */
const annotations = {
  metrics: "autoscaling.alpha.kubernetes.io/metrics",
  behavior: "autoscaling.alpha.kubernetes.io/behavior",
  conditions: "autoscaling.alpha.kubernetes.io/conditions",
  currentMetrics: "autoscaling.alpha.kubernetes.io/current-metrics",
} as const;

/** An autoscaling/v2 HorizontalPodAutoscaler as v1 shows it. */
export function toAutoscalerV1(autoscaler: JsonObject): JsonObject {
  const result = structuredClone(autoscaler);
  result["apiVersion"] = "autoscaling/v1";
  const spec = ensure(result, "spec");
  const [wanted, others] = splitOffCpu(structs(spec, "metrics"), "target");
  assign(spec, "targetCPUUtilizationPercentage", integer(struct(wanted, "target"), "averageUtilization"));
  carry(result, "metrics", others);
  carry(result, "behavior", spec["behavior"]);
  delete spec["metrics"];
  delete spec["behavior"];

  const status = struct(result, "status");
  if (!status) return result;
  const [measured, otherMeasured] = splitOffCpu(structs(status, "currentMetrics"), "current");
  status["currentReplicas"] = integer(status, "currentReplicas") ?? 0;
  assign(status, "currentCPUUtilizationPercentage", integer(struct(measured, "current"), "averageUtilization"));
  carry(result, "currentMetrics", otherMeasured);
  carry(result, "conditions", status["conditions"]);
  delete status["currentMetrics"];
  delete status["conditions"];
  return result;
}

/** An autoscaling/v1 HorizontalPodAutoscaler as v2 shows it, with v2's defaults. */
export function toAutoscalerV2(autoscaler: JsonObject): JsonObject {
  const result = structuredClone(autoscaler);
  result["apiVersion"] = "autoscaling/v2";
  const spec = ensure(result, "spec");
  const share = integer(spec, "targetCPUUtilizationPercentage");
  const cpu = share === undefined ? [] : [cpuMetric("target", { type: "Utilization", averageUtilization: share })];
  assign(spec, "metrics", [...cpu, ...listOf(unpack(result, "metrics"))]);
  assign(spec, "behavior", unpack(result, "behavior"));
  delete spec["targetCPUUtilizationPercentage"];

  const status = struct(result, "status");
  const measured = unpack(result, "currentMetrics");
  const conditions = unpack(result, "conditions");
  if (status) {
    const now = integer(status, "currentCPUUtilizationPercentage");
    const current = [
      ...(now === undefined ? [] : [cpuMetric("current", { averageUtilization: now })]),
      ...listOf(measured),
    ];
    if (current.length > 0) status["currentMetrics"] = current;
    assign(status, "conditions", conditions);
    delete status["currentCPUUtilizationPercentage"];
  }
  defaultHorizontalPodAutoscaler(result);
  return result;
}

function cpuMetric(part: "target" | "current", value: JsonObject): JsonObject {
  return { type: "Resource", resource: { name: "cpu", [part]: value } };
}

/** The metric v1 has a field for, and the rest. */
function splitOffCpu(
  metrics: readonly JsonObject[],
  part: "target" | "current",
): [JsonObject | undefined, JsonObject[]] {
  const index = metrics.findIndex((metric) => {
    const resource = struct(metric, "resource");
    return text(resource, "name") === "cpu" && integer(struct(resource, part), "averageUtilization") !== undefined;
  });
  return [struct(metrics[index], "resource"), metrics.filter((_, at) => at !== index)];
}

function carry(autoscaler: JsonObject, part: keyof typeof annotations, value: Json | undefined): void {
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return;
  ensure(ensure(autoscaler, "metadata"), "annotations")[annotations[part]] = JSON.stringify(value);
}

/** Takes a part out of its annotation. Text that is no JSON stays where it is: it is the user's, and means nothing here. */
function unpack(autoscaler: JsonObject, part: keyof typeof annotations): Json | undefined {
  const metadata = struct(autoscaler, "metadata");
  const packed = stringMap(metadata, "annotations")[annotations[part]];
  if (packed === undefined) return undefined;
  try {
    const value = JSON.parse(packed) as Json;
    const rest = struct(metadata, "annotations")!;
    delete rest[annotations[part]];
    if (Object.keys(rest).length === 0) delete metadata!["annotations"];
    return value;
  } catch {
    return undefined;
  }
}

const listOf = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
