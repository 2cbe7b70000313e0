import {
  findCondition,
  formatTime,
  isBeingDeleted,
  labelMatcher,
  type Pod,
  type ReplicaSetCondition,
  type ReplicaSetStatus,
} from "@homeostat/api";
import { isActive, isAvailable, isReady, isTerminated } from "../pods.ts";

export interface ReplicaView {
  readonly generation: number;
  readonly minReadySeconds: number;
  /** Labels of the template. */
  readonly templateLabels: Readonly<Record<string, string>>;
  /** All pods that belong to the set, whatever their state. */
  readonly pods: readonly Pod[];
  /** Why pods could not be made or deleted. */
  readonly failure?: { readonly reason: "FailedCreate" | "FailedDelete"; readonly message: string };
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The status that follows from the pods. Source: kube-controller-manager, replicaset `calculateStatus`. */
export function replicaStatus(old: ReplicaSetStatus | undefined, view: ReplicaView): ReplicaSetStatus {
  const active = view.pods.filter(isActive);
  const { matches } = labelMatcher({ matchLabels: view.templateLabels });
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => matches(pod.metadata?.labels)).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: active.filter((pod) => isAvailable(pod, view.minReadySeconds, view.now)).length,
    terminatingReplicas: view.pods.filter((pod) => isBeingDeleted(pod) && !isTerminated(pod)).length,
    observedGeneration: view.generation,
    conditions: failureCondition(old?.conditions ?? [], view),
  };
}

function failureCondition(conditions: readonly ReplicaSetCondition[], view: ReplicaView): ReplicaSetCondition[] {
  const others = conditions.filter(({ type }) => type !== "ReplicaFailure");
  if (!view.failure) return others;
  const existing = findCondition(conditions, "ReplicaFailure");
  // The first failure of its kind stays: a message that changes with every try would be a write with every try.
  if (existing?.status === "True" && existing.reason === view.failure.reason) return [...conditions];
  const lastTransitionTime = existing?.status === "True" ? existing.lastTransitionTime : formatTime(view.now);
  return [...others, { type: "ReplicaFailure", status: "True", lastTransitionTime, ...view.failure }];
}
