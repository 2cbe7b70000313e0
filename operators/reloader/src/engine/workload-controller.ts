import { controllerOf, type Deployment, isConflict, type Job, type KubeObject, type Stored } from "@homeostat/api";
import type { ControllerDefinition, EventHandler, ReconcileContext, Result, Source } from "@homeostat/runtime";
import { ReloaderConfig } from "../api.ts";
import {
  controllerName,
  factsOf,
  type WorkloadKind,
  type WorkloadName,
  type WorkloadObject,
  workloadKinds,
} from "../kinds.ts";
import type { ResolvedOptions } from "../options.ts";
import { pauseStep } from "../reload/pause.ts";
import { parseSourceKey, type ReloadRecord, readRecord, type SourceKey, sourceKey } from "../reload/record.ts";
import type { Work } from "../rules/patterns.ts";
import { readRules } from "../rules/workload-rules.ts";
import { candidatesOf } from "./candidates.ts";
import type { Contents } from "./contents.ts";
import type { ReloadObserver, ReloadReport } from "./observer.ts";
import type { Pace } from "./pace.ts";
import type { PatternGate } from "./pattern-gate.ts";
import { endPause, performReload, rememberOnly } from "./perform.ts";
import { plan, type Reload, type SourceState } from "./plan.ts";
import type { BookEntry } from "./resource-book.ts";
import { evictOlderPods } from "./restart-pods.ts";
import { continueJobAgain, replacesJob } from "./run-jobs.ts";
import { doneText, moreFaults, sourcesText, sourceText, tellFaults, tellRefusals } from "./tell.ts";
import { namespaceWatches, perNamespace, resourceWatch, watch, watchedResources, workloadWatch } from "./watches.ts";
import { sameWishes, targetsOf, type WorkloadId, type WorkloadRef, type World, workloadId } from "./world.ts";

/** What the controllers of one operator share. */
export interface Shared {
  readonly options: ResolvedOptions;
  readonly world: World;
  readonly contents: Contents;
  readonly pace: Pace;
  readonly patterns: PatternGate;
  readonly observer: Required<ReloadObserver>;
  /** Why the last reload of a workload failed, until one succeeds or none is due: for the status of configs. */
  readonly failures: Map<WorkloadId, string>;
  /** Webhook mode: told instead of reloading; may throw, and is called again then. */
  readonly notify: ((report: ReloadReport) => Promise<void>) | undefined;
}

/** For which controller the events of Secrets and ConfigMaps are counted: they all hear the same ones. */
const countingKind: WorkloadName = "Deployment";

type Context = ReconcileContext<WorkloadObject>;

const refusalsOf = (id: WorkloadId): string => `refusals of ${id}`;

/** Tries of one reconcile when somebody else writes the workload at the same time. */
const ATTEMPTS = 5;

/**
 * Reloads the workloads of one kind. A workload is looked at when it, a resource it may depend on, or a config that
 * names it changes; what follows is decided from what there is (`plan`), so that events may come late, twice, or not at
 * all: after a restart every workload is compared with its record.
 */
export function workloadController(
  kind: WorkloadKind,
  shared: Shared,
  sources: readonly Source[] = [],
): ControllerDefinition<WorkloadObject> {
  const { options } = shared;
  const told = new Map<string, string>();
  const forget = (id: WorkloadId): void => {
    told.delete(id);
    told.delete(refusalsOf(id));
    shared.failures.delete(id);
    shared.pace.forget(id);
    shared.patterns.done(id);
  };
  return {
    name: controllerName(kind.kind),
    for: kind.resource,
    watches: perNamespace(watchesOf(kind, shared, forget), options),
    sources,
    reconcile: (context) => reconcile(context, kind.kind, shared, told),
    options: { concurrency: options.concurrency, retryMaxMs: 60_000 },
  };
}

function watchesOf(
  { kind }: WorkloadKind,
  { world, options, observer, contents }: Shared,
  forget: (id: WorkloadId) => void,
) {
  type Enqueue = Parameters<EventHandler<KubeObject>>[1];
  const enqueueAll = (refs: Iterable<{ kind: string; namespace: string; name: string }>, enqueue: Enqueue): void => {
    for (const { kind: each, namespace, name } of refs) if (each === kind) enqueue({ namespace, name });
  };
  const own = workloadWatch(kind, world, (event, enqueue) => {
    if (event.type === "updated" && !event.resync && sameWishes(event)) return;
    const { namespace = "", name, annotations } = event.object.metadata;
    if (event.type === "deleted") {
      forget(workloadId(kind, namespace, name));
      return;
    }
    const begun = annotations[options.keys.pausedAt] !== undefined || annotations[replacesJob] !== undefined;
    if (begun || world.concerns({ kind, namespace, name })) enqueue({ namespace, name });
  });
  const resources = watchedResources(options).map((each) =>
    resourceWatch(each, world, options, (entry, event, enqueue) => {
      if (event.type === "deleted") contents.forget(sourceKey(entry));
      if (kind === countingKind && (event.type !== "added" || !event.initial)) observer.changed(each, event.type);
      enqueueAll(world.usersOf(entry), enqueue);
    }),
  );
  const configs = watch(ReloaderConfig, (event, enqueue) => {
    world.takeConfig(event);
    // Its status tells what was done here: no reason to look again.
    if (event.type === "updated" && !event.resync && sameWishes(event)) return;
    for (const state of event.type === "updated" ? [event.object, event.old] : [event.object]) {
      const { metadata, spec } = state.object();
      enqueueAll(targetsOf({ namespace: metadata.namespace ?? "", spec }), enqueue);
    }
  });
  const namespaces = namespaceWatches(world, options, (event, enqueue) => {
    // One that comes into the selection brings its workloads along.
    if (options.namespaceSelector !== undefined) enqueueAll(world.workloadsIn(event.object.metadata.name), enqueue);
    for (const [, config] of world.configs) {
      const targets = targetsOf(config);
      const crosses =
        config.namespaces !== undefined || targets.some(({ namespace }) => namespace !== config.namespace);
      if (crosses) enqueueAll(targets, enqueue);
    }
  });
  return [own, ...resources, configs, ...namespaces];
}

async function reconcile(
  context: Context,
  kind: WorkloadName,
  shared: Shared,
  told: Map<string, string>,
): Promise<Result> {
  const { namespace = "", name } = context.request;
  const workload: WorkloadRef = { kind, namespace, name };
  if (isLeftAlone(workload, context.object, shared)) return {};
  if (kind === "Job" && context.object.metadata.annotations?.[replacesJob] !== undefined)
    return again(await continueJobAgain(context.client, context.object as Stored<Job>));
  let object = context.object;
  for (let attempt = 1; ; attempt++) {
    try {
      return again(await step(context, workload, object, shared, told));
    } catch (error) {
      if (!isConflict(error) || attempt === ATTEMPTS) throw error;
      // Rolling workloads are written all the time: look again at once, as they are now.
      const live = await context.client.find<WorkloadObject>(workloadKinds[kind].resource, context.request, {
        from: "live",
      });
      if (!live) return {};
      object = live;
    }
  }
}

const again = (afterMs: number | undefined): Result => (afterMs === undefined ? {} : { requeueAfterMs: afterMs });

/** A Job that a CronJob made is run again by running the CronJob. */
function isLeftAlone({ kind, namespace }: WorkloadRef, object: Stored<WorkloadObject>, { world }: Shared): boolean {
  if (object.metadata.deletionTimestamp !== undefined || !world.covers(namespace)) return true;
  return kind === "Job" && controllerOf(object)?.kind === "CronJob";
}

/** @returns when to look again, in milliseconds */
async function step(
  context: Context,
  workload: WorkloadRef,
  object: Stored<WorkloadObject>,
  shared: Shared,
  told: Map<string, string>,
): Promise<number | undefined> {
  const { client, clock } = context;
  const { options } = shared;
  const nowMs = clock.now();
  const pause = workload.kind === "Deployment" ? pauseStep(object as Deployment, options.keys, nowMs) : undefined;
  if (pause?.type === "resume" || pause?.type === "forget") {
    await endPause(client, workload, object, options.keys.pausedAt, pause.type === "resume");
    // The write wakes this workload again; what else there is to do is done then.
    return undefined;
  }
  const record = readRecord(object);
  if (record?.restartBefore !== undefined) {
    const { restartBefore, ...rest } = record;
    const waitMs = await evictOlderPods(client, workload, object, restartBefore, nowMs);
    if (waitMs !== undefined) return waitMs;
    await rememberOnly(client, workload, object, rest);
    return undefined;
  }
  const due = await look(context, workload, object, record, shared, told);
  return pause?.type === "wait" ? Math.min(pause.forMs, due ?? pause.forMs) : due;
}

/** Compares the workload with its record, and does what follows. */
async function look(
  context: Context,
  workload: WorkloadRef,
  object: Stored<WorkloadObject>,
  record: ReloadRecord | undefined,
  shared: Shared,
  told: Map<string, string>,
): Promise<number | undefined> {
  const { client, clock } = context;
  const { options, world, pace } = shared;
  const id = workloadId(workload.kind, workload.namespace, workload.name);
  const rules = readRules(factsOf(workload.kind, object), options, world.rulesOf(workload));
  const configs = world.configsOf(workload);
  const find = (work: Work) => candidatesOf(workload, rules, configs, world, options, record, work);
  let candidates = find(shared.patterns.begin(id));
  if (candidates.pending) {
    const more = shared.patterns.more(id, clock.monotonic());
    if ("waitMs" in more) return more.waitMs;
    candidates = find(more.work);
    if (candidates.pending) return shared.patterns.betweenMs;
  }
  shared.patterns.done(id);
  tellFaults(context, id, [...rules.faults, ...moreFaults(workload, object, candidates.truncated, options)], told);
  const sources = await stateOf(context, [...candidates.keys.keys()], shared);
  const nowMs = clock.now();
  const namespaceLabels = world.namespaceLabels;
  const next = plan({
    workload,
    object,
    rules,
    configs,
    candidates,
    sources,
    record,
    nowMs,
    options,
    namespaceLabels,
  });
  if (next.type !== "reload") {
    pace.forget(id);
    shared.failures.delete(id);
  }
  switch (next.type) {
    case "nothing": {
      // A resource that went and is not forgotten is refused at each look: that is told once.
      const text = next.refusals.length === 0 ? undefined : JSON.stringify(next.refusals);
      const isNews = text !== undefined && told.get(refusalsOf(id)) !== text;
      if (text === undefined) told.delete(refusalsOf(id));
      else told.set(refusalsOf(id), text);
      if (isNews) tellRefusals(context, workload, next, shared.observer);
      return undefined;
    }
    case "wait":
      return next.forMs;
    case "remember":
      await rememberOnly(client, workload, object, next.record);
      break;
    case "reload": {
      const what = JSON.stringify(next.reload.record.contents);
      const waitMs = pace.wait(id, what, candidates.keys.size > 1, clock.monotonic());
      if (waitMs > 0) return waitMs;
      await reload(context, workload, object, next.reload, shared);
    }
  }
  tellRefusals(context, workload, next, shared.observer);
  return undefined;
}

async function stateOf(
  { client }: Context,
  keys: readonly SourceKey[],
  { world, contents }: Shared,
): Promise<Map<SourceKey, SourceState>> {
  const states = await Promise.all(
    keys.map(async (key) => {
      const entry = world.resources.get(key);
      const { kind, namespace, name } = parseSourceKey(key) as BookEntry;
      const mounted = kind === "SecretProviderClass";
      const content = mounted ? world.mounts.get(key) : entry && (await contents.get(client, entry));
      const facts = entry ?? world.resources.gone(key) ?? { kind, namespace, name, labels: {}, annotations: {} };
      return [key, { facts, content }] as const;
    }),
  );
  return new Map(states);
}

async function reload(
  context: Context,
  workload: WorkloadRef,
  object: Stored<WorkloadObject>,
  planned: Reload,
  shared: Shared,
): Promise<void> {
  const { client, clock, events, log } = context;
  const began = clock.monotonic();
  const report = (): ReloadReport => ({
    workload,
    sources: planned.sources,
    strategy: planned.strategy,
    configs: planned.configs.flatMap((key) => shared.world.config(key) ?? []),
    durationMs: clock.monotonic() - began,
    atMs: clock.now(),
  });
  const what = sourcesText(planned);
  try {
    if (shared.notify) {
      await shared.notify(report());
      const { restartBefore: _, ...record } = planned.record;
      await rememberOnly(client, workload, object, record);
    } else await performReload(client, workload, object, planned, shared.options);
  } catch (error) {
    if (!isConflict(error)) {
      const message = error instanceof Error ? error.message : String(error);
      events.warning("ReloadFail", `could not be reloaded for ${what}: ${message}`);
      shared.observer.failed({ ...report(), error });
      shared.failures.set(workloadId(workload.kind, workload.namespace, workload.name), message);
    }
    throw error;
  }
  const how = shared.notify ? "webhook" : planned.how.type;
  events.normal(shared.notify ? "WebhookCalled" : "Reloaded", `${doneText[how]} because of ${what}`);
  log.info({ kind: workload.kind, sources: planned.sources.map(sourceText), how }, "Reloaded");
  shared.observer.reloaded(report());
  shared.failures.delete(workloadId(workload.kind, workload.namespace, workload.name));
}
