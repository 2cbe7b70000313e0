import { type Pod, type PodDisruptionBudget, type Stored, scaledValue } from "@homeostat/api";
import { isPodReady } from "./pod-state.ts";

/** How long an eviction is believed to be under way, in milliseconds. Source: disruption controller, `DeletionTimeout`. */
export const evictionMs = 120_000;

export interface DisruptionInput {
  readonly budget: Stored<PodDisruptionBudget>;
  readonly pods: readonly Stored<Pod>[];
  /** Sum of the replicas wanted by the controllers of the pods; what is not needed may be left undefined. */
  readonly scale: number | undefined;
  readonly now: number;
}

export interface DisruptionNumbers {
  readonly expectedPods: number;
  readonly desiredHealthy: number;
  readonly currentHealthy: number;
  readonly disruptionsAllowed: number;
  readonly disruptedPods: Readonly<Record<string, string>>;
}

/** Whether a budget counts what controllers want, rather than the pods there are. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === "string";
}

/** The numbers of a budget's status. Pure. Source: disruption controller, `trySync`; percentages round up. */
export function disruptionNumbers({ budget, pods, scale, now }: DisruptionInput): DisruptionNumbers {
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  const expectedPods = needsScale(budget) ? (scale ?? 0) : pods.length;
  const desiredHealthy =
    maxUnavailable !== undefined
      ? Math.max(0, expectedPods - scaledValue(maxUnavailable, expectedPods, true))
      : scaledValue(minAvailable ?? 0, expectedPods, true);
  const disruptedPods = stillDisrupted(budget, pods, now);
  const currentHealthy = pods.filter(
    (pod) =>
      isPodReady(pod) && pod.metadata.deletionTimestamp === undefined && disruptedPods[pod.metadata.name] === undefined,
  ).length;
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  return { expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed, disruptedPods };
}

/** Evictions that were allowed and have not shown yet: the pod is there and not going, and not much time has passed. */
function stillDisrupted(
  budget: PodDisruptionBudget,
  pods: readonly Stored<Pod>[],
  now: number,
): Record<string, string> {
  const waiting = new Set(
    pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.name),
  );
  const kept: Record<string, string> = {};
  for (const [name, time] of Object.entries(budget.status?.disruptedPods ?? {})) {
    if (time && waiting.has(name) && now < Date.parse(time) + evictionMs) kept[name] = time;
  }
  return kept;
}
