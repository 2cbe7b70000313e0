import type { KubeObject, Namespace } from "@homeostat/api";
import { type LabelMatcher, parseLabelSelector } from "@homeostat/api";
import type { CachedObject, StoreEvent } from "@homeostat/runtime";
import type { ConfigTarget, ReloaderConfig } from "../api.ts";
import { factsOf, type WorkloadName, type WorkloadObject } from "../kinds.ts";
import type { ResolvedOptions } from "../options.ts";
import { sourceKey } from "../reload/record.ts";
import { targetsFrom } from "../rules/annotation-keys.ts";
import type { ResourceFacts } from "../rules/decide.ts";
import {
  type ConfigFacts,
  configFacts,
  inScope,
  isWatched,
  listedNames,
  selectsWithoutNames,
} from "../rules/decide-config.ts";
import type { NameList } from "../rules/patterns.ts";
import { readRules, type WorkloadRules } from "../rules/workload-rules.ts";
import { IndexMap } from "./index-map.ts";
import { MountBook, type MountedClass } from "./mount-book.ts";
import { type BookEntry, ResourceBook } from "./resource-book.ts";

/** `Deployment/shop/web` */
export type WorkloadId = string;
export const workloadId = (kind: string, namespace: string, name: string): WorkloadId => `${kind}/${namespace}/${name}`;

export interface WorkloadRef {
  readonly kind: WorkloadName;
  readonly namespace: string;
  readonly name: string;
}

interface WorkloadEntry extends WorkloadRef {
  readonly resourceVersion: string;
  readonly rules: WorkloadRules;
  /** Whether its annotations (or the flag) make it depend on what it refers to. */
  readonly automatic: boolean;
}

interface NamespaceEntry {
  readonly labels: Readonly<Record<string, string>>;
  readonly targetsFrom: string | undefined;
}

/** A config and the entry of it that names a workload. */
export interface AppliedConfig {
  /** `namespace/name` */
  readonly key: string;
  readonly config: ConfigFacts;
  readonly target: ConfigTarget;
}

/**
 * Who depends on what, in both directions, kept up to date by the events of all watches. Looking up the workloads of a
 * Secret costs what they are, not what there is. It holds no state that is not read again after a restart.
 */
export class World {
  readonly resources: ResourceBook;
  /** What SecretProviderClasses are mounted with. */
  readonly mounts = new MountBook();
  readonly #options: ResolvedOptions;
  readonly #namespaceSelector: LabelMatcher | undefined;
  readonly #workloads = new Map<WorkloadId, WorkloadEntry>();
  readonly #configs = new Map<string, ConfigFacts>();
  readonly #namespaces = new Map<string, NamespaceEntry>();
  /** Workloads by the resources they refer to or name. */
  readonly #users = new IndexMap<WorkloadId>();
  /** Workloads whose annotations hold patterns, by `namespace/Kind`. */
  readonly #patterns = new IndexMap<WorkloadId>();
  /** Configs by the workloads they name. */
  readonly #targets = new IndexMap<string>();
  /** Configs by the resources they list, in their own namespace and (`*`) in selected ones. */
  readonly #listed = new IndexMap<string>();
  /** Configs that select by labels alone, by namespace; and (`*`) those that look into selected namespaces. */
  readonly #selecting = new IndexMap<string>();

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.resources = new ResourceBook([options.keys.ignore, options.keys.match]);
    this.#namespaceSelector =
      options.namespaceSelector === undefined ? undefined : parseLabelSelector(options.namespaceSelector);
  }

  /** Whether a namespace is looked at, by the operator's own options. */
  covers(namespace: string): boolean {
    const { namespaces, ignoredNamespaces } = this.#options;
    if (namespaces.length > 0 && !namespaces.includes(namespace)) return false;
    if (ignoredNamespaces.includes(namespace)) return false;
    return this.#namespaceSelector?.matches(this.namespaceLabels(namespace) ?? {}) ?? true;
  }

  readonly namespaceLabels = (namespace: string): Readonly<Record<string, string>> | undefined =>
    this.#namespaces.get(namespace)?.labels;

  /** Whether a config may name workloads of a namespace: its own, one the operator's options allow, or one that grants it. */
  mayTarget(config: string, namespace: string): boolean {
    if (config === namespace || this.#options.targetNamespaces.includes(namespace)) return true;
    return isGranted(this.#namespaces.get(namespace)?.targetsFrom, config);
  }

  takeNamespace(event: StoreEvent<Namespace>): void {
    const { name, labels, annotations } = event.object.metadata;
    if (event.type === "deleted") this.#namespaces.delete(name);
    else this.#namespaces.set(name, { labels: { ...labels }, targetsFrom: annotations[targetsFrom] });
  }

  takeResource(kind: BookEntry["kind"], event: StoreEvent<KubeObject>): BookEntry {
    return this.resources.take(kind, event, (entry) => !this.usersOf(entry).next().done);
  }

  takeWorkload(kind: WorkloadName, event: StoreEvent<KubeObject>): void {
    const { namespace = "", name } = event.object.metadata;
    const id = workloadId(kind, namespace, name);
    if (event.type === "deleted") {
      this.#workloads.delete(id);
      this.#users.set(id, []);
      this.#patterns.set(id, []);
      return;
    }
    const { resourceVersion } = event.object.metadata;
    // Every controller that watches the kind hears the same event.
    if (this.#workloads.get(id)?.resourceVersion === resourceVersion) return;
    if (event.type === "updated" && sameWishes(event)) return;
    const object = event.object.object() as WorkloadObject;
    const rules = readRules(factsOf(kind, object), this.#options, this.#workloads.get(id)?.rules);
    const automatic = Object.values(rules.of).some(({ search, auto }) => search || auto !== undefined);
    this.#workloads.set(id, { kind, namespace, name, resourceVersion, rules, automatic });
    const named = Object.entries(rules.of).flatMap(
      ([
        source,
        {
          named: { literals },
        },
      ]) => [...literals].map((literal) => `${source}/${literal}`),
    );
    this.#users.set(
      id,
      [...rules.references.keys(), ...named].map((source) => `${namespace}/${source}`),
    );
    const withPatterns = Object.entries(rules.of).filter(
      ([
        ,
        {
          named: { hasPatterns },
        },
      ]) => hasPatterns,
    );
    this.#patterns.set(
      id,
      withPatterns.map(([source]) => `${namespace}/${source}`),
    );
  }

  takeConfig(event: StoreEvent<ReloaderConfig>): void {
    const { key } = event.object.metadata;
    if (event.type === "deleted") {
      this.#configs.delete(key);
      for (const index of [this.#targets, this.#listed, this.#selecting]) index.set(key, []);
      return;
    }
    const facts = inForce(configFacts(event.object.object()), this.#options);
    this.#configs.set(key, facts);
    const { namespace, spec } = facts;
    this.#targets.set(
      key,
      targetsOf(facts).map(({ kind, namespace: where, name }) => workloadId(kind, where, name)),
    );
    const places = facts.namespaces === undefined ? [namespace] : [namespace, "*"];
    const names = (["ConfigMap", "Secret"] as const).flatMap((kind) =>
      listedNames(spec, kind).map((name) => `${kind}/${name}`),
    );
    this.#listed.set(
      key,
      places.flatMap((place) => names.map((name) => `${place}/${name}`)),
    );
    this.#selecting.set(key, selectsWithoutNames(spec) ? places : []);
  }

  config(key: string): ConfigFacts | undefined {
    return this.#configs.get(key);
  }

  get configs(): Iterable<readonly [key: string, ConfigFacts]> {
    return this.#configs;
  }

  /** Those that are looked at. */
  *namespaces(): Generator<string> {
    for (const name of this.#namespaces.keys()) if (this.covers(name)) yield name;
  }

  /** Workloads of a namespace that something could reload. */
  *workloadsIn(namespace: string): Generator<WorkloadRef> {
    for (const entry of this.#workloads.values())
      if (entry.namespace === namespace && this.concerns(entry)) yield entry;
  }

  /** The configs that name a workload and may. */
  configsOf({ kind, namespace, name }: WorkloadRef): AppliedConfig[] {
    const applied: AppliedConfig[] = [];
    for (const key of this.#targets.get(workloadId(kind, namespace, name))) {
      const config = this.#configs.get(key)!;
      if (!this.covers(config.namespace) || !this.mayTarget(config.namespace, namespace)) continue;
      const target = targetsOf(config).find(
        (each) => each.kind === kind && each.namespace === namespace && each.name === name,
      );
      if (target) applied.push({ key, config, target: target.target });
    }
    return applied.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Configs that watch a resource by its name or labels. */
  *configsWatching(resource: BookEntry): Generator<string> {
    const { namespace, kind, name } = resource;
    const seen = new Set<string>();
    for (const place of [namespace, "*"]) {
      for (const key of [...this.#listed.get(`${place}/${kind}/${name}`), ...this.#selecting.get(place)]) {
        if (seen.has(key)) continue;
        seen.add(key);
        if (isWatched(this.#configs.get(key)!, resource, this.namespaceLabels)) yield key;
      }
    }
  }

  /**
   * Workloads that may have to be reloaded when a resource changes. Each is told once.
   *
   * @param unsure whether those count whose patterns cost too much to be tried here. Default true
   */
  *usersOf(resource: BookEntry | MountedClass, unsure = true): Generator<WorkloadRef> {
    const seen = new Set<WorkloadId>();
    const { namespace, kind, name } = resource;
    for (const id of this.#users.get(sourceKey(resource))) {
      const entry = this.#workloads.get(id)!;
      if (!this.#dependsOn(entry, resource)) continue;
      seen.add(id);
      yield entry;
    }
    for (const id of this.#patterns.get(`${namespace}/${kind}`)) {
      const entry = this.#workloads.get(id)!;
      if (seen.has(id) || !means(entry.rules.of[kind].named, name, unsure)) continue;
      seen.add(id);
      yield entry;
    }
    // Configs name Secrets and ConfigMaps only.
    if (!("resourceVersion" in resource)) return;
    for (const key of this.configsWatching(resource)) {
      for (const { kind: target, namespace: where, name: workload } of targetsOf(this.#configs.get(key)!)) {
        const entry = this.#workloads.get(workloadId(target, where, workload));
        if (!entry || seen.has(workloadId(target, where, workload))) continue;
        seen.add(workloadId(target, where, workload));
        yield entry;
      }
    }
  }

  /** Whether anything could ever reload a workload: those of which nothing is to be remembered are left alone. */
  concerns({ kind, namespace, name }: WorkloadRef): boolean {
    const id = workloadId(kind, namespace, name);
    const entry = this.#workloads.get(id);
    if (!entry) return false;
    return (
      entry.automatic || this.#targets.has(id) || Object.values(entry.rules.of).some(({ named }) => isGiven(named))
    );
  }

  /** What was read of a workload last. */
  rulesOf({ kind, namespace, name }: WorkloadRef): WorkloadRules | undefined {
    return this.#workloads.get(workloadId(kind, namespace, name))?.rules;
  }

  /** Whether a workload is there, as far as its kind is watched. */
  hasWorkload({ kind, namespace, name }: { kind: string; namespace: string; name: string }): boolean {
    return this.#workloads.has(workloadId(kind, namespace, name));
  }

  /** What a workload refers to, as `Secret/db`. */
  referencesOf({ kind, namespace, name }: { kind: string; namespace: string; name: string }): Iterable<string> {
    return this.#workloads.get(workloadId(kind, namespace, name))?.rules.references.keys() ?? [];
  }

  /** Keys of the configs that name a workload, whether they may or not. */
  configsNaming(kind: string, namespace: string, name: string): Iterable<string> {
    return this.#targets.get(workloadId(kind, namespace, name));
  }

  /** The resources that are there and a workload depends on by its annotations, or by a config's autoReloadAll. */
  *resourcesOf({ kind, namespace, name }: WorkloadRef): Generator<BookEntry> {
    const entry = this.#workloads.get(workloadId(kind, namespace, name));
    for (const source of ["ConfigMap", "Secret"] as const) {
      const { named } = entry?.rules.of[source] ?? {};
      if (named?.hasPatterns)
        for (const each of this.resources.in(namespace, source)) if (means(named, each.name, false)) yield each;
      for (const literal of named?.literals ?? []) yield* this.#found(`${namespace}/${source}/${literal}`);
    }
    for (const source of entry?.rules.references.keys() ?? []) {
      for (const found of this.#found(`${namespace}/${source}`)) if (this.#dependsOn(entry!, found)) yield found;
    }
  }

  /** The resources that are there and a config watches by name or labels. */
  *resourcesWatchedBy(config: ConfigFacts): Generator<BookEntry> {
    const others = config.namespaces === undefined ? [] : this.namespaces();
    for (const place of new Set([config.namespace, ...others])) {
      if (!inScope(config, place, this.namespaceLabels)) continue;
      for (const kind of ["ConfigMap", "Secret"] as const) {
        for (const name of listedNames(config.spec, kind)) yield* this.#found(`${place}/${kind}/${name}`);
        if (!selectsWithoutNames(config.spec)) continue;
        for (const each of this.resources.in(place, kind)) if (config.resources!.matches(each.labels)) yield each;
      }
    }
  }

  #found(key: string): BookEntry[] {
    const entry = this.resources.get(key);
    return entry ? [entry] : [];
  }

  /** A resource a workload refers to or names matters only where somebody asked for it. */
  #dependsOn(entry: WorkloadEntry, { kind, name }: Pick<ResourceFacts, "kind" | "name">): boolean {
    const { search, auto, named } = entry.rules.of[kind];
    if (search || auto !== undefined || named.literals.has(name)) return true;
    return kind !== "SecretProviderClass" && this.configsOf(entry).some(({ config }) => config.spec.autoReloadAll);
  }
}

/** Most that is spent on one name when it changes, in steps: what costs more is left to whoever looks at the workload. */
const QUICK = 20_000;

/** Whether a list means a name: events are heard one after another, so a costly pattern is not tried here. */
function means(named: NameList, name: string, unsure: boolean): boolean {
  const found = named.tries(name, { left: QUICK });
  named.rest();
  return found ?? unsure;
}

const isGiven = ({ literals, hasPatterns }: { literals: ReadonlySet<string>; hasPatterns: boolean }): boolean =>
  literals.size > 0 || hasPatterns;

/** A config as far as the operator follows it: a selector of namespaces is of no use where only some may be seen. */
export function inForce(
  config: ConfigFacts,
  { namespaces, configNamespaceSelectors }: Pick<ResolvedOptions, "namespaces" | "configNamespaceSelectors">,
): ConfigFacts {
  if (config.namespaces === undefined || (namespaces.length === 0 && configNamespaceSelectors)) return config;
  const why =
    namespaces.length > 0
      ? `the operator is kept to namespaces ${namespaces.join(", ")}`
      : "the operator does not allow it (--config-namespace-selectors=false)";
  const fault = `spec.watchedResources.namespaceSelector: ${why}`;
  return { ...config, namespaces: undefined, faults: [...config.faults, fault] };
}

/** Whether a namespace's grant lets the configs of another name workloads in it. */
export function isGranted(grant: string | undefined, config: string): boolean {
  return grant !== undefined && (grant === "*" || grant.split(",").some((each) => each.trim() === config));
}

/** The targets of a config, with the namespaces they are in. */
export function targetsOf({ namespace, spec }: Pick<ConfigFacts, "namespace" | "spec">) {
  return (spec.targets ?? []).map((target) => ({
    kind: target.kind,
    name: target.name,
    namespace: target.namespace ?? namespace,
    target,
  }));
}

/** Neither spec nor annotations differ: nothing that decides. Workloads report their status all the time. */
export function sameWishes({ object, old }: Extract<StoreEvent, { type: "updated" }>): boolean {
  const generation = (each: CachedObject): number | undefined => each.metadata.generation;
  if (generation(object) === undefined || generation(object) !== generation(old)) return false;
  return JSON.stringify(object.metadata.annotations) === JSON.stringify(old.metadata.annotations);
}
