import type { JsonObject } from "@homeostat/api";
import { integer, struct, structs, text } from "../../builtins/json-fields.ts";
import { ageColumn, column, none, tableColumns } from "../column.ts";
import type { TableColumns } from "../columns.ts";

const spec = (object: JsonObject): JsonObject | undefined => struct(object, "spec");
const status = (object: JsonObject): JsonObject | undefined => struct(object, "status");
const count = (parent: JsonObject | undefined, key: string): number => integer(parent, key) ?? 0;

const autoscaler = tableColumns(
  column(
    "Reference",
    (object) =>
      `${text(struct(spec(object), "scaleTargetRef"), "kind")}/${text(struct(spec(object), "scaleTargetRef"), "name")}`,
    "string",
    "What is scaled.",
  ),
  column("Targets", autoscalerTargets, "string", "What is measured, and what it should be."),
  column(
    "MinPods",
    (object) => String(integer(spec(object), "minReplicas") ?? "<unset>"),
    "string",
    "Never fewer pods than these.",
  ),
  column("MaxPods", (object) => integer(spec(object), "maxReplicas") ?? 0, "integer", "Never more pods than these."),
  column("Replicas", (object) => count(status(object), "currentReplicas"), "integer", "Pods there are."),
  ageColumn,
);

const metricFields: Readonly<Record<string, string>> = {
  Object: "object",
  Pods: "pods",
  Resource: "resource",
  ContainerResource: "containerResource",
  External: "external",
};

function autoscalerTargets(object: JsonObject): string {
  const metrics = structs(spec(object), "metrics");
  if (metrics.length === 0) return autoscalerV1Target(object);
  const current = structs(status(object), "currentMetrics");
  const shown = metrics.map((metric, index) => metricText(metric, current[index]));
  return shown.length > 2 ? `${shown.slice(0, 2).join(", ")} + ${shown.length - 2} more...` : shown.join(", ");
}

function metricText(metric: JsonObject, measured: JsonObject | undefined): string {
  const type = text(metric, "type");
  const source = struct(metric, metricFields[type] ?? "");
  const target = struct(source, "target");
  const current = struct(struct(measured, metricFields[type] ?? ""), "current");
  const name = type === "Resource" || type === "ContainerResource" ? `${text(source, "name")}: ` : "";
  const share = integer(target, "averageUtilization");
  if (share !== undefined) {
    const now = integer(current, "averageUtilization");
    return `${name}${now === undefined ? "<unknown>" : `${now}%`}/${share}%`;
  }
  const key = target?.["averageValue"] !== undefined ? "averageValue" : "value";
  const average =
    key === "averageValue" && type !== "Resource" && type !== "ContainerResource" && type !== "Pods" ? " (avg)" : "";
  const now = current?.[key];
  return `${name}${now === undefined ? "<unknown>" : String(now)}/${String(target?.[key] ?? "<unset>")}${average}`;
}

function autoscalerV1Target(object: JsonObject): string {
  const target = integer(spec(object), "targetCPUUtilizationPercentage");
  if (target === undefined) return none;
  const now = integer(status(object), "currentCPUUtilizationPercentage");
  return `cpu: ${now === undefined ? "<unknown>" : `${now}%`}/${target}%`;
}

const disruptionBudget = tableColumns(
  column("Min Available", (object) => notApplicable(spec(object)?.["minAvailable"]), "string", "Pods that must stay."),
  column(
    "Max Unavailable",
    (object) => notApplicable(spec(object)?.["maxUnavailable"]),
    "string",
    "Pods that may be missing.",
  ),
  column(
    "Allowed Disruptions",
    (object) => count(status(object), "disruptionsAllowed"),
    "integer",
    "Pods that may be evicted now.",
  ),
  ageColumn,
);

const notApplicable = (value: JsonObject[string] | undefined): string =>
  value === undefined || value === null ? "N/A" : String(value);

/** Tables of what decides how many there are. */
export const scalingColumns: Readonly<Record<string, TableColumns>> = {
  "autoscaling/HorizontalPodAutoscaler": autoscaler,
  "policy/PodDisruptionBudget": disruptionBudget,
};
