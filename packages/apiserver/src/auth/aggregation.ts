import { labelMatcher } from "@homeostat/api";
import type { PolicyRule } from "./policy-rule.ts";
import type { Role } from "./rbac.ts";

/**
 * Rules of a ClusterRole with an aggregation rule: those of all other ClusterRoles that any of its selectors matches, by
 * name, each rule once. Undefined for a role that does not aggregate. Source: clusterroleaggregation controller.
 */
export function aggregatedRules(role: Role, clusterRoles: readonly Role[]): PolicyRule[] | undefined {
  const matchers = role.aggregationRule?.clusterRoleSelectors?.map(labelMatcher);
  if (!matchers) return undefined;
  const rules = clusterRoles
    .filter((candidate) => candidate.metadata?.name !== role.metadata?.name)
    .filter((candidate) => matchers.some((matcher) => matcher.matches(candidate.metadata?.labels)))
    .sort((a, b) => ((a.metadata?.name ?? "") < (b.metadata?.name ?? "") ? -1 : 1))
    .flatMap((candidate) => candidate.rules ?? []);
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()];
}
