import type { JsonObject, Resource } from "@homeostat/api";
import {
  type ControllerDefinition,
  enqueueRequestForObject,
  type ReconcileContext,
  type Result,
} from "@homeostat/runtime";
import { ReloaderConfig } from "../api.ts";
import { type WorkloadName, type WorkloadObject, workloadKinds } from "../kinds.ts";
import { parseSourceKey, readRecord, type SourceKey, sourceKey } from "../reload/record.ts";
import { type ConfigFacts, configFacts, inScope, listedNames } from "../rules/decide-config.ts";
import { statusExpiresMs, statusOf, type TargetFinding } from "./config-status.ts";
import {
  builtInKinds,
  isOptionalKind,
  namespaceWatches,
  perNamespace,
  resourceWatch,
  watch,
  watchedKinds,
  watchedResources,
  workloadWatch,
} from "./watches.ts";
import type { Shared } from "./workload-controller.ts";
import { inForce, sameWishes, targetsOf, workloadId } from "./world.ts";

/** Keeps the status of ReloaderConfigs: what they watch, whether their targets are there, and what was reloaded. */
export function configController(shared: Shared): ControllerDefinition<ReloaderConfig> {
  return {
    name: "reloader-config",
    for: ReloaderConfig,
    watches: perNamespace(watchesOf(shared), shared.options),
    reconcile: (context) => reconcile(context, shared),
    options: { concurrency: 2, retryMaxMs: 60_000 },
  };
}

const requestOf = (key: string): { namespace: string; name: string } => {
  const [namespace = "", name = ""] = key.split("/");
  return { namespace, name };
};

function watchesOf({ world, options }: Shared) {
  const own = watch(ReloaderConfig, (event, enqueue, cache) => {
    world.takeConfig(event);
    const isNews =
      event.type !== "updated" ||
      event.object.metadata.generation !== event.old.metadata.generation ||
      JSON.stringify(event.object.metadata.annotations) !== JSON.stringify(event.old.metadata.annotations);
    if (isNews) enqueueRequestForObject(event, enqueue, cache);
  });
  const resources = watchedResources(options).map((kind) =>
    resourceWatch(kind, world, options, (entry, _, enqueue) => {
      for (const key of world.configsWatching(entry)) enqueue(requestOf(key));
      for (const user of world.usersOf(entry))
        for (const key of world.configsNaming(user.kind, user.namespace, user.name)) enqueue(requestOf(key));
    }),
  );
  const workloads = builtInKinds(options).map(({ kind }) =>
    workloadWatch(kind, world, (event, enqueue) => {
      // What matters of it is in its annotations; that its pods come and go does not.
      if (event.type === "updated" && sameWishes(event)) return;
      const { namespace = "", name } = event.object.metadata;
      for (const key of world.configsNaming(kind, namespace, name)) enqueue(requestOf(key));
    }),
  );
  const namespaces = namespaceWatches(world, options, (_, enqueue) => {
    for (const [key, config] of world.configs) {
      const crosses = targetsOf(config).some(({ namespace }) => namespace !== config.namespace);
      if (crosses || config.namespaces !== undefined) enqueue(requestOf(key));
    }
  });
  return [own, ...resources, ...workloads, ...namespaces];
}

async function reconcile(context: ReconcileContext<ReloaderConfig>, shared: Shared): Promise<Result> {
  const { object, client, clock, request } = context;
  const { namespace = "", name } = request;
  if (object.metadata.deletionTimestamp !== undefined || !shared.world.covers(namespace)) return {};
  const config = inForce(configFacts(object), shared.options);
  const { hashes, digests, missing } = await watchedBy(context, config, shared);
  const nowMs = clock.now();
  const status = statusOf({
    key: `${namespace}/${name}`,
    config,
    generation: object.metadata.generation,
    previous: object.status,
    hashes,
    missing,
    target: (target) => findTarget(context, config, target, shared),
    nowMs,
  });
  // Before anything is awaited: it must judge just what the status says.
  const expiresMs = Math.min(
    statusExpiresMs(status, nowMs) ?? Number.POSITIVE_INFINITY,
    lookAgainMs(context, config, digests, shared),
  );
  if (JSON.stringify(sortedKeys(status)) !== JSON.stringify(sortedKeys(object.status))) {
    const value = status as unknown as JsonObject;
    await client.status.patchJson(ReloaderConfig, { namespace, name }, [{ op: "add", path: "/status", value }]);
  }
  return Number.isFinite(expiresMs) ? { requeueAfterMs: expiresMs } : {};
}

/**
 * When to look again without an event: at targets whose reload is due, as it may fail; and at those of optional kinds,
 * which only their own controllers watch, or configs would wait for CRDs.
 */
function lookAgainMs(
  context: ReconcileContext<ReloaderConfig>,
  config: ConfigFacts,
  digests: ReadonlyMap<SourceKey, string>,
  shared: Shared,
): number {
  const isOpen = targetsOf(config).some((target) => {
    const finding = findTarget(context, config, target, shared);
    if (finding.type === "found" && finding.failure !== undefined) return true;
    const contents = finding.type === "found" ? (finding.record?.contents ?? {}) : {};
    return (
      isOptionalKind(target.kind) || Object.entries(contents).some(([key, was]) => (digests.get(key) ?? was) !== was)
    );
  });
  return isOpen ? 15_000 : Number.POSITIVE_INFINITY;
}

/** The hashes of all a config watches: what it lists or selects, and with autoReloadAll what its targets refer to. */
async function watchedBy(context: ReconcileContext<ReloaderConfig>, config: ConfigFacts, shared: Shared) {
  const { world, contents, options } = shared;
  const keys = new Set<SourceKey>();
  for (const entry of world.resourcesWatchedBy(config)) keys.add(sourceKey(entry));
  const listed = new Set<SourceKey>();
  for (const kind of watchedResources(options))
    for (const name of listedNames(config.spec, kind))
      listed.add(sourceKey({ namespace: config.namespace, kind, name }));
  if (config.spec.autoReloadAll) {
    for (const target of targetsOf(config))
      for (const source of world.referencesOf(target)) keys.add(`${target.namespace}/${source}`);
  }
  const ignored = (key: SourceKey): boolean => {
    const source = parseSourceKey(key);
    return (config.spec.ignoreResources ?? []).some(
      ({ kind, name, namespace }) =>
        kind === source.kind && name === source.name && (namespace ?? source.namespace) === source.namespace,
    );
  };
  const hashes: Record<SourceKey, string> = {};
  const digests = new Map<SourceKey, string>();
  for (const key of keys) {
    const entry = ignored(key) ? undefined : world.resources.get(key);
    const found = entry && (await contents.get(context.client, entry));
    if (!found) continue;
    hashes[key] = found.status;
    digests.set(key, found.digest);
  }
  // Elsewhere a listed name may be missing: it is looked for in every namespace that is selected.
  const elsewhere = config.namespaces !== undefined && inScope(config, config.namespace, world.namespaceLabels);
  const missing = [...listed].filter(
    (key) => !(key in hashes) && !ignored(key) && !(elsewhere && isElsewhere(key, hashes)),
  );
  return { hashes, digests, missing };
}

function isElsewhere(key: SourceKey, hashes: Readonly<Record<SourceKey, string>>): boolean {
  const { kind, name } = parseSourceKey(key);
  return Object.keys(hashes).some((each) => each.endsWith(`/${kind}/${name}`));
}

function findTarget(
  { cache }: ReconcileContext<ReloaderConfig>,
  config: ConfigFacts,
  target: ReturnType<typeof targetsOf>[number],
  { world, options, failures }: Shared,
): TargetFinding {
  const { namespace, name } = target;
  const kind: WorkloadName = target.kind;
  if (!world.mayTarget(config.namespace, namespace)) {
    const why = `namespace ${namespace} has not allowed targets from ${config.namespace}: annotate it with reloader.stakater.com/allow-targets-from`;
    return { type: "refused", why: `${kind} ${namespace}/${name}: ${why}` };
  }
  if (!watchedKinds(options).some((each) => each.kind === kind)) {
    const flag = kind === "Rollout" ? "--is-Argo-Rollouts" : kind === "DeploymentConfig" ? "--is-openshift" : undefined;
    const why = flag === undefined ? "is left alone by --ignored-workload-types" : `needs the operator's flag ${flag}`;
    return { type: "refused", why: `${kind} ${namespace}/${name}: ${kind}s are not watched: it ${why}` };
  }
  if (!world.hasWorkload(target)) return { type: "missing" };
  const found = cache
    .store(workloadKinds[kind].resource as Resource<WorkloadObject>, { namespace })
    ?.peek({ namespace, name });
  const record = found && readRecord({ metadata: { annotations: found.metadata.annotations } });
  return { type: "found", record, failure: failures.get(workloadId(kind, namespace, name)) };
}

/** The server keeps no order of keys that could be relied on. */
function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sortedKeys(each)]),
  );
}
