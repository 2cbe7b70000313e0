import { ClusterRole, labelMatcher } from "@homeostat/api";
import type { ControllerDefinition } from "@homeostat/runtime";
import { clusterController } from "./cluster-controller.ts";

type Rule = NonNullable<ClusterRole["rules"]>[number];

/**
 * Keeps the rules of ClusterRoles with an aggregation rule: those of all roles its selectors match, by name, each once.
 * Source: clusterroleaggregation controller.
 */
export function clusterRoleAggregation(): ControllerDefinition<ClusterRole> {
  // Roles that aggregate are few, and any role may be one of their parts.
  const aggregating = new Set<string>();
  return clusterController(ClusterRole, "clusterrole-aggregation")
    .withPredicates()
    .watches(ClusterRole, () => [...aggregating].map((name) => ({ name })))
    .reconcile(async ({ object, client, cache }) => {
      const { name } = object.metadata;
      if (!object.aggregationRule) {
        aggregating.delete(name);
        return;
      }
      aggregating.add(name);
      const rules = aggregatedRules(object, cache.store(ClusterRole)?.list() ?? []);
      if (JSON.stringify(rules) === JSON.stringify(object.rules ?? [])) return;
      await client.update(ClusterRole, { ...object, rules });
    });
}

/** Pure. */
export function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): Rule[] {
  const matchers = (role.aggregationRule?.clusterRoleSelectors ?? []).map(labelMatcher);
  const rules = all
    .filter((candidate) => candidate.metadata?.name !== role.metadata?.name)
    .filter((candidate) => matchers.some((matcher) => matcher.matches(candidate.metadata?.labels)))
    .sort((a, b) => ((a.metadata?.name ?? "") < (b.metadata?.name ?? "") ? -1 : 1))
    .flatMap((candidate) => candidate.rules ?? []);
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()];
}
