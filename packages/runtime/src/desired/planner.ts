import { isNotFound, type KubeObject, type Resource, type Stored } from "@homeostat/api";
import { pausedBy } from "../controller/pause.ts";
import type { ReconcileContext } from "../controller/reconciler.ts";
import { diff } from "../diff/diff.ts";
import { ownershipOf, refuseForeign } from "./adoption.ts";
import { APPLIED_HASH, childPausedBy, isPruneProtected } from "./annotations.ts";
import { conflictOf, immutableField, isConverged } from "./apply-child.ts";
import { type Making, type WantedChild, wantedChildren } from "./children.ts";
import { nextWave } from "./graph.ts";
import { childReadiness, gateOf, type Handled } from "./handled.ts";
import { isImmutableChange } from "./immutable.ts";
import { type MadeChild, madeFor, unwanted } from "./inventory.ts";
import { NormalizedChildren } from "./normalized.ts";
import type { Plan, PlanStep } from "./plan.ts";
import { masked, withoutBookkeeping } from "./plan-content.ts";
import { missingReferences } from "./references.ts";
import { reasonOf } from "./status.ts";

/** Tells what a reconcile of an object would do. Its client is asked, and writes nothing but dry runs. */
export type Planner<T extends KubeObject> = (context: ReconcileContext<T>) => Promise<Plan>;

export interface PlannerOptions<T extends KubeObject> extends Omit<Making<T>, "owner"> {
  readonly pausePrefix: string;
  readonly pausedWhen?: ((object: KubeObject) => string | undefined) | undefined;
}

export function createPlanner<T extends KubeObject>(options: PlannerOptions<T>): Planner<T> {
  const { definition, pausePrefix, pausedWhen, resource } = options;
  return async (context) => {
    const { object } = context;
    const making: Making<T> = { ...options, owner: object };
    const { namespace, name } = object.metadata;
    const owner = { resource: resource as Resource, key: namespace ? { namespace, name } : { name } };
    if (object.metadata.deletionTimestamp !== undefined) {
      const made = await madeFor(context, making, { labelled: true });
      const deletions = unwanted(object, made, { keep: new Set(), dependencies: new Map() });
      const steps = [...kept(made, new Set(), deletions), ...deletions.map(deletion)];
      return { owner, steps, message: "it is being deleted, and its children go with it" };
    }
    const paused = pausedBy(object, resource, pausePrefix, pausedWhen);
    if (paused !== undefined) return { owner, steps: [], message: `it is paused: ${paused}` };
    const missing = await missingReferences(context, definition.references ?? []);
    if (missing.length > 0) return { owner, steps: [], message: `waits for ${missing.join(", ")}` };
    const inputs = await definition.inputs?.(context);
    const wanted = wantedChildren(making, definition.desired(object, inputs));
    const handled = new Map<string, Handled>();
    const steps: PlanStep[] = [];
    for (let wave = nextWave(wanted, new Set()); wave.length > 0; wave = nextWave(wanted, new Set(handled.keys()))) {
      for (const child of wave) {
        const planned = await planChild(context, making, child, handled, pausePrefix);
        handled.set(child.id, planned.handled);
        if (planned.step) steps.push(planned.step);
      }
    }
    const keep = new Set([...handled.values()].filter(({ type }) => type !== "left out").map(({ child }) => child.id));
    const made = await madeFor(context, making, { labelled: true });
    const deletions = unwanted(object, made, { keep, dependencies: new Map(), pausePrefix });
    return { owner, steps: [...steps, ...kept(made, keep, deletions), ...deletions.map(deletion)] };
  };
}

interface Planned {
  readonly handled: Handled;
  /** Undefined where nothing is there and nothing would be done. */
  readonly step?: PlanStep;
}

async function planChild<T extends KubeObject>(
  context: ReconcileContext<T>,
  making: Making<T>,
  child: WantedChild,
  before: ReadonlyMap<string, Handled>,
  pausePrefix: string,
): Promise<Planned> {
  const live = await find(context, child);
  const gate = gateOf(child, before);
  const seen = live ? { live } : {};
  if (gate.type === "left out") {
    return { handled: { child, type: gate.type, readiness: { ready: false, message: gate.message } } };
  }
  const readiness = live ? childReadiness(child, live) : { ready: false as const, message: "does not exist yet" };
  const type = gate.type === "open" ? "in place" : "waiting";
  const handled: Handled = { child, type, readiness, ...seen };
  const { resource, key, id } = child;
  const step = { resource, key, id, changes: [], ...(gate.type === "waiting" ? { message: gate.message } : {}) };
  const paused = childPausedBy(context.object, resource, live?.metadata.annotations, pausePrefix);
  if (paused !== undefined) return { handled, step: { ...step, action: "leave", message: `paused: ${paused}` } };
  if (live?.metadata.deletionTimestamp !== undefined)
    return { handled, step: { ...step, action: "leave", message: "is being deleted; made anew when it is gone" } };
  try {
    if (live) refuseForeign(child, ownershipOf(making, context.cache, live));
    if (live && isConverged(child, live, new NormalizedChildren()))
      return { handled, step: { ...step, action: "keep" } };
    return { handled, step: { ...step, ...(await dryRun(context, child, live)) } };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { handled, step: { ...step, action: "refuse", reason: reasonOf(error), message } };
  }
}

/** What the server would make of it. */
async function dryRun<T extends KubeObject>(
  { client }: ReconcileContext<T>,
  child: WantedChild,
  live: Stored | undefined,
): Promise<Pick<PlanStep, "action" | "changes" | "message">> {
  const { resource, configuration, options } = child;
  const isSecret = resource.kind === "Secret" && resource.group === "";
  const changesTo = (object: unknown) => {
    const [old, now] = [withoutBookkeeping(live), withoutBookkeeping(object)];
    return diff(...(isSecret ? masked(old, now) : ([old, now] as const)));
  };
  try {
    const applied = await client.apply(resource, configuration, { force: options.force, dryRun: true });
    const changes = changesTo(applied);
    if (!live) return { action: "create", changes };
    return { action: changes.length > 0 ? "patch" : "keep", changes };
  } catch (error) {
    // Its namespace is still to come, possibly among the children.
    if (!live && isNotFound(error)) return { action: "create", changes: changesTo(configuration) };
    if (!live || !isImmutableChange(error)) throw conflictOf(child, error);
    const made = live.metadata.annotations?.[APPLIED_HASH] === child.hash;
    if (options.immutable !== "recreate" || made) throw immutableField(child, error);
    const message = "a field that cannot be changed differs: deleted, and made anew when it is gone";
    const { status: _, ...before } = live as Stored & { status?: unknown };
    const [old, now] = [withoutBookkeeping(before), withoutBookkeeping(configuration)];
    // Only what is wanted: what the server will fill in is not known.
    return {
      action: "recreate",
      changes: diff(...(isSecret ? masked(old, now) : ([old, now] as const))).filter(({ op }) => op !== "remove"),
      message,
    };
  }
}

async function find<T extends KubeObject>(
  { client }: ReconcileContext<T>,
  { resource, key }: WantedChild,
): Promise<Stored | undefined> {
  return client.find(resource, key, { from: "live" });
}

function deletion({ resource, key, id, deleting }: MadeChild): PlanStep {
  const step = { resource, key, id, changes: [] };
  return deleting ? { ...step, action: "leave", message: "is being deleted" } : { ...step, action: "delete" };
}

/** Made once, not wanted any more, and yet not deleted. */
function kept(made: readonly MadeChild[], keep: ReadonlySet<string>, deletions: readonly MadeChild[]): PlanStep[] {
  return made
    .filter((child) => !keep.has(child.id) && !deletions.includes(child))
    .map(({ resource, key, id, annotations }) => {
      const message = isPruneProtected(annotations)
        ? "not wanted, but protected from pruning"
        : "not wanted, but paused";
      return { resource, key, id, changes: [], action: "leave" as const, message };
    });
}
