import { ConfigMap, type KubeObject, Namespace, type Resource, Secret } from "@homeostat/api";
import type { EventHandler, WatchDefinition } from "@homeostat/runtime";
import { type WorkloadKind, type WorkloadName, type WorkloadObject, workloadKinds } from "../kinds.ts";
import type { ResolvedOptions } from "../options.ts";
import type { BookEntry } from "./resource-book.ts";
import type { World } from "./world.ts";

/** Watches that every controller of the operator shares: the cache holds each kind once, and `World` learns from all. */

export function watch<W extends KubeObject>(
  resource: Resource<W>,
  handler: EventHandler<W>,
  selection: Partial<WatchDefinition<W>> = {},
): WatchDefinition<W> {
  return { resource, handler, predicates: [], ...selection };
}

/** The kinds of workloads that are looked at. */
export function watchedKinds(options: ResolvedOptions): WorkloadKind[] {
  return Object.values(workloadKinds).filter(({ kind }) => {
    if (options.ignoredWorkloads.includes(kind)) return false;
    if (kind === "Rollout") return options.argoRollouts;
    return kind === "DeploymentConfig" ? options.deploymentConfigs : true;
  });
}

/** Kinds that every cluster serves. Whoever watches others as well waits until they are installed. */
export function builtInKinds(options: ResolvedOptions): WorkloadKind[] {
  return watchedKinds(options).filter(({ kind }) => !isOptionalKind(kind));
}

export function isOptionalKind(kind: WorkloadName): boolean {
  return kind === "Rollout" || kind === "DeploymentConfig";
}

export function watchedResources({ ignoredResources }: ResolvedOptions): ("ConfigMap" | "Secret")[] {
  return (["ConfigMap", "Secret"] as const).filter((kind) => !ignoredResources.includes(kind));
}

type ResourceHandler = (
  entry: BookEntry,
  event: Parameters<EventHandler<KubeObject>>[0],
  enqueue: Parameters<EventHandler<KubeObject>>[1],
) => void;

/** Secrets and ConfigMaps without their data. */
export function resourceWatch(
  kind: "ConfigMap" | "Secret",
  world: World,
  { resourceLabelSelector: labelSelector }: ResolvedOptions,
  handler: ResourceHandler,
): WatchDefinition<KubeObject> {
  return watch<KubeObject>(
    kind === "Secret" ? Secret : ConfigMap,
    (event, enqueue) => handler(world.takeResource(kind, event), event, enqueue),
    { metadataOnly: true, ...(labelSelector === undefined ? {} : { labelSelector }) },
  );
}

export function workloadWatch(
  kind: WorkloadName,
  world: World,
  handler: EventHandler<WorkloadObject>,
): WatchDefinition<WorkloadObject> {
  return watch<WorkloadObject>(workloadKinds[kind].resource as Resource<WorkloadObject>, (event, enqueue, cache) => {
    world.takeWorkload(kind, event);
    handler(event, enqueue, cache);
  });
}

/** None where the operator is kept to some namespaces: it may not look at others then. */
export function namespaceWatches(
  world: World,
  options: ResolvedOptions,
  handler: EventHandler<Namespace>,
): WatchDefinition<Namespace>[] {
  if (options.namespaces.length > 0) return [];
  return [
    watch(Namespace, (event, enqueue, cache) => {
      world.takeNamespace(event);
      handler(event, enqueue, cache);
    }),
  ];
}

/** The watches of an operator that is kept to some namespaces: each of them for each namespace. */
// biome-ignore lint/suspicious/noExplicitAny: each watch has its own object type, and no variance fits
export function perNamespace(watches: readonly WatchDefinition<any>[], { namespaces }: ResolvedOptions) {
  if (namespaces.length === 0) return watches;
  return watches.flatMap((each) => namespaces.map((namespace) => ({ ...each, namespace })));
}
