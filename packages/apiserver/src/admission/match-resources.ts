import { type JsonObject, type LabelMatcher, type LabelSelector, labelMatcher, notFound } from "@homeostat/api";
import type { Lookup } from "../builtins/admission/lookup.ts";
import { stringMap, strings, struct, structs, text } from "../builtins/json-fields.ts";
import type { Catalog } from "../registry/catalog.ts";
import { metaOf } from "../registry/object.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import type { AdmissionAttributes } from "./admission.ts";

/** Which requests a webhook or a policy is asked about. Source: admissionregistration.k8s.io/v1 `MatchResources`. */
export interface MatchResources {
  readonly rules: readonly Rule[];
  readonly excludeRules: readonly Rule[];
  /** `Equivalent`: a request at another version of the same objects counts, too, and is converted. */
  readonly isEquivalent: boolean;
  readonly namespaces: LabelMatcher;
  readonly objects: LabelMatcher;
}

export interface Rule {
  readonly operations: readonly string[];
  readonly groups: readonly string[];
  readonly versions: readonly string[];
  readonly resources: readonly string[];
  readonly scope: string;
  /** None: all. */
  readonly names: readonly string[];
}

/** @param holder a webhook, `matchConstraints` or `matchResources` @param rules the field with its rules */
export function parseMatchResources(holder: JsonObject | undefined, rules: "rules" | "resourceRules"): MatchResources {
  return {
    rules: structs(holder, rules).map(parseRule),
    excludeRules: structs(holder, "excludeResourceRules").map(parseRule),
    isEquivalent: text(holder, "matchPolicy") !== "Exact",
    namespaces: labelMatcher((struct(holder, "namespaceSelector") ?? {}) as LabelSelector),
    objects: labelMatcher((struct(holder, "objectSelector") ?? {}) as LabelSelector),
  };
}

function parseRule(rule: JsonObject): Rule {
  return {
    operations: strings(rule, "operations"),
    groups: strings(rule, "apiGroups"),
    versions: strings(rule, "apiVersions"),
    resources: strings(rule, "resources"),
    scope: text(rule, "scope") || "*",
    names: strings(rule, "resourceNames"),
  };
}

/**
 * Finds the version at which a webhook or a policy is to see a request; undefined: not at all.
 *
 * @throws ApiError NotFound for a request in a namespace that is not there
 */
export async function matchRequest(
  match: MatchResources,
  attributes: AdmissionAttributes,
  { catalog, lookup }: { readonly catalog: Catalog; readonly lookup: Lookup },
): Promise<ServedResource | undefined> {
  // Rules first: they cost nothing. Selectors come before conversion, as upstream.
  const seenAs = versionMatching(match, attributes, catalog);
  if (!seenAs || !objectsMatch(match.objects, attributes)) return undefined;
  return (await namespaceMatches(match.namespaces, attributes, lookup)) ? seenAs : undefined;
}

function versionMatching(
  match: MatchResources,
  attributes: AdmissionAttributes,
  catalog: Catalog,
): ServedResource | undefined {
  const { served } = attributes;
  const { group, plural } = served.resource;
  const others = (): readonly ServedResource[] =>
    match.isEquivalent
      ? catalog.versions(group, plural).filter(({ resource }) => resource.version !== served.resource.version)
      : [];
  const find = (rules: readonly Rule[]): ServedResource | undefined => {
    if (rules.some((rule) => ruleMatches(rule, served, attributes))) return served;
    return others().find((other) => rules.some((rule) => ruleMatches(rule, other, attributes)));
  };
  if (match.excludeRules.length > 0 && find(match.excludeRules)) return undefined;
  return find(match.rules);
}

/** Source: apiserver, webhook/predicates/rules `Matcher`. */
function ruleMatches(rule: Rule, { resource }: ServedResource, attributes: AdmissionAttributes): boolean {
  const has = (list: readonly string[], value: string): boolean => list.includes("*") || list.includes(value);
  return (
    has(rule.operations, attributes.operation) &&
    has(rule.groups, resource.group) &&
    has(rule.versions, resource.version) &&
    rule.resources.some((pattern) => resourceMatches(pattern, resource.plural, attributes.subresource ?? "")) &&
    (rule.scope === "*" || rule.scope === resource.scope) &&
    (rule.names.length === 0 || rule.names.includes(attributes.name))
  );
}

function resourceMatches(pattern: string, plural: string, subresource: string): boolean {
  const [resource, sub = ""] = pattern.split("/");
  return (resource === "*" || resource === plural) && (sub === "*" || sub === subresource);
}

/** Labels of the new or of the old state. */
function objectsMatch(selector: LabelMatcher, { object, old }: AdmissionAttributes): boolean {
  if (selector.requirements?.length === 0) return true;
  return [object, old].some((state) => state !== undefined && selector.matches(metaOf(state).labels ?? {}));
}

async function namespaceMatches(
  selector: LabelMatcher,
  attributes: AdmissionAttributes,
  lookup: Lookup,
): Promise<boolean> {
  if (selector.requirements?.length === 0) return true;
  const { served, object, operation, subresource, name } = attributes;
  const isNamespace = served.resource.group === "" && served.resource.plural === "namespaces";
  if (isNamespace && object && subresource === undefined && operation !== "DELETE") {
    return selector.matches(metaOf(object).labels ?? {});
  }
  const namespace = isNamespace ? name : attributes.namespace;
  // What is in no namespace is never exempt.
  if (!namespace) return true;
  const found = await lookup.get("", "namespaces", namespace);
  if (!found) throw notFound({ group: "", plural: "namespaces" }, namespace);
  return selector.matches(stringMap(struct(found, "metadata"), "labels"));
}

const configurations = new Set([
  "validatingwebhookconfigurations",
  "mutatingwebhookconfigurations",
  "validatingadmissionpolicies",
  "validatingadmissionpolicybindings",
  "mutatingadmissionpolicies",
  "mutatingadmissionpolicybindings",
]);

/** Whoever could refuse changes of these could not be removed. Source: `IsExemptAdmissionConfigurationResource`. */
export function isConfiguration({ resource }: ServedResource): boolean {
  return resource.group === "admissionregistration.k8s.io" && configurations.has(resource.plural);
}

const reviewGroups = new Set(["authentication.k8s.io", "authorization.k8s.io"]);

/** Answered and never stored: policies are not asked about them. */
export function isReview({ resource }: ServedResource): boolean {
  return reviewGroups.has(resource.group) && resource.plural.endsWith("reviews");
}
