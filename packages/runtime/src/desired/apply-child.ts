import { isConflict, isNotFound, type KubeObject, type Stored } from "@homeostat/api";
import type { ReconcileContext } from "../controller/reconciler.ts";
import { changedPaths } from "../ledger/changed-paths.ts";
import { adopt } from "./adoption.ts";
import { APPLIED_FOR, APPLIED_HASH, childPausedBy } from "./annotations.ts";
import type { Making, WantedChild } from "./children.ts";
import { contains } from "./converged.ts";
import { FieldConflictError, ImmutableFieldError } from "./errors.ts";
import { isImmutableChange, refusedFields } from "./immutable.ts";
import type { NormalizedChildren } from "./normalized.ts";
import { takeOverFields } from "./take-over.ts";
import type { Tidings } from "./tidings.ts";

/** What became of one child in this reconcile. */
export type Applied =
  /** It is there; `paused` says by what it was left alone. */
  | { readonly type: "present"; readonly live: Stored; readonly paused?: string }
  /** It is not there yet, or not any more. */
  | { readonly type: "absent"; readonly message: string };

export interface ApplyOptions {
  readonly pausePrefix: string;
  readonly normalized: NormalizedChildren;
  /** By which this controller writes. */
  readonly fieldManager: string;
  /** Told what is done. */
  readonly tidings: Tidings;
}

/**
 * Brings one child to what it should be, with no request where it is so already. One that is being deleted is made
 * anew when it is gone; one that is paused is left alone.
 *
 * @throws AdoptionError, FieldConflictError, ImmutableFieldError, and what the server says
 */
export async function applyChild<T extends KubeObject>(
  context: ReconcileContext<T>,
  making: Making<T>,
  child: WantedChild,
  { pausePrefix, normalized, fieldManager, tidings }: ApplyOptions,
): Promise<Applied> {
  const { client, cache } = context;
  const { resource, key, configuration, hash } = child;
  const live = await client.find(resource, key);
  const paused = childPausedBy(context.object, resource, live?.metadata.annotations, pausePrefix);
  if (paused !== undefined) {
    return live ? { type: "present", live, paused } : { type: "absent", message: `is not made: ${paused}` };
  }
  if (live?.metadata.deletionTimestamp !== undefined) return { type: "present", live };
  if (live) {
    await adopt(making, cache, client, child, live);
    if (isConverged(child, live, normalized)) return { type: "present", live };
    const former = making.definition.formerFieldManagers ?? [];
    if (live.metadata.annotations?.[APPLIED_FOR] === undefined)
      await takeOverFields(client, child, { former, fieldManager });
  }
  try {
    const applied = await client.apply(resource, configuration, { force: child.options.force });
    normalized.note(child, applied);
    tell(tidings, child, live, applied);
    return { type: "present", live: applied };
  } catch (error) {
    if (live && isImmutableChange(error)) {
      if (child.options.immutable === "recreate" && live.metadata.annotations?.[APPLIED_HASH] !== hash)
        return deleteToRecreate(context, child, live, refusedFields(error));
      throw immutableField(child, error);
    }
    throw conflictOf(child, error);
  }
}

/** Whether a live object needs no request. */
export function isConverged(child: WantedChild, live: Stored, normalized: NormalizedChildren): boolean {
  return (
    live.metadata.annotations?.[APPLIED_HASH] === child.hash &&
    contains(live, normalized.get(child) ?? child.configuration)
  );
}

/** Names the other field manager and its fields, where that is what stopped an apply; otherwise the error itself. */
export function conflictOf({ id, options }: WantedChild, error: unknown): unknown {
  if (options.force || !isConflict(error)) return error;
  const others = error.status.details?.causes?.map(({ field, message }) => `${field}: ${message}`).join("; ");
  return new FieldConflictError(
    `apply ${id}: ${others || error.status.message}; let the other manager give the field up, or leave it out of desired`,
    { cause: error },
  );
}

export function immutableField({ id, options }: WantedChild, error: unknown): ImmutableFieldError {
  const fields = isImmutableChange(error) ? refusedFields(error) : "";
  const way =
    options.immutable === "recreate"
      ? "it was made from this very configuration, so making it anew would not help: look for what changes it on its way"
      : `undo the change, delete ${id} so that it is made anew, or declare immutable: "recreate"`;
  return new ImmutableFieldError(`apply ${id}: ${fields} cannot be changed once set; ${way}`, error);
}

/**
 * Only the very object that was looked at, and only where its recorded configuration is another: one that the server
 * refuses although it was made from it would be made anew for ever.
 */
async function deleteToRecreate<T extends KubeObject>(
  { client, events }: ReconcileContext<T>,
  { resource, key, id }: WantedChild,
  live: Stored,
  fields: string,
): Promise<Applied> {
  try {
    const preconditions = { uid: live.metadata.uid };
    await client.delete(resource, key, { propagationPolicy: "Foreground", preconditions });
    events.normal("Recreating", `deleted ${id} to make it anew: ${fields} cannot be changed once set`);
  } catch (error) {
    // Gone, or a namesake by now: either is looked at next time.
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
  return { type: "absent", message: `is being deleted to be made anew: ${fields} cannot be changed once set` };
}

/** Events for people: what was made, changed, or put back after somebody changed it. Paths only: values may be secret. */
function tell(tidings: Tidings, { id, hash }: WantedChild, live: Stored | undefined, applied: Stored): void {
  if (live === undefined) {
    tidings.add("Created", id, `made ${id}`);
    return;
  }
  if (live.metadata.resourceVersion === applied.metadata.resourceVersion) return;
  if (live.metadata.annotations?.[APPLIED_HASH] !== hash) {
    tidings.add("Updated", id, `changed ${id} as its spec wants`);
    return;
  }
  const { managedFields: _, resourceVersion: __, generation: ___, ...metadata } = applied.metadata;
  const paths = changedPaths(live, { ...applied, metadata: { ...live.metadata, ...metadata } });
  const changes = paths.length > 0 ? `: somebody had changed ${paths.join(", ")}` : "";
  tidings.add("Repaired", id, `put ${id} back${changes}`);
}
