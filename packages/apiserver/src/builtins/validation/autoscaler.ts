import { fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import { integer, isUnset, struct, structs, text } from "../json-fields.ts";
import { quantityValue } from "../quantity-value.ts";
import { at, atLeast, oneOf, required } from "./checks.ts";
import type { KindValidation } from "./kind-validation.ts";

/** Source: autoscaling validation `validateHorizontalPodAutoscalerSpec`. */
export const autoscaler: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const least = integer(spec, "minReplicas");
    const most = integer(spec, "maxReplicas") ?? 0;
    const target = struct(spec, "scaleTargetRef");
    const causes = atLeast(spec, "minReplicas", "spec", 1);
    if (most < 1) causes.push(fieldError.invalid("spec.maxReplicas", most, "must be greater than 0"));
    if (least !== undefined && most < least)
      causes.push(fieldError.invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"));
    causes.push(...required(target, "kind", "spec.scaleTargetRef"), ...required(target, "name", "spec.scaleTargetRef"));
    structs(spec, "metrics").forEach((metric, index) => {
      causes.push(...autoscalerMetric(metric, `spec.metrics[${index}]`));
    });
    for (const direction of ["scaleUp", "scaleDown"])
      causes.push(...scalingRules(struct(struct(spec, "behavior"), direction), `spec.behavior.${direction}`));
    return causes;
  },
};

/** Type of a metric, and the field that describes it. */
const metricFields: Readonly<Record<string, string>> = {
  Object: "object",
  Pods: "pods",
  Resource: "resource",
  ContainerResource: "containerResource",
  External: "external",
};

function autoscalerMetric(metric: JsonObject, path: string): StatusCause[] {
  const type = text(metric, "type");
  if (type === "") return [fieldError.required(at(path, "type"), "must specify a metric source type")];
  const field = metricFields[type];
  if (field === undefined) return [fieldError.notSupported(at(path, "type"), type, Object.keys(metricFields).sort())];
  const source = struct(metric, field);
  if (!source) return [fieldError.required(at(path, field), "must populate information for the given metric source")];
  const target = struct(source, "target");
  const where = `${path}.${field}.target`;
  if (!target) return [fieldError.required(where)];
  return [
    ...Object.values(metricFields)
      .filter((other) => other !== field && struct(metric, other))
      .map((other) => fieldError.forbidden(at(path, other), "must populate the given metric source only")),
    ...named(source, type, `${path}.${field}`),
    ...oneOf(target, "type", where, ["AverageValue", "Utilization", "Value"]),
    ...amounts(target, where),
    ...wanted(target, type, where),
  ];
}

function named(source: JsonObject, type: string, path: string): StatusCause[] {
  if (type === "Resource") return required(source, "name", path, "must specify a resource name");
  if (type === "ContainerResource")
    return [
      ...required(source, "name", path, "must specify a resource name"),
      ...required(source, "container", path, "must specify a container"),
    ];
  return required(struct(source, "metric"), "name", at(path, "metric"), "must specify a metric name");
}

/** Nothing can be aimed at none. */
function amounts(target: JsonObject, path: string): StatusCause[] {
  const share = integer(target, "averageUtilization");
  const causes: StatusCause[] = [];
  if (share !== undefined && share < 1)
    causes.push(fieldError.invalid(at(path, "averageUtilization"), share, "must be greater than 0"));
  for (const key of ["value", "averageValue"]) {
    const amount = quantityValue(target[key]);
    if (amount !== undefined && amount <= 0)
      causes.push(fieldError.invalid(at(path, key), target[key], "must be positive"));
  }
  return causes;
}

function wanted(target: JsonObject, type: string, path: string): StatusCause[] {
  const has = (key: string): boolean => !isUnset(target, key);
  switch (type) {
    case "Resource":
    case "ContainerResource":
      if (!has("averageUtilization") && !has("averageValue"))
        return [
          fieldError.required(
            at(path, "averageUtilization"),
            "must set either a target raw value or a target utilization",
          ),
        ];
      if (has("averageUtilization") && has("averageValue"))
        return [
          fieldError.forbidden(
            at(path, "averageValue"),
            "may not set both a target raw value and a target utilization",
          ),
        ];
      return [];
    case "Pods":
      return has("averageValue")
        ? []
        : [fieldError.required(at(path, "averageValue"), "must specify a positive target averageValue")];
    default:
      if (!has("value") && !has("averageValue"))
        return [fieldError.required(at(path, "averageValue"), "must set either a target value or averageValue")];
      if (type === "External" && has("value") && has("averageValue"))
        return [
          fieldError.forbidden(at(path, "value"), "may not set both a target value for metric and a per-pod target"),
        ];
      return [];
  }
}

const longestPeriod = 1800;
const longestWindow = 3600;

function scalingRules(rules: JsonObject | undefined, path: string): StatusCause[] {
  if (!rules) return [];
  const window = integer(rules, "stabilizationWindowSeconds");
  const where = at(path, "stabilizationWindowSeconds");
  const causes: StatusCause[] = [];
  if (window !== undefined && window < 0)
    causes.push(fieldError.invalid(where, window, "must be greater than or equal to zero"));
  if (window !== undefined && window > longestWindow)
    causes.push(fieldError.invalid(where, window, `must be less than or equal to ${longestWindow}`));
  causes.push(...oneOf(rules, "selectPolicy", path, ["Disabled", "Max", "Min"]));
  const policies = structs(rules, "policies");
  if (policies.length === 0) causes.push(fieldError.required(at(path, "policies"), "must specify at least one Policy"));
  policies.forEach((policy, index) => {
    const each = `${at(path, "policies")}[${index}]`;
    const period = integer(policy, "periodSeconds") ?? 0;
    const value = integer(policy, "value") ?? 0;
    causes.push(...oneOf(policy, "type", each, ["Percent", "Pods"]));
    if (value <= 0) causes.push(fieldError.invalid(at(each, "value"), value, "must be greater than zero"));
    if (period <= 0) causes.push(fieldError.invalid(at(each, "periodSeconds"), period, "must be greater than zero"));
    if (period > longestPeriod)
      causes.push(
        fieldError.invalid(at(each, "periodSeconds"), period, `must be less than or equal to ${longestPeriod}`),
      );
  });
  return causes;
}
