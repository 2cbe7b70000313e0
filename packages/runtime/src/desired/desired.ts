import { isConflict, type KubeObject, type Resource } from "@homeostat/api";
import type { EventHandler, WatchDefinition } from "../controller/definition.ts";
import { addFinalizer, hasFinalizer } from "../controller/finalizer.ts";
import type { ReconcileContext, Reconciler, Result } from "../controller/reconciler.ts";
import { isPruneProtected } from "./annotations.ts";
import { type Applied, applyChild } from "./apply-child.ts";
import { type Making, type WantedChild, wantedChildren } from "./children.ts";
import type { DesiredDefinition } from "./definition.ts";
import { AdoptionError } from "./errors.ts";
import { nextWave } from "./graph.ts";
import { childReadiness, gateOf, type Handled, observe, verdictOf } from "./handled.ts";
import { isDeletedEnough, madeFor, type Pruned, prune } from "./inventory.ts";
import { NormalizedChildren } from "./normalized.ts";
import { createPlanner, type Planner } from "./planner.ts";
import { missingReferences, ReferenceIndex } from "./references.ts";
import { writeStatus } from "./status.ts";
import { Tidings } from "./tidings.ts";
import { BlockedChildren, childWatch } from "./wake.ts";

export { FieldConflictError } from "./errors.ts";

/** What of a controller's options matters here. */
export interface DesiredOptions {
  /** Default `<controller>.homeostat.dev/cleanup`. */
  readonly finalizer?: string;
  /** Default `homeostat.dev`. */
  readonly pausePrefix?: string;
  /** Default: the controller's name. */
  readonly fieldManager?: string;
  /** Default: no further grounds. */
  readonly pausedWhen?: (object: KubeObject) => string | undefined;
}

export interface DesiredController<T extends KubeObject> {
  readonly reconcile: Reconciler<T>;
  readonly paused: Reconciler<T>;
  /** For objects that carry the finalizer, which `reconcile` puts on when there is something to clean up. */
  readonly cleanup: Reconciler<T>;
  /** Of the children. */
  readonly watches: readonly WatchDefinition[];
  /** Of the objects that are referred to. */
  readonly references: readonly WatchDefinition[];
  /** To be told of every change of the kind itself, whatever the predicates; undefined where there are no references. */
  readonly onReferrer: EventHandler<T> | undefined;
  readonly planner: Planner<T>;
}

/** A look at waiting deletions without an event, in milliseconds: a net, as events wake. */
const LOOK_AGAIN_MS = 60_000;

/**
 * The declarative way as the imperative one. Stages, in order: references → inputs → desired → apply, in the order of
 * dependencies and kinds → prune → readiness → status, written once. A child that is as it should be costs no request;
 * one that drifted is applied again, which takes back just the fields that are ours. An error at any stage becomes
 * conditions and is then thrown on, so that it is tried again.
 *
 * All of it follows from what is there: nothing is remembered between two reconciles that would be missed after a
 * crash. What a later version must know about a child is written on the child.
 *
 * Children belong to the object by owner reference and go with it. Where that is not possible (in another namespace,
 * or cluster-scoped), or where order matters, a finalizer keeps the object until a cleanup has deleted them.
 */
export function desiredReconciler<T extends KubeObject, I>(
  resource: Resource<T>,
  controller: string,
  definition: DesiredDefinition<T, I>,
  options: DesiredOptions = {},
): DesiredController<T> {
  const { finalizer = `${controller}.homeostat.dev/cleanup`, pausePrefix = "homeostat.dev" } = options;
  const { fieldManager = controller } = options;
  const normalized = new NormalizedChildren();
  const blocked = new BlockedChildren();
  const references = definition.references ?? [];
  const index = new ReferenceIndex<T>(references);
  const makingFor = (owner: Making<T>["owner"]): Making<T> => ({ owner, resource, controller, definition });

  const bringAbout = async (context: ReconcileContext<T>, tidings: Tidings): Promise<Result> => {
    const { object } = context;
    const making = makingFor(object);
    const inputs = (await definition.inputs?.(context)) as I;
    const wanted = wantedChildren(making, definition.desired(object, inputs));
    const finalized = await ensureFinalizer(context, resource, finalizer, wanted);
    const handled = await applyAll(
      wanted,
      (child) => {
        const applied = applyChild(context, making, child, { pausePrefix, normalized, fieldManager, tidings });
        return applied.catch((error: unknown) => {
          if (error instanceof AdoptionError) blocked.add(child.id, context.request);
          throw error;
        });
      },
      (child) => context.client.find(child.resource, child.key),
    );
    const kept = handled.filter(({ type }) => type !== "left out");
    const pruned = await prune(context, making, await madeFor(context, making, { labelled: finalized }), {
      keep: new Set(kept.map(({ child }) => child.id)),
      dependencies: new Map(kept.map(({ child }) => [child.id, child.dependsOn])),
      pausePrefix,
    });
    for (const id of pruned.deleted) tidings.add("Pruned", id, `deleted ${id}: it is no longer wanted`);
    const observed = observe(handled);
    const status = definition.status?.(object, observed, inputs);
    const conditions = definition.conditions?.(object, observed, inputs);
    await writeStatus(context, resource, verdictOf(handled, deletionTexts(pruned)), status, conditions);
    const requeueAfterMs = definition.requeueAfterMs?.(object, observed, inputs);
    return requeueAfterMs === undefined ? {} : { requeueAfterMs };
  };

  return {
    async reconcile(context) {
      // Children of a deleted object are the garbage collector's; new ones would keep it from going.
      if (context.object.metadata.deletionTimestamp !== undefined) return;
      const tidings = new Tidings();
      try {
        const missing = await missingReferences(context, references);
        if (missing.length === 0) return await bringAbout(context, tidings);
        const message = `waits for ${missing.join(", ")}`;
        await writeStatus(context, resource, { type: "progressing", reason: "ReferenceNotFound", message });
      } catch (error) {
        await reportFailure(context, resource, definition, error);
        throw error;
      } finally {
        tidings.tell(context.events);
      }
    },
    paused: (context) =>
      writeStatus(context, resource, { type: "paused", message: "reconciling is paused on request" }),
    cleanup: (context) => cleanUp(context, makingFor(context.object)),
    watches: definition.children.map((child) =>
      childWatch(resource, controller, child, blocked, definition.statusSettleMs ?? 0),
    ),
    references: index.watches(),
    onReferrer: references.length > 0 ? (event) => index.onReferrer(event) : undefined,
    planner: createPlanner({ resource, controller, definition, pausePrefix, pausedWhen: options.pausedWhen }),
  };
}

/**
 * Deletes what was made, in reverse order, before the object may go. What the garbage collector would miss is asked of
 * the server itself: once the object is gone nobody looks for it any more.
 */
async function cleanUp<T extends KubeObject>(context: ReconcileContext<T>, making: Making<T>): Promise<Result> {
  const made = await madeFor(context, making, { labelled: true, fresh: true });
  const pruned = await prune(context, making, made, { keep: new Set(), dependencies: new Map() });
  const messages = deletionTexts(pruned);
  const { deletedWhen } = making.definition;
  if (deletedWhen && messages.length === 0) {
    for (const child of made) {
      const done = isPruneProtected(child.annotations) || (await isDeletedEnough(context, deletedWhen, child));
      if (!done) messages.push(`${child.id} is not deleted yet`);
    }
  }
  if (messages.length === 0) return {};
  await writeStatus(context, making.resource, {
    type: "progressing",
    reason: "Deleting",
    message: messages.slice(0, 3).join("; "),
  });
  return { requeueAfterMs: LOOK_AGAIN_MS };
}

/**
 * Puts the finalizer on before anything is made that needs it.
 *
 * @returns whether the object has it
 */
async function ensureFinalizer<T extends KubeObject>(
  { client, object }: ReconcileContext<T>,
  resource: Resource<T>,
  finalizer: string,
  wanted: readonly WantedChild[],
): Promise<boolean> {
  if (hasFinalizer(object, finalizer)) return true;
  const needed = wanted.some(({ owned, dependsOn, options }) => options.prune && (!owned || dependsOn.length > 0));
  if (needed) await addFinalizer(client, resource, object, finalizer);
  return needed;
}

/** Handles all children, each when its turn has come. @throws what the first child of a wave threw, when it has ended */
async function applyAll(
  wanted: readonly WantedChild[],
  apply: (child: WantedChild) => Promise<Applied>,
  find: (child: WantedChild) => Promise<Handled["live"]>,
): Promise<Handled[]> {
  const handled = new Map<string, Handled>();
  const ids = new Set<string>();
  const handle = async (child: WantedChild): Promise<Handled> => {
    const gate = gateOf(child, handled);
    if (gate.type === "open") return applied(child, await apply(child));
    const { type, message } = gate;
    const live = type === "waiting" ? await find(child) : undefined;
    return { child, type, readiness: { ready: false, message }, ...(live ? { live } : {}) };
  };
  for (let wave = nextWave(wanted, ids); wave.length > 0; wave = nextWave(wanted, ids)) {
    const outcomes = await Promise.allSettled(wave.map(handle));
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") throw outcome.reason;
      handled.set(outcome.value.child.id, outcome.value);
      ids.add(outcome.value.child.id);
    }
  }
  return [...handled.values()];
}

function applied(child: WantedChild, result: Applied): Handled {
  const type = "in place";
  if (result.type === "absent") return { child, type, readiness: { ready: false, message: result.message } };
  const { live, paused } = result;
  return { child, type, live, readiness: childReadiness(child, live), ...(paused === undefined ? {} : { paused }) };
}

const deletionTexts = ({ waiting }: Pruned): string[] =>
  waiting.map(({ id, for: other }) => `${id} is deleted when ${other} is gone`);

async function reportFailure<T extends KubeObject, I>(
  context: ReconcileContext<T>,
  resource: Resource<T>,
  definition: DesiredDefinition<T, I>,
  error: unknown,
): Promise<void> {
  // An old view passes by itself, and whoever is stopped has not failed: neither is news.
  if (isConflict(error) || context.signal.aborted) return;
  try {
    const { status, conditions } = definition.failed?.(context.object, error) ?? {};
    await writeStatus(context, resource, { type: "failed", error }, status, conditions);
  } catch (statusError) {
    context.log.warn({ err: statusError }, "Status of a failed reconcile could not be written");
  }
}
