import type { Json, JsonObject } from "@homeostat/api";
import { parse } from "yaml";
import { flag, strings, structs, text } from "../builtins/json-fields.ts";
import { type AuditLevel, type AuditStage, auditLevels, auditStages } from "./event.ts";
import type { AuditPolicy, AuditRule } from "./policy.ts";

/**
 * Reads an audit policy.
 * @param source the object, or its text in YAML or JSON
 * @throws Error that names the field, for what is no policy
 */
export function parseAuditPolicy(source: string | JsonObject): AuditPolicy {
  const policy = typeof source === "string" ? parseText(source) : source;
  if (policy["kind"] !== "Policy" || policy["apiVersion"] !== "audit.k8s.io/v1") {
    throw problem("apiVersion", "the document must be a Policy of audit.k8s.io/v1");
  }
  checkFields(policy, "", policyFields);
  const rules = structs(policy, "rules");
  if (rules.length === 0) throw problem("rules", "there are none: add one, such as {level: Metadata}");
  return {
    rules: rules.map((rule, index) => ruleOf(rule, `rules[${index}]`)),
    omitStages: stagesOf(policy, ""),
    omitManagedFields: flag(policy, "omitManagedFields"),
  };
}

function parseText(source: string): JsonObject {
  let value: unknown;
  try {
    value = parse(source);
  } catch (error) {
    throw new Error(`audit policy: it is no YAML: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new Error("audit policy: it is no object: give a Policy of audit.k8s.io/v1");
}

type Shape = Readonly<Record<string, "text" | "texts" | "flag" | "objects" | "anything">>;

const policyFields: Shape = {
  ...{ apiVersion: "text", kind: "text", metadata: "anything" },
  ...{ rules: "objects", omitStages: "texts", omitManagedFields: "flag" },
};
const ruleFields: Shape = {
  ...{ level: "text", users: "texts", userGroups: "texts", verbs: "texts", resources: "objects" },
  ...{ namespaces: "texts", nonResourceURLs: "texts", omitStages: "texts", omitManagedFields: "flag" },
};
const groupFields: Shape = { group: "text", resources: "texts", resourceNames: "texts" };

/** A field of a wrong name or type would silently match everything. */
function checkFields(object: JsonObject, path: string, shape: Shape): void {
  for (const [key, value] of Object.entries(object)) {
    const at = path ? `${path}.${key}` : key;
    const type = shape[key];
    if (!type) throw problem(at, `there is no such field: use ${Object.keys(shape).join(", ")}`);
    if (value !== null && !fits[type](value)) throw problem(at, `must be ${named[type]}`);
  }
}

const isObject = (value: Json): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
const fits: Readonly<Record<Shape[string], (value: Json) => boolean>> = {
  text: (value) => typeof value === "string",
  texts: (value) => Array.isArray(value) && value.every((each) => typeof each === "string"),
  flag: (value) => typeof value === "boolean",
  objects: (value) => Array.isArray(value) && value.every(isObject),
  anything: () => true,
};
const named: Readonly<Record<Shape[string], string>> = {
  ...{ text: "a text", texts: "a list of texts", flag: "true or false", objects: "a list of objects" },
  anything: "there",
};

function ruleOf(rule: JsonObject, path: string): AuditRule {
  checkFields(rule, path, ruleFields);
  const resources = structs(rule, "resources").map((each, index) => groupOf(each, `${path}.resources[${index}]`));
  const namespaces = strings(rule, "namespaces");
  const nonResourceURLs = strings(rule, "nonResourceURLs");
  if (nonResourceURLs.length > 0 && (resources.length > 0 || namespaces.length > 0)) {
    throw problem(`${path}.nonResourceURLs`, "a rule is for resources or for other paths, not for both: make two");
  }
  const wrong = nonResourceURLs.findIndex((url) => url !== "*" && !/^\/[^*]*\*?$/.test(url));
  if (wrong >= 0) {
    throw problem(`${path}.nonResourceURLs[${wrong}]`, "must begin with /, and may have a * at its end, or be * alone");
  }
  return {
    level: oneOf(auditLevels, text(rule, "level"), `${path}.level`),
    users: strings(rule, "users"),
    userGroups: strings(rule, "userGroups"),
    verbs: strings(rule, "verbs"),
    ...{ resources, namespaces, nonResourceURLs },
    omitStages: stagesOf(rule, `${path}.`),
    omitManagedFields: typeof rule["omitManagedFields"] === "boolean" ? rule["omitManagedFields"] : undefined,
  };
}

function groupOf(each: JsonObject, path: string): AuditRule["resources"][number] {
  checkFields(each, path, groupFields);
  const group = text(each, "group");
  if (group.includes("/")) throw problem(`${path}.group`, `must be a group without a version, not ${group}`);
  const resources = strings(each, "resources");
  const resourceNames = strings(each, "resourceNames");
  if (resourceNames.length > 0 && resources.length === 0) {
    throw problem(`${path}.resourceNames`, "need resources: say of which the names are");
  }
  return { group, resources, resourceNames };
}

function stagesOf(object: JsonObject, path: string): AuditStage[] {
  return strings(object, "omitStages").map((stage, index) => oneOf(auditStages, stage, `${path}omitStages[${index}]`));
}

function oneOf<T extends AuditLevel | AuditStage>(known: readonly T[], value: string, path: string): T {
  const found = known.find((each) => each === value);
  if (found) return found;
  throw problem(path, `must be one of ${known.join(", ")}, not ${JSON.stringify(value)}`);
}

function problem(path: string, message: string): Error {
  return new Error(`audit policy: ${path}: ${message}`);
}
