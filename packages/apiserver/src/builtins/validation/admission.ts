import { dns1123Subdomain, fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import { integer, strings, struct, structs, text } from "../json-fields.ts";
import { at, duplicates, labelSelector, oneOf, portNumber, problems, required } from "./checks.ts";
import type { KindValidation, ValidationByKind } from "./kind-validation.ts";

const webhooks: KindValidation = {
  object: (object) => {
    const list = structs(object, "webhooks");
    return [
      ...list.flatMap((webhook, index) => validateWebhook(webhook, `webhooks[${index}]`)),
      ...duplicates(list, "name", "webhooks"),
    ];
  },
};

/** Source: admissionregistration validation `validateMutatingWebhook` and its sibling. */
function validateWebhook(webhook: JsonObject, path: string): StatusCause[] {
  const name = text(webhook, "name");
  const seconds = integer(webhook, "timeoutSeconds");
  const causes =
    name === "" ? [fieldError.required(at(path, "name"))] : problems(at(path, "name"), name, dns1123Subdomain(name));
  if (name !== "" && name.split(".").length < 3) {
    causes.push(
      fieldError.invalid(at(path, "name"), name, "should be a domain with at least three segments separated by dots"),
    );
  }
  if (seconds !== undefined && (seconds < 1 || seconds > 30)) {
    causes.push(
      fieldError.invalid(at(path, "timeoutSeconds"), seconds, "the timeout value must be between 1 and 30 seconds"),
    );
  }
  return [
    ...causes,
    ...validateClientConfig(struct(webhook, "clientConfig"), at(path, "clientConfig")),
    ...reviewVersions(webhook, path),
    ...sideEffects(webhook, path),
    ...oneOf(webhook, "failurePolicy", path, ["Fail", "Ignore"]),
    ...oneOf(webhook, "matchPolicy", path, ["Equivalent", "Exact"]),
    ...oneOf(webhook, "reinvocationPolicy", path, ["IfNeeded", "Never"]),
    ...labelSelector(struct(webhook, "namespaceSelector"), at(path, "namespaceSelector")),
    ...labelSelector(struct(webhook, "objectSelector"), at(path, "objectSelector")),
    ...structs(webhook, "rules").flatMap((rule, index) => validateRule(rule, `${path}.rules[${index}]`)),
    ...matchConditions(structs(webhook, "matchConditions"), at(path, "matchConditions")),
  ];
}

/** Where a webhook is, of admission or of a conversion. Source: apiserver, util/webhook `ValidateWebhookURL`. */
export function validateClientConfig(config: JsonObject | undefined, path: string): StatusCause[] {
  const url = text(config, "url");
  const service = struct(config, "service");
  if ((url === "") === (service === undefined))
    return [fieldError.required(path, "exactly one of url or service is required")];
  if (service) {
    return [
      ...required(service, "name", at(path, "service"), "service name is required"),
      ...required(service, "namespace", at(path, "service"), "service namespace is required"),
      ...portNumber(service, "port", at(path, "service")),
      ...servicePath(service, at(path, "service.path")),
    ];
  }
  const where = at(path, "url");
  if (!URL.canParse(url)) return [fieldError.invalid(where, url, "url must be a valid URL")];
  const parsed = new URL(url);
  if (parsed.protocol !== "https:")
    return [
      fieldError.invalid(where, url, "'https' is the only allowed URL scheme; desired format: https://host[/path]"),
    ];
  if (parsed.username !== "" || parsed.hash !== "" || parsed.search !== "") {
    return [
      fieldError.invalid(where, url, "user information, query parameters and fragments are not permitted in the URL"),
    ];
  }
  return [];
}

function servicePath(service: JsonObject, where: string): StatusCause[] {
  const path = text(service, "path");
  if (path === "" || path === "/") return [];
  if (!path.startsWith("/")) return [fieldError.invalid(where, path, "must start with a '/'")];
  return path
    .slice(1)
    .replace(/\/$/, "")
    .split("/")
    .flatMap((step, index) => {
      if (step === "") return [fieldError.invalid(where, path, `segment[${index}] may not be empty`)];
      return dns1123Subdomain(step).map((found) => fieldError.invalid(where, path, `segment[${index}]: ${found}`));
    });
}

function reviewVersions(webhook: JsonObject, path: string): StatusCause[] {
  const versions = strings(webhook, "admissionReviewVersions");
  const where = at(path, "admissionReviewVersions");
  if (versions.length === 0) return [fieldError.required(where, "must specify one of v1, v1beta1")];
  if (versions.includes("v1") || versions.includes("v1beta1")) return [];
  return [fieldError.invalid(where, versions, "must include at least one of v1, v1beta1")];
}

function sideEffects(webhook: JsonObject, path: string): StatusCause[] {
  if (text(webhook, "sideEffects") === "")
    return [fieldError.required(at(path, "sideEffects"), "must specify one of None, NoneOnDryRun")];
  return oneOf(webhook, "sideEffects", path, ["None", "NoneOnDryRun"]);
}

function validateRule(rule: JsonObject, path: string): StatusCause[] {
  const causes = ["operations", "apiGroups", "apiVersions", "resources"]
    .filter((key) => strings(rule, key).length === 0)
    .map((key) => fieldError.required(at(path, key)));
  const operations = strings(rule, "operations");
  operations.forEach((operation, index) => {
    const known = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
    if (!known.includes(operation))
      causes.push(fieldError.notSupported(`${path}.operations[${index}]`, operation, known));
  });
  if (operations.length > 1 && operations.includes("*")) {
    causes.push(
      fieldError.invalid(at(path, "operations"), operations, "if '*' is present, must not specify other operations"),
    );
  }
  return [...causes, ...oneOf(rule, "scope", path, ["*", "Cluster", "Namespaced"])];
}

function matchConditions(conditions: readonly JsonObject[], path: string): StatusCause[] {
  const causes = conditions.flatMap((condition, index) => [
    ...required(condition, "name", `${path}[${index}]`),
    ...required(condition, "expression", `${path}[${index}]`),
  ]);
  if (conditions.length > 64) causes.push(fieldError.tooMany(path, conditions.length, 64));
  return [...causes, ...duplicates(conditions, "name", path)];
}

const admissionPolicy: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const validations = structs(spec, "validations");
    const causes = oneOf(spec, "failurePolicy", "spec", ["Fail", "Ignore"]);
    if (!struct(spec, "matchConstraints")) causes.push(fieldError.required("spec.matchConstraints"));
    if (structs(struct(spec, "matchConstraints"), "resourceRules").length === 0)
      causes.push(fieldError.required("spec.matchConstraints.resourceRules"));
    if (validations.length === 0 && structs(spec, "auditAnnotations").length === 0) {
      causes.push(
        fieldError.required("spec.validations", "validations or auditAnnotations must contain at least one item"),
      );
    }
    validations.forEach((validation, index) => {
      causes.push(...required(validation, "expression", `spec.validations[${index}]`));
    });
    return [
      ...causes,
      ...matchConditions(structs(spec, "matchConditions"), "spec.matchConditions"),
      ...matchResources(struct(spec, "matchConstraints"), "spec.matchConstraints"),
    ];
  },
};

const admissionPolicyBinding: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const actions = strings(spec, "validationActions");
    const reference = struct(spec, "paramRef");
    const causes = required(spec, "policyName", "spec");
    if (actions.length === 0)
      causes.push(fieldError.required("spec.validationActions", "at least one validation action is required"));
    if (actions.includes("Deny") && actions.includes("Warn")) {
      causes.push(
        fieldError.invalid(
          "spec.validationActions",
          actions,
          "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)",
        ),
      );
    }
    if (reference && (text(reference, "name") === "") === (struct(reference, "selector") === undefined)) {
      causes.push(fieldError.required("spec.paramRef", "one of name or selector must be specified"));
    }
    if (reference && text(reference, "parameterNotFoundAction") === "")
      causes.push(fieldError.required("spec.paramRef.parameterNotFoundAction"));
    return [
      ...causes,
      ...oneOf(reference, "parameterNotFoundAction", "spec.paramRef", ["Allow", "Deny"]),
      ...bindingTargets(spec),
    ];
  },
};

const mutatingPolicyBinding: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    return [...required(spec, "policyName", "spec"), ...bindingTargets(spec)];
  },
};

/** What a policy or binding is about. A selector that cannot be read would fail every write there is. */
function matchResources(match: JsonObject | undefined, path: string): StatusCause[] {
  const rules = (field: string): StatusCause[] =>
    structs(match, field).flatMap((rule, index) => validateRule(rule, `${path}.${field}[${index}]`));
  return [
    ...labelSelector(struct(match, "namespaceSelector"), at(path, "namespaceSelector")),
    ...labelSelector(struct(match, "objectSelector"), at(path, "objectSelector")),
    ...rules("resourceRules"),
    ...rules("excludeResourceRules"),
    ...oneOf(match, "matchPolicy", path, ["Equivalent", "Exact"]),
  ];
}

function bindingTargets(spec: JsonObject | undefined): StatusCause[] {
  return [
    ...matchResources(struct(spec, "matchResources"), "spec.matchResources"),
    ...labelSelector(struct(struct(spec, "paramRef"), "selector"), "spec.paramRef.selector"),
  ];
}

export const admissionValidations: ValidationByKind = {
  "admissionregistration.k8s.io/ValidatingWebhookConfiguration": webhooks,
  "admissionregistration.k8s.io/MutatingWebhookConfiguration": webhooks,
  "admissionregistration.k8s.io/ValidatingAdmissionPolicy": admissionPolicy,
  "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding": admissionPolicyBinding,
  "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding": mutatingPolicyBinding,
};
