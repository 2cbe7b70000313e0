import { isConflict, type KubeObject, type Resource, type Stored } from "@homeostat/api";
import type { WatchDefinition } from "../controller/definition.ts";
import { enqueueRequestForOwner, enqueueRequestsFromMapFunction, requestOf } from "../controller/event-handler.ts";
import type { ReconcileContext, Reconciler } from "../controller/reconciler.ts";
import { changedPaths } from "../ledger/changed-paths.ts";
import { APPLIED_FOR, APPLIED_HASH, inKindOrder, OWNER_UID, type WantedChild, wantedChildren } from "./children.ts";
import { contains, project } from "./converged.ts";
import type { DesiredDefinition, Observed, ObservedChild } from "./definition.ts";
import { prune } from "./inventory.ts";
import { readinessOf } from "./readiness.ts";
import { type Verdict, writeStatus } from "./status.ts";

/**
 * The declarative way as the imperative one. Stages, in order: inputs → desired → apply, kind by kind → prune →
 * readiness → status, written once. A child that is as it should be costs no request; one that drifted is applied
 * again, which takes back just the fields that are ours. An error at any stage becomes conditions and is then thrown
 * on, so that it is tried again.
 *
 * Children belong to the object by owner reference and go with it. Where that is not possible (in another namespace,
 * or cluster-scoped), a cleanup deletes them before the object may go.
 */
export function desiredReconciler<T extends KubeObject, I>(
  resource: Resource<T>,
  controller: string,
  definition: DesiredDefinition<T, I>,
): DesiredController<T> {
  const normalized = new NormalizedChildren();

  const reconcile: Reconciler<T> = async (context) => {
    const { object } = context;
    // Children of a deleted object are the garbage collector's; new ones would keep it from going.
    if (object.metadata.deletionTimestamp !== undefined) return;
    try {
      const inputs = (await definition.inputs?.(context)) as I;
      const wanted = wantedChildren(
        object,
        resource,
        controller,
        definition.children,
        definition.desired(object, inputs),
      );
      const children = await applyAll(context, wanted, definition.force ?? true, normalized);
      const pruned = await prune(context, controller, definition.children, new Set(wanted.map(({ id }) => id)));
      for (const id of pruned) context.events.normal("Pruned", `deleted ${id}: it is no longer wanted`);
      const observed = observe(children);
      await writeStatus(context, resource, verdictOf(observed), definition.status?.(object, observed, inputs));
      const requeueAfterMs = definition.requeueAfterMs?.(object, observed, inputs);
      return requeueAfterMs === undefined ? {} : { requeueAfterMs };
    } catch (error) {
      await reportFailure(context, resource, error);
      throw error;
    }
  };

  const needsCleanup =
    definition.children.some((child) => child.scope === "Cluster") && resource.scope === "Namespaced";
  return {
    reconcile,
    watches: definition.children.map((child) => childWatch(resource, controller, child)),
    paused: (context) =>
      writeStatus(context, resource, { type: "paused", message: "reconciling is paused on request" }),
    cleanup: needsCleanup
      ? async (context) => void (await prune(context, controller, definition.children, new Set()))
      : undefined,
  };
}

export interface DesiredController<T extends KubeObject> {
  readonly reconcile: Reconciler<T>;
  readonly paused: Reconciler<T>;
  readonly cleanup: Reconciler<T> | undefined;
  readonly watches: readonly WatchDefinition[];
}

/** The error of an apply that another field manager's claim has stopped. */
export class FieldConflictError extends Error {
  override readonly name = "FieldConflictError";
  readonly code = "FIELD_CONFLICT";
  /** Becomes the reason of the condition. */
  readonly reason = "FieldConflict";
}

/** Children with an owner reference wake their owner by it, the others by their label. */
function childWatch<T extends KubeObject>(owner: Resource<T>, controller: string, child: Resource): WatchDefinition {
  const byReference = enqueueRequestForOwner(owner);
  const byLabel = enqueueRequestsFromMapFunction(({ metadata: { labels, annotations } }, cache) => {
    const uid = labels[OWNER_UID];
    if (uid === undefined || annotations[APPLIED_FOR] !== `${controller}/${uid}`) return [];
    // Rare (children out of the owner's reach), so a search of metadata will do instead of an index.
    const found = [...(cache.store(owner)?.entries() ?? [])].find(({ metadata }) => metadata.uid === uid);
    return found ? [requestOf(found.metadata)] : [];
  });
  return {
    resource: child,
    predicates: [],
    handler(event, enqueue, cache) {
      byReference(event, enqueue, cache);
      byLabel(event, enqueue, cache);
    },
  };
}

async function applyAll<T extends KubeObject>(
  context: ReconcileContext<T>,
  wanted: readonly WantedChild[],
  force: boolean,
  normalized: NormalizedChildren,
): Promise<Stored[]> {
  const results: Stored[] = [];
  for (const group of inKindOrder(wanted)) {
    const outcomes = await Promise.allSettled(group.map((child) => applyOne(context, child, force, normalized)));
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === "rejected") throw outcome.reason;
      results[group[index]!.index] = outcome.value;
    }
  }
  return results;
}

async function applyOne<T extends KubeObject>(
  context: ReconcileContext<T>,
  child: WantedChild,
  force: boolean,
  normalized: NormalizedChildren,
): Promise<Stored> {
  const { client } = context;
  const { resource, key, configuration, hash } = child;
  const live = await client.find(resource, key);
  if (live?.metadata.annotations?.[APPLIED_HASH] === hash && contains(live, normalized.get(child) ?? configuration))
    return live;
  try {
    const applied = await client.apply(resource, configuration, { force });
    normalized.note(child, applied);
    tell(context, child, live, applied);
    return applied;
  } catch (error) {
    if (!force && isConflict(error)) {
      const others = error.status.details?.causes?.map(({ field, message }) => `${field}: ${message}`).join("; ");
      throw new FieldConflictError(
        `apply ${child.id}: ${others || error.status.message}; let the other manager give the field up, or leave it out of desired`,
        { cause: error },
      );
    }
    throw error;
  }
}

/** Events for people: what was made, changed, or put back after somebody changed it. Paths only: values may be secret. */
function tell<T extends KubeObject>(
  { events }: ReconcileContext<T>,
  { id, hash }: WantedChild,
  live: Stored | undefined,
  applied: Stored,
): void {
  if (live === undefined) {
    events.normal("Created", `made ${id}`);
    return;
  }
  if (live.metadata.resourceVersion === applied.metadata.resourceVersion) return;
  if (live.metadata.annotations?.[APPLIED_HASH] !== hash) {
    events.normal("Updated", `changed ${id} as its spec wants`);
    return;
  }
  const { managedFields: _, resourceVersion: __, generation: ___, ...metadata } = applied.metadata;
  const paths = changedPaths(live, { ...applied, metadata: { ...live.metadata, ...metadata } });
  events.normal("Repaired", `put ${id} back${paths.length > 0 ? `: somebody had changed ${paths.join(", ")}` : ""}`);
}

function observe(children: readonly Stored[]): Observed {
  const observed = children.map((object): ObservedChild => {
    const readiness = readinessOf(object);
    return readiness.ready ? { object, ready: true } : { object, ready: false, message: readiness.message };
  });
  return {
    children: observed,
    ready: observed.every((child) => child.ready),
    child<C extends KubeObject>(resource: Resource<C>, name: string): Stored<C> | undefined {
      return children.find((each) => each.kind === resource.kind && each.metadata.name === name) as
        | Stored<C>
        | undefined;
    },
  };
}

function verdictOf(observed: Observed): Verdict {
  if (observed.ready) return { type: "ready" };
  const waiting = observed.children.filter((child) => !child.ready);
  const told = waiting.slice(0, 3).map(({ object, message }) => `${object.kind} ${object.metadata.name}: ${message}`);
  const rest = waiting.length > 3 ? `; and ${waiting.length - 3} more` : "";
  return { type: "progressing", message: told.join("; ") + rest };
}

async function reportFailure<T extends KubeObject>(
  context: ReconcileContext<T>,
  resource: Resource<T>,
  error: unknown,
): Promise<void> {
  // An old view passes by itself, and whoever is stopped has not failed: neither is news.
  if (isConflict(error) || context.signal.aborted) return;
  try {
    await writeStatus(context, resource, { type: "failed", error });
  } catch (statusError) {
    context.log.warn({ err: statusError }, "Status of a failed reconcile could not be written");
  }
}

/**
 * What the server made of children that it does not store as given (`1000m` becomes `1`): without this they would
 * look drifted for ever. Only those are kept, and at most 10,000; what is not kept costs one request more.
 */
class NormalizedChildren {
  readonly #known = new Map<string, { readonly hash: string; readonly expected: unknown }>();

  get(child: WantedChild): unknown {
    const known = this.#known.get(this.#id(child));
    return known?.hash === child.hash ? known.expected : undefined;
  }

  note(child: WantedChild, applied: Stored): void {
    const id = this.#id(child);
    this.#known.delete(id);
    if (contains(applied, child.configuration)) return;
    this.#known.set(id, { hash: child.hash, expected: project(applied, child.configuration) });
    if (this.#known.size > 10_000) this.#known.delete(this.#known.keys().next().value!);
  }

  #id({ id, configuration }: WantedChild): string {
    return `${configuration.metadata!.annotations![APPLIED_FOR]}/${id}`;
  }
}
