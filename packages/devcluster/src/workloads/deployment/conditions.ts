import { type DeploymentCondition, findCondition, formatTime } from "@homeostat/api";

export type Conditions = readonly DeploymentCondition[];

export interface Change {
  readonly type: "Progressing" | "Available" | "ReplicaFailure";
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/**
 * Sets a condition. One with the same status and reason stays as it is, message and times included;
 * `lastTransitionTime` moves with the status, `lastUpdateTime` with any change.
 *
 * @param now milliseconds since the epoch
 */
export function withCondition(conditions: Conditions, change: Change, now: number): Conditions {
  const current = findCondition(conditions, change.type);
  if (current?.status === change.status && current.reason === change.reason) return conditions;
  return refreshed(conditions, change, now);
}

/** Sets a condition even where status and reason are the same, so that `lastUpdateTime` says when it last held. */
export function refreshed(conditions: Conditions, { type, status, reason, message }: Change, now: number): Conditions {
  const current = findCondition(conditions, type);
  const time = formatTime(now);
  const lastTransitionTime = current?.status === status ? (current.lastTransitionTime ?? time) : time;
  const next = { type, status, lastUpdateTime: time, lastTransitionTime, reason, message };
  return [...without(conditions, type), next];
}

export function without(conditions: Conditions, type: Change["type"]): Conditions {
  return conditions.filter((condition) => condition.type !== type);
}
