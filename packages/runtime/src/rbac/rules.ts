import type { PolicyRule } from "@homeostat/api";
import type { Access } from "./access.ts";

const VERBS = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

/**
 * The fewest rules that allow exactly these accesses: one for each group and set of verbs. Names are kept where every
 * access of a resource and verb has one; `create` and `deletecollection` cannot be tied to names.
 */
export function rulesFor(accesses: Iterable<Access>): PolicyRule[] {
  const verbsOf = new Map<string, { group: string; resource: string; names: string; verbs: Set<string> }>();
  for (const { group, resource, verb, names } of named(accesses)) {
    const id = JSON.stringify([group, resource, names]);
    let entry = verbsOf.get(id);
    if (!entry) verbsOf.set(id, (entry = { group, resource, names, verbs: new Set() }));
    entry.verbs.add(verb);
  }
  const rules = new Map<string, { group: string; names: string; verbs: string[]; resources: string[] }>();
  for (const { group, resource, names, verbs } of verbsOf.values()) {
    const sorted = sortVerbs(verbs);
    const id = JSON.stringify([group, names, sorted]);
    const rule = rules.get(id);
    if (rule) rule.resources.push(resource);
    else rules.set(id, { group, names, verbs: sorted, resources: [resource] });
  }
  return [...rules.values()]
    .map(({ group, names, verbs, resources }) => ({
      apiGroups: [group],
      resources: resources.sort(),
      ...(names === "" ? {} : { resourceNames: JSON.parse(names) as string[] }),
      verbs,
    }))
    .sort(
      (a, b) =>
        compare(a.apiGroups[0]!, b.apiGroups[0]!) ||
        compare(a.resources[0]!, b.resources[0]!) ||
        (a.resourceNames?.length ?? 0) - (b.resourceNames?.length ?? 0),
    );
}

/** Every access rules allow, spelt out; wildcards stay wildcards. Non-resource URLs are left out. */
export function accessesOf(rules: readonly PolicyRule[]): Access[] {
  return rules.flatMap(({ apiGroups = [], resources = [], verbs, resourceNames = [] }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb): Access[] =>
          resourceNames.length === 0
            ? [{ verb, group, resource }]
            : resourceNames.map((name) => ({ verb, group, resource, name })),
        ),
      ),
    ),
  );
}

/** Whether a rule allows an access. Source: RBAC authorizer, "rule matching". */
export function allows(rule: PolicyRule, access: Access): boolean {
  const { apiGroups = [], resources = [], resourceNames = [], verbs } = rule;
  return (
    matches(verbs, access.verb) &&
    matches(apiGroups, access.group) &&
    (matches(resources, access.resource) || resources.includes(`*/${access.resource.split("/")[1]}`)) &&
    (resourceNames.length === 0 || (access.name !== undefined && resourceNames.includes(access.name)))
  );
}

/** How what is granted and what is done differ. */
export interface RuleComparison {
  /** What is done and not allowed, as the rules to add. */
  readonly missing: readonly PolicyRule[];
  /** What is allowed and was never done, as the rules that could go. */
  readonly unused: readonly PolicyRule[];
}

/**
 * Holds what is granted against what was done: in tests, or in a running operator. Who reads in one way counts as
 * reading in all: a watch needs `list` where a server cannot stream one, and a cache spares what a `get` would ask.
 */
export function compareRules(granted: readonly PolicyRule[], used: Iterable<Access>): RuleComparison {
  const done = [...used];
  const missing = done.filter((access) => !granted.some((rule) => allows(rule, access)));
  const unused = accessesOf(granted).filter(
    (given) => !done.some((access) => covers(given, sameReading(given, access))),
  );
  return { missing: rulesFor(missing), unused: rulesFor(unused) };
}

/** Whether one spelt-out permission is what an access needs. */
function covers(given: Access, access: Access): boolean {
  const { verb, group, resource, name } = given;
  return allows(
    {
      verbs: [verb],
      apiGroups: [group],
      resources: [resource],
      ...(name === undefined ? {} : { resourceNames: [name] }),
    },
    access,
  );
}

const READING = ["get", "list", "watch"];

const sameReading = (given: Access, access: Access): Access =>
  READING.includes(given.verb) && READING.includes(access.verb) ? { ...access, verb: given.verb } : access;

const matches = (given: readonly string[], asked: string): boolean => given.includes("*") || given.includes(asked);

/** Accesses with the names they can be tied to, `""` for none. */
function named(accesses: Iterable<Access>): { group: string; resource: string; verb: string; names: string }[] {
  const groups = new Map<string, { access: Access; names: Set<string> | undefined }>();
  for (const access of accesses) {
    const id = JSON.stringify([access.group, access.resource, access.verb]);
    const tied = access.name !== undefined && access.verb !== "create" && access.verb !== "deletecollection";
    const known = groups.get(id);
    if (!known) groups.set(id, { access, names: tied ? new Set([access.name!]) : undefined });
    else if (!tied) known.names = undefined;
    else known.names?.add(access.name!);
  }
  return [...groups.values()].map(({ access: { group, resource, verb }, names }) => ({
    group,
    resource,
    verb,
    names: names ? JSON.stringify([...names].sort()) : "",
  }));
}

function sortVerbs(verbs: Iterable<string>): string[] {
  const rank = (verb: string): number => (VERBS.indexOf(verb) + VERBS.length + 1) % (VERBS.length + 1);
  return [...new Set(verbs)].sort((a, b) => rank(a) - rank(b) || compare(a, b));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
