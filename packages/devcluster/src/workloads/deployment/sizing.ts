import { type Deployment, type ReplicaSet, type Stored, scaledValue } from "@homeostat/api";
import { desiredReplicasOf, maxReplicasOf } from "./annotations.ts";
import { allOf, availableOf, byAge, type ReplicaSets, replicasOf, sum } from "./replica-sets.ts";

/**
 * How large each ReplicaSet of a Deployment should be: pure, one step at a time. Source: kube-controller-manager,
 * `rolling.go`, `sync.go` and `deployment_util.go`.
 */
export interface Resize {
  readonly set: Stored<ReplicaSet>;
  readonly replicas: number;
}

export const wantedReplicas = (deployment: Deployment): number => deployment.spec?.replicas ?? 1;
export const isRollingUpdate = (deployment: Deployment): boolean => deployment.spec?.strategy?.type !== "Recreate";

/** Pods beyond the wanted number that a rolling update may run. Rounds up. */
export function maxSurge(deployment: Deployment): number {
  if (!isRollingUpdate(deployment)) return 0;
  return scaledValue(deployment.spec?.strategy?.rollingUpdate?.maxSurge ?? 0, wantedReplicas(deployment), true);
}

/** Pods of the wanted number that may be missing. Rounds down, and is 1 where nothing at all could move otherwise. */
export function maxUnavailable(deployment: Deployment): number {
  const wanted = wantedReplicas(deployment);
  if (!isRollingUpdate(deployment) || wanted === 0) return 0;
  const value = scaledValue(deployment.spec?.strategy?.rollingUpdate?.maxUnavailable ?? 0, wanted, false);
  return Math.min(wanted, value === 0 && maxSurge(deployment) === 0 ? 1 : value);
}

export const maxReplicas = (deployment: Deployment): number => {
  const wanted = wantedReplicas(deployment);
  return wanted === 0 ? 0 : wanted + maxSurge(deployment);
};

/** Size of the newest ReplicaSet beside the others, as far as the surge allows. `current`: its size now, 0 if new. */
export function newestSize(deployment: Deployment, current: number, total: number): number {
  const wanted = wantedReplicas(deployment);
  if (!isRollingUpdate(deployment)) return wanted;
  if (current > wanted) return wanted;
  const room = wanted + maxSurge(deployment) - total;
  return room <= 0 ? current : current + Math.min(room, wanted - current);
}

/** The next shrinking of old ReplicaSets in a rolling update: pods that are not available first, then healthy ones. */
export function shrinkOld(deployment: Deployment, sets: ReplicaSets): readonly Resize[] {
  const { newest } = sets;
  const old = sets.old.filter((set) => replicasOf(set) > 0).sort(byAge);
  if (old.length === 0) return [];
  const all = allOf(sets);
  const minAvailable = wantedReplicas(deployment) - maxUnavailable(deployment);
  const newestMissing = newest ? replicasOf(newest) - availableOf(newest) : 0;
  // Pods of the newest set that are not available do not count as a replacement for old ones.
  const removable = sum(all, replicasOf) - minAvailable - newestMissing;
  if (removable <= 0) return [];

  const sizes = new Map(old.map((set) => [set, replicasOf(set)]));
  const take = (budget: number, most: (set: Stored<ReplicaSet>) => number): void => {
    let left = budget;
    for (const set of old) {
      const part = Math.max(0, Math.min(left, most(set), sizes.get(set)!));
      sizes.set(set, sizes.get(set)! - part);
      left -= part;
    }
  };
  take(removable, (set) => replicasOf(set) - availableOf(set));
  take(sum(all, availableOf) - minAvailable, (set) => sizes.get(set)!);
  return changes(sizes);
}

/** Everything old to nothing: what Recreate does first. */
export function emptyOld(sets: ReplicaSets): readonly Resize[] {
  return sets.old.filter((set) => replicasOf(set) > 0).map((set) => ({ set, replicas: 0 }));
}

/** Whether the Deployment was given another size since it last sized its ReplicaSets. */
export function isScalingEvent(deployment: Deployment, sets: ReplicaSets): boolean {
  return allOf(sets).some((set) => {
    const noted = desiredReplicasOf(set);
    return replicasOf(set) > 0 && noted !== undefined && noted !== wantedReplicas(deployment);
  });
}

/**
 * Sizes after a change of `spec.replicas`, or while paused: one active ReplicaSet takes all; several share the
 * difference by their size, so that a rollout which is under way keeps its balance.
 */
export function proportionalSizes(deployment: Deployment, sets: ReplicaSets): readonly Resize[] {
  const wanted = wantedReplicas(deployment);
  const active = allOf(sets).filter((set) => replicasOf(set) > 0);
  if (active.length <= 1) {
    const only = active[0] ?? sets.newest ?? [...sets.old].sort(byAge).at(-1);
    return only && replicasOf(only) !== wanted ? [{ set: only, replicas: wanted }] : [];
  }
  if (isSaturated(deployment, sets.newest)) return emptyOld(sets);
  if (!isRollingUpdate(deployment)) return [];
  return spread(deployment, active);
}

function isSaturated(deployment: Deployment, newest: ReplicaSet | undefined): boolean {
  const wanted = wantedReplicas(deployment);
  return (
    newest !== undefined &&
    desiredReplicasOf(newest) === wanted &&
    replicasOf(newest) === wanted &&
    availableOf(newest) === wanted
  );
}

function spread(deployment: Deployment, active: readonly Stored<ReplicaSet>[]): readonly Resize[] {
  const toAdd = maxReplicas(deployment) - sum(active, replicasOf);
  if (toAdd === 0) return [];
  // Largest first; of equal ones the newer grows first and the older shrinks first.
  const ordered = [...active].sort((a, b) => replicasOf(b) - replicasOf(a) || (toAdd > 0 ? byAge(b, a) : byAge(a, b)));
  const sizes = new Map<Stored<ReplicaSet>, number>();
  let added = 0;
  for (const set of ordered) {
    const share = shareOf(deployment, set);
    const left = toAdd - added;
    const part = toAdd > 0 ? Math.max(0, Math.min(share, left)) : Math.min(0, Math.max(share, left));
    sizes.set(set, replicasOf(set) + part);
    added += part;
  }
  // What rounding leaves goes to the largest.
  const first = ordered[0]!;
  sizes.set(first, Math.max(0, sizes.get(first)! + toAdd - added));
  return changes(sizes);
}

/** By how much a ReplicaSet would change if it kept its part of the whole. */
function shareOf(deployment: Deployment, set: ReplicaSet): number {
  const size = replicasOf(set);
  if (wantedReplicas(deployment) === 0) return -size;
  const before = maxReplicasOf(set) ?? deployment.status?.replicas ?? size;
  if (before <= 0) return 0;
  return Math.round((size * (wantedReplicas(deployment) + maxSurge(deployment))) / before) - size;
}

function changes(sizes: ReadonlyMap<Stored<ReplicaSet>, number>): readonly Resize[] {
  return [...sizes].filter(([set, size]) => size !== replicasOf(set)).map(([set, replicas]) => ({ set, replicas }));
}
