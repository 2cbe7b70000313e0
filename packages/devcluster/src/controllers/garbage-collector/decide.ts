import type { OwnerReference } from "@homeostat/api";

/** Finalizers by which the server marks how an object's dependents are to be treated. Source: GC design proposal. */
export const orphanFinalizer = "orphan";
export const foregroundFinalizer = "foregroundDeletion";

/**
 * What became of one owner of an object:
 *
 * - `solid`: it is there, and stays or goes without waiting for its dependents;
 * - `waiting`: it is being deleted in the foreground, so it waits for its dependents;
 * - `dangling`: it is not there: nothing of that name, another uid, or it lives in another namespace.
 */
export interface JudgedOwner {
  readonly reference: OwnerReference;
  readonly state: "solid" | "waiting" | "dangling";
}

export interface GarbageCandidate {
  readonly finalizers: readonly string[];
  readonly owners: readonly JudgedOwner[];
  readonly hasDependents: boolean;
  /** Some dependent is being deleted in the foreground itself: without help the two would wait for each other. */
  readonly dependentIsWaiting: boolean;
}

export type PropagationPolicy = "Foreground" | "Background" | "Orphan";

export type GarbageDecision =
  | { readonly type: "keep" }
  /** The object stays; references to these uids mean nothing any more. */
  | { readonly type: "dropReferences"; readonly uids: readonly string[] }
  /** The object goes; with `unblock` no owner waits for it any longer, which ends circles. */
  | { readonly type: "delete"; readonly propagationPolicy: PropagationPolicy; readonly unblock: boolean };

/** What to do with an object that has owners. Pure. Source: garbage collector, `attemptToDeleteItem`. */
export function decideGarbage({
  finalizers,
  owners,
  hasDependents,
  dependentIsWaiting,
}: GarbageCandidate): GarbageDecision {
  if (owners.length === 0) return { type: "keep" };
  const uidsOf = (...states: readonly JudgedOwner["state"][]): string[] =>
    owners.filter(({ state }) => states.includes(state)).map(({ reference }) => reference.uid);
  if (owners.some(({ state }) => state === "solid")) {
    const uids = uidsOf("dangling", "waiting");
    return uids.length === 0 ? { type: "keep" } : { type: "dropReferences", uids };
  }
  if (hasDependents && owners.some(({ state }) => state === "waiting")) {
    return { type: "delete", propagationPolicy: "Foreground", unblock: dependentIsWaiting };
  }
  return { type: "delete", propagationPolicy: policyOf(finalizers), unblock: false };
}

/** An object that was marked before keeps its mark. */
function policyOf(finalizers: readonly string[]): PropagationPolicy {
  if (finalizers.includes(orphanFinalizer)) return "Orphan";
  return finalizers.includes(foregroundFinalizer) ? "Foreground" : "Background";
}
