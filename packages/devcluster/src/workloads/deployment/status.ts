import { type Deployment, type DeploymentStatus, findCondition, type ReplicaSet } from "@homeostat/api";
import { type Change, type Conditions, refreshed, withCondition, without } from "./conditions.ts";
import { allOf, availableOf, type ReplicaSets, replicasOf, sum } from "./replica-sets.ts";
import { maxUnavailable, wantedReplicas } from "./sizing.ts";

/** "No deadline", as clients write it: the largest number the field holds. */
const noDeadline = 2_147_483_647;

/** Counts and the condition Available, which follow from the ReplicaSets alone. */
export function countedStatus(deployment: Deployment, sets: ReplicaSets, now: number): DeploymentStatus {
  const all = allOf(sets);
  const available = sum(all, availableOf);
  const enough = available >= wantedReplicas(deployment) - maxUnavailable(deployment);
  const old = deployment.status;
  const conditions = withCondition(
    old?.conditions ?? [],
    enough
      ? availability("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
      : availability("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."),
    now,
  );
  return {
    observedGeneration: deployment.metadata?.generation ?? 0,
    replicas: sum(all, (set) => set.status?.replicas ?? 0),
    updatedReplicas: sets.newest?.status?.replicas ?? 0,
    readyReplicas: sum(all, (set) => set.status?.readyReplicas ?? 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(all, replicasOf) - available),
    terminatingReplicas: sum(all, (set) => set.status?.terminatingReplicas ?? 0),
    ...(old?.collisionCount === undefined ? {} : { collisionCount: old.collisionCount }),
    conditions,
  };
}

const availability = (status: "True" | "False", reason: string, message: string): Change => ({
  type: "Available",
  status,
  reason,
  message,
});

/** The whole status during a rollout: counts, how it goes forward, and what its ReplicaSets fail at. */
export function rolloutStatus(deployment: Deployment, sets: ReplicaSets, now: number): DeploymentStatus {
  const counted = countedStatus(deployment, sets, now);
  const conditions = failureCondition(progressConditions(deployment, sets, counted, now), sets);
  return { ...counted, conditions };
}

/** Whether the newest ReplicaSet has taken over wholly. */
export function isComplete(deployment: Deployment, status: DeploymentStatus | undefined): boolean {
  const wanted = wantedReplicas(deployment);
  return (
    (status?.updatedReplicas ?? 0) === wanted &&
    (status?.replicas ?? 0) === wanted &&
    (status?.availableReplicas ?? 0) === wanted &&
    (status?.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0)
  );
}

export function hasDeadline(deployment: Deployment): boolean {
  const seconds = deployment.spec?.progressDeadlineSeconds;
  return seconds !== undefined && seconds !== noDeadline;
}

/** Milliseconds until the rollout is given up if nothing moves; undefined where nothing waits for that. */
export function untilDeadlineMs(deployment: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const progressing = findCondition(status.conditions, "Progressing");
  if (!hasDeadline(deployment) || !progressing || isComplete(deployment, status)) return undefined;
  if (progressing.reason === "ProgressDeadlineExceeded") return undefined;
  return Math.max(0, deadline(deployment, progressing.lastUpdateTime) - now) + 1000;
}

const deadline = (deployment: Deployment, since: string | null | undefined): number =>
  Date.parse(since ?? "") + deployment.spec!.progressDeadlineSeconds! * 1000;

function progressConditions(
  deployment: Deployment,
  sets: ReplicaSets,
  status: DeploymentStatus,
  now: number,
): Conditions {
  const conditions = status.conditions ?? [];
  if (!hasDeadline(deployment)) return without(conditions, "Progressing");
  const current = findCondition(conditions, "Progressing");
  // A complete rollout stays so, whatever its pods do later.
  if (status.replicas === status.updatedReplicas && current?.reason === "NewReplicaSetAvailable") return conditions;
  const what = sets.newest
    ? `ReplicaSet "${sets.newest.metadata.name}"`
    : `Deployment "${deployment.metadata?.name ?? ""}"`;
  const say = (value: "True" | "False", reason: string, message: string): Change => ({
    type: "Progressing",
    status: value,
    reason,
    message: `${what} ${message}`,
  });
  if (isComplete(deployment, status)) {
    return withCondition(conditions, say("True", "NewReplicaSetAvailable", "has successfully progressed."), now);
  }
  if (isProgressing(deployment.status, status)) {
    return refreshed(conditions, say("True", "ReplicaSetUpdated", "is progressing."), now);
  }
  if (isTimedOut(deployment, current, now)) {
    return withCondition(conditions, say("False", "ProgressDeadlineExceeded", "has timed out progressing."), now);
  }
  return conditions;
}

/** Whether anything moved since the last status: more that is new, ready or available, or less that is old. */
function isProgressing(old: DeploymentStatus | undefined, now: DeploymentStatus): boolean {
  const outdated = (status: DeploymentStatus): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (now.updatedReplicas ?? 0) > (old?.updatedReplicas ?? 0) ||
    outdated(now) < outdated(old ?? {}) ||
    (now.readyReplicas ?? 0) > (old?.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (old?.availableReplicas ?? 0)
  );
}

function isTimedOut(deployment: Deployment, current: Conditions[number] | undefined, now: number): boolean {
  // A rollout that was complete is not timed by when it became so.
  if (!current || current.reason === "NewReplicaSetAvailable") return false;
  if (current.reason === "ProgressDeadlineExceeded") return true;
  return deadline(deployment, current.lastUpdateTime) < now;
}

/** ReplicaSets know why pods cannot be made; the newest one's word counts first. */
function failureCondition(conditions: Conditions, { newest, old }: ReplicaSets): Conditions {
  const failureOf = (set: ReplicaSet | undefined) => findCondition(set?.status?.conditions, "ReplicaFailure");
  const found = failureOf(newest) ?? old.map(failureOf).find((failure) => failure !== undefined);
  const others = without(conditions, "ReplicaFailure");
  if (!found) return others;
  const current = findCondition(conditions, "ReplicaFailure");
  if (current?.status === found.status && current.reason === found.reason) return conditions;
  return [...others, { ...found, lastUpdateTime: found.lastTransitionTime ?? null }];
}
