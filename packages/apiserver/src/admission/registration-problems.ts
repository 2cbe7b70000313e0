import { fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import { struct, structs, text } from "../builtins/json-fields.ts";
import { createExpressions, type Expressions, type Scope } from "./expressions.ts";
import { expressionProblem } from "./match-conditions.ts";
import { rewriteMessageLiterals } from "./message-literals.ts";
import { mutationsOf } from "./mutating-policies.ts";
import { variablesOf } from "./policy.ts";

/** What is wrong with the expressions of a webhook configuration or a policy. @param old on an update: what stays is let be */
export type RegistrationCheck = (kind: string, object: JsonObject, old?: JsonObject) => StatusCause[];

/** Compiles in an environment of its own, made when the first expression comes. */
export function createRegistrationCheck(): RegistrationCheck {
  let made: Expressions | undefined;
  const expressions = (): Expressions => (made ??= createExpressions(() => ({ allowed: false })));
  return (kind, object, old) => {
    const part = kind.endsWith("WebhookConfiguration") ? "webhooks" : "spec";
    if (old && JSON.stringify(object[part]) === JSON.stringify(old[part])) return [];
    if (part === "webhooks") return webhookProblems(object, expressions);
    if (kind === "ValidatingAdmissionPolicy") return policyProblems(struct(object, "spec"), expressions());
    return kind === "MutatingAdmissionPolicy" ? mutatingProblems(struct(object, "spec"), expressions()) : [];
  };
}

function webhookProblems(object: JsonObject, expressions: () => Expressions): StatusCause[] {
  return structs(object, "webhooks").flatMap((webhook, index) => {
    const conditions = structs(webhook, "matchConditions");
    if (conditions.length === 0) return [];
    const scope = expressions().scope({ isPolicy: false });
    return conditionProblems(conditions, scope, `webhooks[${index}].matchConditions`);
  });
}

function conditionProblems(conditions: readonly JsonObject[], scope: Scope, path: string): StatusCause[] {
  return conditions.flatMap((condition, index) =>
    expressionProblem(scope, text(condition, "expression"), ["bool"], `${path}[${index}].expression`),
  );
}

/** Source: admissionregistration validation `validateValidatingAdmissionPolicySpec`. */
function policyProblems(spec: JsonObject | undefined, expressions: Expressions): StatusCause[] {
  const hasParams = struct(spec, "paramKind") !== undefined;
  const causes: StatusCause[] = [...variableProblems(spec), ...paramKindProblems(struct(spec, "paramKind"))];
  const scope = expressions.scope({
    isPolicy: true,
    hasParams,
    variables: variablesOf(spec),
    onProblem: (index, { message }) => {
      const { expression } = variablesOf(spec)[index]!;
      causes.push(fieldError.invalid(`spec.variables[${index}].expression`, expression, message));
    },
  });
  const plain = expressions.scope({ isPolicy: true, hasParams });
  causes.push(...conditionProblems(structs(spec, "matchConditions"), plain, "spec.matchConditions"));
  structs(spec, "validations").forEach((validation, index) => {
    const path = `spec.validations[${index}]`;
    const reason = text(validation, "reason");
    causes.push(
      ...expressionProblem(scope, text(validation, "expression"), ["bool"], `${path}.expression`),
      ...expressionProblem(scope, text(validation, "messageExpression"), ["string"], `${path}.messageExpression`),
    );
    if (reason !== "" && !reasons.includes(reason)) {
      causes.push(fieldError.notSupported(`${path}.reason`, reason, reasons));
    }
  });
  structs(spec, "auditAnnotations").forEach((annotation, index) => {
    const path = `spec.auditAnnotations[${index}].valueExpression`;
    causes.push(...expressionProblem(scope, text(annotation, "valueExpression"), ["string", "null"], path));
  });
  return causes;
}

/** Source: admissionregistration validation `validateMutatingAdmissionPolicySpec`. */
function mutatingProblems(spec: JsonObject | undefined, expressions: Expressions): StatusCause[] {
  const causes = policyProblems(spec, expressions);
  const mutations = mutationsOf(spec);
  if (structs(struct(spec, "matchConstraints"), "resourceRules").length === 0) {
    causes.push(fieldError.required("spec.matchConstraints.resourceRules"));
  }
  if (mutations.length === 0) causes.push(fieldError.required("spec.mutations", "must contain at least one item"));
  const hasParams = struct(spec, "paramKind") !== undefined;
  const scope = expressions.scope({ isPolicy: true, hasParams, variables: variablesOf(spec), onProblem() {} });
  mutations.forEach(({ field, expression }, index) => {
    const path = `spec.mutations[${index}].${field}.expression`;
    if (expression.trim() === "") causes.push(fieldError.required(path, "expression is not specified"));
    const [problem] = expressionProblem(scope, rewriteMessageLiterals(expression), [], path);
    if (problem) causes.push(problem);
  });
  return causes;
}

const reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];

function variableProblems(spec: JsonObject | undefined): StatusCause[] {
  const known = new Set<string>();
  return variablesOf(spec).flatMap(({ name, expression }, index) => {
    const path = `spec.variables[${index}]`;
    const causes: StatusCause[] = [];
    if (name === "") causes.push(fieldError.required(`${path}.name`, "name is not specified"));
    else if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      causes.push(fieldError.invalid(`${path}.name`, name, "name is not a valid CEL identifier"));
    } else if (known.has(name)) causes.push(fieldError.duplicate(`${path}.name`, name));
    if (expression.trim() === "") causes.push(fieldError.required(`${path}.expression`, "expression is not specified"));
    known.add(name);
    return causes;
  });
}

function paramKindProblems(paramKind: JsonObject | undefined): StatusCause[] {
  if (!paramKind) return [];
  return ["apiVersion", "kind"]
    .filter((field) => text(paramKind, field) === "")
    .map((field) => fieldError.required(`spec.paramKind.${field}`));
}
