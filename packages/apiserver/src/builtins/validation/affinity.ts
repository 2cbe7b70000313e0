import { fieldError, type JsonObject, qualifiedName, type StatusCause } from "@homeostat/api";
import { integer, isUnset, strings, struct, structs, text } from "../json-fields.ts";
import { at, labelSelector, problems, required, requiredOneOf } from "./checks.ts";

const demanded = "requiredDuringSchedulingIgnoredDuringExecution";
const preferred = "preferredDuringSchedulingIgnoredDuringExecution";

/** Where a pod wants to be, and near whom. Source: core validation `validateAffinity`. */
export function validateAffinity(affinity: JsonObject | undefined, path: string): StatusCause[] {
  return [
    ...nodeAffinity(struct(affinity, "nodeAffinity"), at(path, "nodeAffinity")),
    ...podAffinity(struct(affinity, "podAffinity"), at(path, "podAffinity")),
    ...podAffinity(struct(affinity, "podAntiAffinity"), at(path, "podAntiAffinity")),
  ];
}

function nodeAffinity(affinity: JsonObject | undefined, path: string): StatusCause[] {
  const must = struct(affinity, demanded);
  return [
    ...(must ? validateNodeSelector(must, at(path, demanded)) : []),
    ...structs(affinity, preferred).flatMap((term, index) => {
      const where = `${at(path, preferred)}[${index}]`;
      return [...weight(term, where), ...nodeSelectorTerm(struct(term, "preference"), at(where, "preference"))];
    }),
  ];
}

/** Terms of which one has to hold. */
export function validateNodeSelector(selector: JsonObject, path: string): StatusCause[] {
  const terms = structs(selector, "nodeSelectorTerms");
  const where = at(path, "nodeSelectorTerms");
  if (terms.length === 0) return [fieldError.required(where, "must have at least one node selector term")];
  return terms.flatMap((term, index) => nodeSelectorTerm(term, `${where}[${index}]`));
}

function nodeSelectorTerm(term: JsonObject | undefined, path: string): StatusCause[] {
  return [
    ...structs(term, "matchExpressions").flatMap((each, index) =>
      nodeExpression(each, `${at(path, "matchExpressions")}[${index}]`),
    ),
    ...structs(term, "matchFields").flatMap((each, index) => nodeField(each, `${at(path, "matchFields")}[${index}]`)),
  ];
}

function nodeExpression(expression: JsonObject, path: string): StatusCause[] {
  const operator = text(expression, "operator");
  const count = strings(expression, "values").length;
  const values = at(path, "values");
  const key = text(expression, "key");
  const causes: StatusCause[] = [];
  if (operator === "In" || operator === "NotIn") {
    if (count === 0) causes.push(fieldError.required(values, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (count > 0)
      causes.push(fieldError.forbidden(values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  } else if (operator === "Gt" || operator === "Lt") {
    if (count !== 1)
      causes.push(fieldError.required(values, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
  } else causes.push(fieldError.invalid(at(path, "operator"), operator, "not a valid selector operator"));
  return [...causes, ...problems(at(path, "key"), key, qualifiedName(key))];
}

function nodeField(expression: JsonObject, path: string): StatusCause[] {
  const operator = text(expression, "operator");
  const causes: StatusCause[] = [];
  if (operator !== "In" && operator !== "NotIn")
    causes.push(fieldError.invalid(at(path, "operator"), operator, "not a valid selector operator"));
  else if (strings(expression, "values").length !== 1)
    causes.push(
      fieldError.required(
        at(path, "values"),
        "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
      ),
    );
  if (text(expression, "key") !== "metadata.name")
    causes.push(fieldError.invalid(at(path, "key"), text(expression, "key"), "not a valid field selector key"));
  return causes;
}

function podAffinity(affinity: JsonObject | undefined, path: string): StatusCause[] {
  return [
    ...structs(affinity, demanded).flatMap((term, index) => podTerm(term, `${at(path, demanded)}[${index}]`)),
    ...structs(affinity, preferred).flatMap((term, index) => {
      const where = `${at(path, preferred)}[${index}]`;
      return [...weight(term, where), ...podTerm(struct(term, "podAffinityTerm"), at(where, "podAffinityTerm"))];
    }),
  ];
}

function podTerm(term: JsonObject | undefined, path: string): StatusCause[] {
  const key = text(term, "topologyKey");
  return [
    ...labelSelector(struct(term, "labelSelector"), at(path, "labelSelector")),
    ...labelSelector(struct(term, "namespaceSelector"), at(path, "namespaceSelector")),
    ...labelKeys(term, path, "matchLabelKeys", "mismatchLabelKeys"),
    ...(key === ""
      ? [fieldError.required(at(path, "topologyKey"), "can not be empty")]
      : problems(at(path, "topologyKey"), key, qualifiedName(key))),
  ];
}

/** Keys whose values are the pod's own: they say nothing without a selector to add them to. */
function labelKeys(holder: JsonObject | undefined, path: string, ...fields: readonly string[]): StatusCause[] {
  return fields.flatMap((field) => {
    const keys = strings(holder, field);
    if (keys.length === 0) return [];
    if (!struct(holder, "labelSelector"))
      return [fieldError.forbidden(at(path, field), "must not be specified when labelSelector is not set")];
    return keys.flatMap((key, index) => problems(`${at(path, field)}[${index}]`, key, qualifiedName(key)));
  });
}

function weight(term: JsonObject, path: string): StatusCause[] {
  const value = integer(term, "weight") ?? 0;
  return value >= 1 && value <= 100
    ? []
    : [fieldError.invalid(at(path, "weight"), value, "must be in the range 1-100")];
}

/** Source: core validation `validateTopologySpreadConstraints`. */
export function validateTopologySpread(spec: JsonObject | undefined, path: string): StatusCause[] {
  const seen = new Set<string>();
  return structs(spec, "topologySpreadConstraints").flatMap((constraint, index) => {
    const where = `${at(path, "topologySpreadConstraints")}[${index}]`;
    const pair = `{${text(constraint, "topologyKey")}, ${text(constraint, "whenUnsatisfiable")}}`;
    const causes = spreadConstraint(constraint, where);
    if (seen.has(pair)) causes.push(fieldError.duplicate(at(where, "{topologyKey, whenUnsatisfiable}"), pair));
    seen.add(pair);
    return causes;
  });
}

function spreadConstraint(constraint: JsonObject, path: string): StatusCause[] {
  const skew = integer(constraint, "maxSkew") ?? 0;
  const domains = integer(constraint, "minDomains");
  const action = text(constraint, "whenUnsatisfiable");
  const causes: StatusCause[] = [];
  if (skew <= 0) causes.push(fieldError.invalid(at(path, "maxSkew"), skew, "must be greater than zero"));
  if (isUnset(constraint, "topologyKey")) causes.push(...required(constraint, "topologyKey", path, "can not be empty"));
  const actions = ["DoNotSchedule", "ScheduleAnyway"];
  if (!actions.includes(action)) causes.push(fieldError.notSupported(at(path, "whenUnsatisfiable"), action, actions));
  if (domains !== undefined && domains <= 0)
    causes.push(fieldError.invalid(at(path, "minDomains"), domains, "must be greater than zero"));
  else if (domains !== undefined && action !== "DoNotSchedule") {
    const why = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`;
    causes.push(fieldError.invalid(at(path, "minDomains"), domains, why));
  }
  for (const policy of ["nodeAffinityPolicy", "nodeTaintsPolicy"])
    if (!isUnset(constraint, policy)) causes.push(...requiredOneOf(constraint, policy, path, ["Honor", "Ignore"]));
  return [
    ...causes,
    ...labelKeys(constraint, path, "matchLabelKeys"),
    ...labelSelector(struct(constraint, "labelSelector"), at(path, "labelSelector")),
  ];
}
