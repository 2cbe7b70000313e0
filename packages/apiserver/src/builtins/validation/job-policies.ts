import { fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import { integer, isUnset, struct, structAt, structs, text } from "../json-fields.ts";
import { at, domainPath } from "./checks.ts";

const actions = ["Count", "FailIndex", "FailJob", "Ignore"];

/** When a Job counts as failed or done before its count says so. Source: batch validation `validateJobSpec`. */
export function validateJobPolicies(spec: JsonObject | undefined, path: string): StatusCause[] {
  const indexed = text(spec, "completionMode") === "Indexed";
  const perIndex = integer(spec, "backoffLimitPerIndex");
  const most = integer(spec, "maxFailedIndexes");
  const completions = integer(spec, "completions");
  const causes: StatusCause[] = [];
  const needsIndexes = (field: string): void => {
    if (!indexed && !isUnset(spec, field))
      causes.push(fieldError.invalid(at(path, field), spec?.[field], "requires indexed completion mode"));
  };
  needsIndexes("backoffLimitPerIndex");
  needsIndexes("successPolicy");
  if (most !== undefined && perIndex === undefined)
    causes.push(fieldError.required(at(path, "backoffLimitPerIndex"), "when maxFailedIndexes is specified"));
  if (most !== undefined && completions !== undefined && most > completions)
    causes.push(fieldError.invalid(at(path, "maxFailedIndexes"), most, "must be less than or equal to completions"));
  const owner = text(spec, "managedBy");
  if (owner !== "") causes.push(...domainPath(owner, at(path, "managedBy")));
  return [
    ...causes,
    ...failurePolicy(spec, path, perIndex !== undefined),
    ...(indexed ? successPolicy(spec, path, completions) : []),
  ];
}

function failurePolicy(spec: JsonObject | undefined, path: string, perIndex: boolean): StatusCause[] {
  const policy = struct(spec, "podFailurePolicy");
  if (!policy) return [];
  const pod = structAt(spec, "template", "spec");
  const names = new Set(
    ["containers", "initContainers"].flatMap((list) => structs(pod, list).map((each) => text(each, "name"))),
  );
  const replacement = text(spec, "podReplacementPolicy");
  const causes = structs(policy, "rules").flatMap((rule, index) =>
    failureRule(rule, `${at(path, "podFailurePolicy")}.rules[${index}]`, { names, perIndex }),
  );
  // A pod that fails is judged when it has failed: it cannot be replaced while it only ends.
  if (replacement === "TerminatingOrFailed")
    causes.push(fieldError.notSupported(at(path, "podReplacementPolicy"), replacement, ["Failed"]));
  return causes;
}

function failureRule(
  rule: JsonObject,
  path: string,
  { names, perIndex }: { readonly names: ReadonlySet<string>; readonly perIndex: boolean },
): StatusCause[] {
  const action = text(rule, "action");
  const codes = struct(rule, "onExitCodes");
  const conditions = structs(rule, "onPodConditions");
  const causes: StatusCause[] = [];
  if (action === "") causes.push(fieldError.required(at(path, "action"), `valid values: ${JSON.stringify(actions)}`));
  else if (!actions.includes(action)) causes.push(fieldError.notSupported(at(path, "action"), action, actions));
  if (action === "FailIndex" && !perIndex)
    causes.push(fieldError.invalid(at(path, "action"), action, "requires the backoffLimitPerIndex to be set"));
  if (codes && conditions.length > 0)
    causes.push(fieldError.invalid(path, rule, "specifying both OnExitCodes and OnPodConditions is not supported"));
  if (!codes && conditions.length === 0)
    causes.push(fieldError.invalid(path, rule, "specifying one of OnExitCodes and OnPodConditions is required"));
  conditions.forEach((condition, index) => {
    const status = text(condition, "status");
    const known = ["False", "True", "Unknown"];
    if (status !== "" && !known.includes(status))
      causes.push(fieldError.notSupported(`${path}.onPodConditions[${index}].status`, status, known));
  });
  return codes ? [...causes, ...exitCodes(codes, at(path, "onExitCodes"), names)] : causes;
}

function exitCodes(codes: JsonObject, path: string, names: ReadonlySet<string>): StatusCause[] {
  const operator = text(codes, "operator");
  const values = Array.isArray(codes["values"]) ? (codes["values"] as number[]) : [];
  const container = text(codes, "containerName");
  const where = at(path, "values");
  const causes: StatusCause[] = [];
  if (operator !== "In" && operator !== "NotIn")
    causes.push(fieldError.notSupported(at(path, "operator"), operator, ["In", "NotIn"]));
  if (container !== "" && !names.has(container)) {
    const why = "must be one of the container or initContainer names in the pod template";
    causes.push(fieldError.invalid(at(path, "containerName"), container, why));
  }
  if (values.length === 0) causes.push(fieldError.invalid(where, values, "at least one value is required"));
  if (values.some((value, index) => index > 0 && value < values[index - 1]!))
    causes.push(fieldError.invalid(where, values, "must be ordered"));
  values.forEach((value, index) => {
    if (values.indexOf(value) < index) causes.push(fieldError.duplicate(`${where}[${index}]`, value));
    if (value === 0 && operator === "In")
      causes.push(fieldError.invalid(`${where}[${index}]`, value, "must not be 0 for the In operator"));
  });
  return causes;
}

function successPolicy(spec: JsonObject | undefined, path: string, completions = 0): StatusCause[] {
  const policy = struct(spec, "successPolicy");
  if (!policy) return [];
  const where = `${at(path, "successPolicy")}.rules`;
  const rules = structs(policy, "rules");
  if (rules.length === 0)
    return [fieldError.required(where, "at least one rules must be specified in the successPolicy")];
  return rules.flatMap((rule, index) => {
    const count = integer(rule, "succeededCount");
    const each = `${where}[${index}]`;
    if (count === undefined && isUnset(rule, "succeededIndexes"))
      return [fieldError.required(each, "at least one of succeededCount or succeededIndexes must be specified")];
    if (count === undefined || count <= completions) return [];
    const why = `must be less than or equal to ${completions} (the number of specified completions)`;
    return [fieldError.invalid(at(each, "succeededCount"), count, why)];
  });
}
