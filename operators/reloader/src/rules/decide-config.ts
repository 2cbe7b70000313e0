import { type LabelMatcher, labelMatcher } from "@homeostat/api";
import type { ConfigTarget, ReloaderConfig, ReloaderConfigSpec } from "../api.ts";
import { type AnnotationKeys, ignoreConfig } from "./annotation-keys.ts";
import type { Decision, ResourceFacts } from "./decide.ts";
import { sourceName } from "./references.ts";
import type { WorkloadRules } from "./workload-rules.ts";

/** A ReloaderConfig, as far as it decides. */
export interface ConfigFacts {
  readonly namespace: string;
  readonly name: string;
  readonly spec: ReloaderConfigSpec;
  /** It carries the annotation that switches it off. */
  readonly ignored: boolean;
  /** Selectors, read once. One that is not valid selects nothing. */
  readonly resources: LabelMatcher | undefined;
  readonly namespaces: LabelMatcher | undefined;
  /** What is wrong with the spec, for people. */
  readonly faults: readonly string[];
}

/** Reads a config once. Never throws: what cannot be read is named in `faults`. */
export function configFacts({ metadata, spec }: Pick<ReloaderConfig, "metadata" | "spec">): ConfigFacts {
  const faults: string[] = [];
  const read = (field: "resourceSelector" | "namespaceSelector"): LabelMatcher | undefined => {
    const wanted = spec.watchedResources?.[field];
    if (wanted === undefined) return undefined;
    try {
      return labelMatcher(wanted);
    } catch (error) {
      faults.push(`spec.watchedResources.${field}: ${error instanceof Error ? error.message : String(error)}`);
      return labelMatcher(undefined);
    }
  };
  return {
    namespace: metadata?.namespace ?? "",
    name: metadata?.name ?? "",
    spec,
    ignored: metadata?.annotations?.[ignoreConfig] === "true",
    resources: read("resourceSelector"),
    namespaces: read("namespaceSelector"),
    faults,
  };
}

export interface ConfigTargetFacts {
  readonly target: ConfigTarget;
  /** Where the target is. */
  readonly namespace: string;
  readonly rules: WorkloadRules;
  /** It is a Job that has ended. */
  readonly finished: boolean;
}

/** Labels of a namespace; undefined where namespaces are not known, which makes namespace selectors match nothing. */
export type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>> | undefined;

const no = (why: string): Decision => ({ reload: false, why });

/** A config's answer for a resource of any namespace and one of its targets. */
export function decideByConfig(
  config: ConfigFacts,
  { target, namespace, rules, finished }: ConfigTargetFacts,
  resource: ResourceFacts,
  context: { readonly keys: AnnotationKeys; readonly namespaceLabels: NamespaceLabels },
): Decision {
  const { spec } = config;
  const { kind, name } = resource;
  const label = `ReloaderConfig ${config.name}`;
  if (kind === "SecretProviderClass") return no(`${label} is about Secrets and ConfigMaps`);
  if (config.ignored) return no(`${label} is switched off`);
  if (resource.annotations[context.keys.ignore] === "true") return no(`the ${kind} carries ${context.keys.ignore}`);
  if (isIgnored(spec, resource)) return no(`${label} lists it in ignoreResources`);
  if (rules.of[kind].excluded.has(name)) return no(`${context.keys.exclude[kind]} of the workload lists it`);
  if (!hasLabels(config, resource)) return no(`it has not the labels ${label} wants`);
  if (rules.firstContainer === undefined) return no("the workload has no container to change");
  const container = namespace === resource.namespace ? rules.references.get(sourceName(kind, name)) : undefined;
  const yes: Decision = { reload: true, by: "config", container: container ?? rules.firstContainer };
  if (isWatched(config, resource, context.namespaceLabels)) {
    const needsReference = spec.watchedResources?.enableTargetedReload === true && target.requireReference;
    return needsReference && container === undefined ? no(`the target does not refer to it`) : yes;
  }
  if (!spec.autoReloadAll) return no(`${label} does not watch it`);
  if (container === undefined) return no("no container gets anything from it");
  return finished ? no("the Job has ended, and only autoReloadAll asks for it") : yes;
}

/** Whether a config watches a resource because of its name or labels, whoever refers to it. */
export function isWatched(
  config: ConfigFacts,
  resource: Pick<ResourceFacts, "kind" | "namespace" | "name" | "labels">,
  namespaceLabels: NamespaceLabels,
): boolean {
  const watched = config.spec.watchedResources;
  if (watched === undefined || !inScope(config, resource.namespace, namespaceLabels)) return false;
  const names = listedNames(config.spec, resource.kind);
  if (names.includes(resource.name)) return true;
  return selectsWithoutNames(config.spec) && config.resources!.matches(resource.labels);
}

export function listedNames(spec: ReloaderConfigSpec, kind: ResourceFacts["kind"]): readonly string[] {
  if (kind === "Secret") return spec.watchedResources?.secrets ?? [];
  return kind === "ConfigMap" ? (spec.watchedResources?.configMaps ?? []) : [];
}

/** Whether the config names nothing, and takes everything its resource selector selects. */
export function selectsWithoutNames({ watchedResources }: ReloaderConfigSpec): boolean {
  const { secrets = [], configMaps = [], resourceSelector } = watchedResources ?? {};
  return resourceSelector !== undefined && secrets.length === 0 && configMaps.length === 0;
}

/** Whether names and selectors of a config mean this namespace. */
export function inScope(config: ConfigFacts, namespace: string, namespaceLabels: NamespaceLabels): boolean {
  if (namespace === config.namespace) return true;
  const labels = config.namespaces && namespaceLabels(namespace);
  return labels !== undefined && config.namespaces!.matches(labels);
}

function isIgnored({ ignoreResources = [] }: ReloaderConfigSpec, resource: ResourceFacts): boolean {
  return ignoreResources.some(
    ({ kind, name, namespace }) =>
      kind === resource.kind && name === resource.name && (namespace ?? resource.namespace) === resource.namespace,
  );
}

function hasLabels({ spec, resources }: ConfigFacts, { labels }: ResourceFacts): boolean {
  const pairs = Object.entries(spec.matchLabels ?? {});
  return pairs.every(([key, value]) => labels[key] === value) && (resources?.matches(labels) ?? true);
}
