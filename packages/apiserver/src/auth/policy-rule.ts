import type { Attributes } from "./authorizer.ts";

/** Source: rbac.authorization.k8s.io/v1 `PolicyRule`. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

const includes = (values: readonly string[] | undefined, wanted: string): boolean =>
  values !== undefined && (values.includes("*") || values.includes(wanted));

/** Whether one rule alone allows what is asked. */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!includes(rule.verbs, attributes.verb)) return false;
  if (!attributes.isResource) return urlMatches(rule.nonResourceURLs, attributes.path);
  const { group, resource, subresource, name } = attributes;
  return (
    includes(rule.apiGroups, group) &&
    resourceMatches(rule.resources, resource, subresource) &&
    nameMatches(rule.resourceNames, name)
  );
}

// `pods` does not include `pods/log`, but `*` includes everything, and `*/scale` that subresource of all resources.
function resourceMatches(
  rules: readonly string[] | undefined,
  resource: string,
  subresource: string | undefined,
): boolean {
  if (!subresource) return includes(rules, resource);
  return includes(rules, `${resource}/${subresource}`) || (rules?.includes(`*/${subresource}`) ?? false);
}

/** A rule with names never allows what has no name, such as creating. */
function nameMatches(names: readonly string[] | undefined, name: string | undefined): boolean {
  return names === undefined || names.length === 0 || (name !== undefined && name !== "" && names.includes(name));
}

function urlMatches(urls: readonly string[] | undefined, path: string): boolean {
  return (urls ?? []).some(
    (url) => url === "*" || url === path || (url.endsWith("*") && path.startsWith(url.slice(0, -1))),
  );
}

/**
 * The parts of `wanted` that `held` does not cover, as rules of one verb, group, resource and name each. Empty when all
 * is covered. Source: component-helpers, `Covers`.
 */
export function uncoveredRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(atoms).filter((atom) => !held.some((rule) => covers(rule, atom)));
}

function atoms(rule: PolicyRule): PolicyRule[] {
  const { resourceNames = [], nonResourceURLs = [], apiGroups = [], resources = [] } = rule;
  const parts: PolicyRule[] = [];
  for (const verb of rule.verbs) {
    for (const url of nonResourceURLs) parts.push({ verbs: [verb], nonResourceURLs: [url] });
    for (const group of apiGroups) {
      for (const resource of resources) {
        const atom = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if (resourceNames.length === 0) parts.push(atom);
        for (const name of resourceNames) parts.push({ ...atom, resourceNames: [name] });
      }
    }
  }
  return parts;
}

function covers(rule: PolicyRule, atom: PolicyRule): boolean {
  if (!includes(rule.verbs, atom.verbs[0]!)) return false;
  const url = atom.nonResourceURLs?.[0];
  // A wanted pattern is covered by the same pattern or a wider one; as text, a wider pattern is a prefix of it.
  if (url !== undefined) return urlMatches(rule.nonResourceURLs, url);
  const [resource = "", subresource] = atom.resources![0]!.split("/", 2);
  return (
    includes(rule.apiGroups, atom.apiGroups![0]!) &&
    resourceMatches(rule.resources, resource, subresource) &&
    nameMatches(rule.resourceNames, atom.resourceNames?.[0])
  );
}

/** A rule as messages show it. */
export function describeRule(rule: PolicyRule): string {
  const part = (name: string, values: readonly string[] | undefined): string[] =>
    values && values.length > 0 ? [`${name}:[${values.map((value) => JSON.stringify(value)).join(" ")}]`] : [];
  return `{${[
    ...part("APIGroups", rule.apiGroups),
    ...part("Resources", rule.resources),
    ...part("ResourceNames", rule.resourceNames),
    ...part("NonResourceURLs", rule.nonResourceURLs),
    ...part("Verbs", rule.verbs),
  ].join(", ")}}`;
}
