import { fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import { strings, struct, structs, text } from "../json-fields.ts";
import { quantityValue } from "../quantity-value.ts";
import { at, atKey, required } from "./checks.ts";
import type { KindValidation } from "./kind-validation.ts";
import { isCounted, quotaResourceName } from "./resources.ts";

const scopes = [
  "Terminating",
  "NotTerminating",
  "BestEffort",
  "NotBestEffort",
  "PriorityClass",
  "CrossNamespacePodAffinity",
  "VolumeAttributesClass",
];
const opposites = [
  ["BestEffort", "NotBestEffort"],
  ["Terminating", "NotTerminating"],
] as const;

/** Source: core validation `ValidateResourceQuotaSpec`. */
export const resourceQuota: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const hard = Object.entries(struct(spec, "hard") ?? {}).flatMap(([name, quantity]) => {
      const path = atKey("spec.hard", name);
      const value = quantityValue(quantity) ?? 0;
      const causes = quotaResourceName(name, path);
      if (value < 0) causes.push(fieldError.invalid(path, quantity, "must be greater than or equal to 0"));
      if (isCounted(name) && !Number.isInteger(value))
        causes.push(fieldError.invalid(path, quantity, "must be an integer"));
      return causes;
    });
    const given = strings(spec, "scopes");
    return [
      ...hard,
      ...(given.every((scope) => scopes.includes(scope))
        ? []
        : [fieldError.invalid("spec.scopes", given, "unsupported scope")]),
      ...opposites
        .filter((pair) => pair.every((scope) => given.includes(scope)))
        .map(() => fieldError.invalid("spec.scopes", given, "conflicting scopes")),
      ...scopeSelector(struct(spec, "scopeSelector")),
    ];
  },
};

function scopeSelector(selector: JsonObject | undefined): StatusCause[] {
  return structs(selector, "matchExpressions").flatMap((expression, index) => {
    const path = `spec.scopeSelector.matchExpressions[${index}]`;
    const scope = text(expression, "scopeName");
    const operator = text(expression, "operator");
    const values = strings(expression, "values");
    const causes: StatusCause[] = [];
    if (!scopes.includes(scope)) causes.push(fieldError.invalid(at(path, "scopeName"), scope, "unsupported scope"));
    if (operator.endsWith("In") && values.length === 0)
      causes.push(
        fieldError.required(
          at(path, "values"),
          "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
        ),
      );
    if (operator.endsWith("Exist") || operator === "Exists") {
      if (values.length > 0)
        causes.push(
          fieldError.invalid(
            at(path, "values"),
            values,
            "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
          ),
        );
    } else if (!["In", "NotIn"].includes(operator))
      causes.push(fieldError.invalid(at(path, "operator"), operator, "not a valid selector operator"));
    return causes;
  });
}

/** Source: core validation `ValidateLimitRange`. */
export const limitRange: KindValidation = {
  object: (object) => {
    const types = new Set<string>();
    return structs(struct(object, "spec"), "limits").flatMap((item, index) => {
      const path = `spec.limits[${index}]`;
      const type = text(item, "type");
      const causes = required(item, "type", path);
      if (type !== "" && types.has(type)) causes.push(fieldError.duplicate(at(path, "type"), type));
      types.add(type);
      if (type === "Pod") {
        for (const key of ["default", "defaultRequest"])
          if (Object.keys(struct(item, key) ?? {}).length > 0)
            causes.push(fieldError.forbidden(at(path, key), "may not be specified when `type` is 'Pod'"));
      }
      const stored = (key: string): boolean => struct(item, key)?.["storage"] !== undefined;
      if (type === "PersistentVolumeClaim" && !stored("min") && !stored("max")) {
        const why = "either minimum or maximum storage value is required, but neither was provided";
        causes.push(fieldError.required(path, why));
      }
      return [...causes, ...comparisons.flatMap((each) => inOrder(item, path, each)), ...ratios(item, path)];
    });
  },
};

interface Comparison {
  readonly field: string;
  readonly name: string;
  readonly other: string;
  readonly otherName: string;
  /** Whether the field must be the larger of both. */
  readonly above?: boolean;
}

const comparisons: readonly Comparison[] = [
  { field: "min", name: "min value", other: "max", otherName: "max value" },
  { field: "defaultRequest", name: "default request value", other: "min", otherName: "min value", above: true },
  { field: "defaultRequest", name: "default request value", other: "max", otherName: "max value" },
  { field: "defaultRequest", name: "default request value", other: "default", otherName: "default limit value" },
  { field: "default", name: "default value", other: "min", otherName: "min value", above: true },
  { field: "default", name: "default value", other: "max", otherName: "max value" },
];

function inOrder(item: JsonObject, path: string, comparison: Comparison): StatusCause[] {
  const { field, name, other, otherName, above = false } = comparison;
  const bounds = struct(item, other) ?? {};
  return Object.entries(struct(item, field) ?? {}).flatMap(([resource, quantity]) => {
    const [value, bound] = [quantityValue(quantity), quantityValue(bounds[resource])];
    if (value === undefined || bound === undefined || (above ? value >= bound : value <= bound)) return [];
    const shown = String(bounds[resource]);
    const why = above
      ? `${otherName} ${shown} is greater than ${name} ${String(quantity)}`
      : `${name} ${String(quantity)} is greater than ${otherName} ${shown}`;
    return [fieldError.invalid(atKey(at(path, field), resource), quantity, why)];
  });
}

function ratios(item: JsonObject, path: string): StatusCause[] {
  return Object.entries(struct(item, "maxLimitRequestRatio") ?? {})
    .filter(([, ratio]) => (quantityValue(ratio) ?? 1) < 1)
    .map(([name, ratio]) =>
      fieldError.invalid(atKey(at(path, "maxLimitRequestRatio"), name), ratio, `ratio ${String(ratio)} is less than 1`),
    );
}
