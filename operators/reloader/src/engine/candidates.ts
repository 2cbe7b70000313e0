import { type SourceKind, sha1, sourceKinds } from "../content/hash.ts";
import type { ResolvedOptions } from "../options.ts";
import { parseSourceKey, type ReloadRecord, type SourceKey, sourceKey } from "../reload/record.ts";
import { inScope, listedNames, selectsWithoutNames } from "../rules/decide-config.ts";
import type { Work } from "../rules/patterns.ts";
import type { WorkloadRules } from "../rules/workload-rules.ts";
import type { AppliedConfig, WorkloadRef, World } from "./world.ts";

/** Most resources one workload can depend on here: more are not remembered, and a Warning says so. */
export const MAX_SOURCES = 512;

/** What a workload depends on. */
export interface Candidates {
  /** Whether each is meant by its very name; others are so by a pattern or a selector. */
  readonly keys: ReadonlyMap<SourceKey, "name" | "pattern">;
  /** Changes with what the workload and its configs ask for, not with what there is. */
  readonly rules: string;
  /** Whether what is not there yet could be meant too, by a pattern or a selector. */
  readonly open: boolean;
  readonly truncated: boolean;
  /** The work was used up before all names were tried: nothing can be decided yet. */
  readonly pending: boolean;
}

/**
 * The resources whose content is remembered of a workload: all that could reload it. Whether one does is decided only
 * when it changes, by what it says then, so that an `ignore` taken off yesterday does not count as a change today.
 */
export function candidatesOf(
  workload: WorkloadRef,
  rules: WorkloadRules,
  configs: readonly AppliedConfig[],
  world: World,
  options: Pick<ResolvedOptions, "ignoredResources" | "csi">,
  record: ReloadRecord | undefined,
  work: Work = { left: Number.POSITIVE_INFINITY },
): Candidates {
  const keys = new Map<SourceKey, "name" | "pattern">();
  let pending = false;
  const auto = configs.some(({ config }) => config.spec.autoReloadAll);
  for (const kind of sourceKinds) {
    const isClass = kind === "SecretProviderClass";
    if (isClass ? !options.csi : options.ignoredResources.includes(kind)) continue;
    const { namespace } = workload;
    const { named, search, auto: automatic } = rules.of[kind];
    const add = (where: string, name: string, how: "name" | "pattern"): void => {
      const key = sourceKey({ namespace: where, kind, name });
      if (keys.get(key) !== "name") keys.set(key, how);
    };
    for (const name of named.literals) add(namespace, name, "name");
    if (search || automatic !== undefined || (auto && !isClass)) {
      for (const source of rules.references.keys())
        if (source.startsWith(`${kind}/`)) add(namespace, source.slice(kind.length + 1), "name");
    }
    if (named.hasPatterns)
      for (const name of namesIn(world, namespace, kind)) {
        const found = named.tries(name, work);
        if (found === undefined) pending = true;
        if (pending) break;
        if (found) add(namespace, name, "pattern");
      }
    if (isClass) continue;
    for (const { config } of configs) {
      const places = [config.namespace];
      if (config.namespaces !== undefined)
        places.push(...[...world.namespaces()].filter((each) => inScope(config, each, world.namespaceLabels)));
      for (const place of new Set(places)) {
        for (const name of listedNames(config.spec, kind)) add(place, name, "name");
        if (!selectsWithoutNames(config.spec)) continue;
        for (const entry of world.resources.in(place, kind))
          if (config.resources!.matches(entry.labels)) add(place, entry.name, "pattern");
      }
    }
  }
  if (!addGone(keys, workload, rules, configs, world, record, work)) pending = true;
  for (const { named } of Object.values(rules.of)) named.rest();
  const truncated = keys.size > MAX_SOURCES;
  return {
    keys: truncated ? new Map([...keys].slice(0, MAX_SOURCES)) : keys,
    rules: wishes(rules, configs),
    open:
      Object.values(rules.of).some(({ named }) => named.hasPatterns) ||
      configs.some(({ config }) => selectsWithoutNames(config.spec)),
    truncated,
    pending,
  };
}

function* namesIn(world: World, namespace: string, kind: SourceKind): Iterable<string> {
  if (kind === "SecretProviderClass") yield* world.mounts.in(namespace);
  else for (const { name } of world.resources.in(namespace, kind)) yield name;
}

/** What a pattern or selector meant once and is gone now. @returns false: the work was used up */
function addGone(
  keys: Map<SourceKey, "name" | "pattern">,
  { namespace }: WorkloadRef,
  rules: WorkloadRules,
  configs: readonly AppliedConfig[],
  world: World,
  record: ReloadRecord | undefined,
  work: Work,
): boolean {
  for (const key of Object.keys(record?.contents ?? {})) {
    if (keys.has(key) || world.resources.get(key)) continue;
    const source = parseSourceKey(key);
    const kind = sourceKinds.find((each) => each === source.kind);
    if (kind === undefined) continue;
    const named = source.namespace === namespace && rules.of[kind].named.tries(source.name, work);
    if (named === undefined) return false;
    const selected = configs.some(
      ({ config }) =>
        kind !== "SecretProviderClass" &&
        selectsWithoutNames(config.spec) &&
        inScope(config, source.namespace, world.namespaceLabels) &&
        config.resources!.matches(world.resources.gone(key)?.labels ?? {}),
    );
    if (named || selected) keys.set(key, "pattern");
  }
  return true;
}

function wishes(rules: WorkloadRules, configs: readonly AppliedConfig[]): string {
  const asked = Object.entries(rules.of).map(([kind, { named, search, auto }]) => [kind, named.text, search, auto]);
  const specs = configs.map(({ key, config }) => [key, config.spec.watchedResources, config.spec.autoReloadAll]);
  return sha1(JSON.stringify([asked, [...rules.references.keys()].toSorted(), specs])).slice(0, 12);
}
