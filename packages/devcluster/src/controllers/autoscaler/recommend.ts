import type { HorizontalPodAutoscaler, HPAScalingRules } from "@homeostat/api";

/** What was recommended, or done, at a time in milliseconds. */
export interface Recommendation {
  readonly at: number;
  readonly replicas: number;
}

/** What is remembered of an autoscaler between rounds. */
export interface History {
  readonly recommendations: readonly Recommendation[];
  /** Changes of size: positive where it grew. */
  readonly changes: readonly Recommendation[];
}

export const noHistory: History = { recommendations: [], changes: [] };

export interface Decision {
  readonly replicas: number;
  readonly ableToScale: { readonly reason: string; readonly message: string };
  readonly limited: { readonly status: "True" | "False"; readonly reason: string; readonly message: string };
  /** When an older recommendation stops to count, in milliseconds; undefined where none does. */
  readonly reviewAt?: number;
}

/** Use within this part of the target changes nothing. Source: `--horizontal-pod-autoscaler-tolerance`. */
const tolerance = 0.1;
const downWindowMs = 300_000;

/** Replicas for a ratio of use to target. Pure. */
export function replicasFor(current: number, ratio: number): number {
  return Math.abs(ratio - 1) <= tolerance ? current : Math.ceil(current * ratio);
}

/**
 * From what the metrics ask for to what is done: steadied over a window of time, no faster than the policies let it,
 * and within the bounds. Pure. Source: podautoscaler `stabilizeRecommendationWithBehaviors` and
 * `convertDesiredReplicasWithBehaviorRate`.
 */
export function decide(
  { spec }: HorizontalPodAutoscaler,
  current: number,
  wanted: number,
  history: History,
  now: number,
): Decision {
  const { minReplicas = 1, maxReplicas, behavior = {} } = spec;
  const windows = {
    up: (behavior.scaleUp?.stabilizationWindowSeconds ?? 0) * 1000,
    down:
      behavior.scaleDown?.stabilizationWindowSeconds === undefined
        ? downWindowMs
        : behavior.scaleDown.stabilizationWindowSeconds * 1000,
  };
  const within = (ms: number) => history.recommendations.filter(({ at }) => at > now - ms);
  const lowest = Math.min(wanted, ...within(windows.up).map(({ replicas }) => replicas));
  const highest = Math.max(wanted, ...within(windows.down).map(({ replicas }) => replicas));
  const steady = Math.min(Math.max(current, lowest), highest);
  const ableToScale =
    steady === wanted
      ? { reason: "ReadyForNewScale", message: "recommended size matches current size" }
      : steady > wanted
        ? {
            reason: "ScaleDownStabilized",
            message: "recent recommendations were higher than current one, applying the highest recent recommendation",
          }
        : {
            reason: "ScaleUpStabilized",
            message: "recent recommendations were lower than current one, applying the lowest recent recommendation",
          };
  const bounded = bound(current, steady, { minReplicas, maxReplicas, behavior, history, now });
  const holding = within(windows.down).filter(({ replicas }) => replicas > wanted);
  const reviewAt = holding.length > 0 ? Math.max(...holding.map(({ at }) => at)) + windows.down : undefined;
  return { ...bounded, ableToScale, ...(reviewAt === undefined ? {} : { reviewAt }) };
}

interface Bounds {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly behavior: NonNullable<HorizontalPodAutoscaler["spec"]["behavior"]>;
  readonly history: History;
  readonly now: number;
}

function bound(current: number, wanted: number, bounds: Bounds): Pick<Decision, "replicas" | "limited"> {
  const { minReplicas, maxReplicas, behavior } = bounds;
  if (wanted > current) {
    const rate = limitOf(current, behavior.scaleUp, upPolicies, 1, bounds);
    if (wanted > maxReplicas && rate >= maxReplicas) return { replicas: maxReplicas, limited: tooMany };
    if (wanted > rate) return { replicas: Math.max(current, rate), limited: limitedRate("ScaleUpLimit", "increasing") };
  } else if (wanted < current) {
    const rate = limitOf(current, behavior.scaleDown, downPolicies, -1, bounds);
    if (wanted < minReplicas && rate <= minReplicas) return { replicas: minReplicas, limited: tooFew };
    if (wanted < rate)
      return { replicas: Math.min(current, rate), limited: limitedRate("ScaleDownLimit", "decreasing") };
  }
  if (wanted > maxReplicas) return { replicas: maxReplicas, limited: tooMany };
  if (wanted < minReplicas) return { replicas: minReplicas, limited: tooFew };
  const message = "the desired count is within the acceptable range";
  return { replicas: wanted, limited: { status: "False", reason: "DesiredWithinRange", message } };
}

const tooMany = {
  status: "True",
  reason: "TooManyReplicas",
  message: "the desired replica count is more than the maximum replica count",
} as const;
const tooFew = {
  status: "True",
  reason: "TooFewReplicas",
  message: "the desired replica count is less than the minimum replica count",
} as const;
const limitedRate = (reason: string, verb: string): Decision["limited"] => ({
  status: "True",
  reason,
  message: `the desired replica count is ${verb} faster than the maximum scale rate`,
});

type Policies = NonNullable<HPAScalingRules["policies"]>;
const upPolicies: Policies = [
  { type: "Pods", value: 4, periodSeconds: 15 },
  { type: "Percent", value: 100, periodSeconds: 15 },
];
const downPolicies: Policies = [{ type: "Percent", value: 100, periodSeconds: 15 }];

/** How far the policies of a direction let the size go now. */
function limitOf(
  current: number,
  rules: HPAScalingRules | undefined,
  defaults: Policies,
  direction: 1 | -1,
  { history, now }: Bounds,
): number {
  if (rules?.selectPolicy === "Disabled") return current;
  const limits = (rules?.policies ?? defaults).map(({ type, value, periodSeconds }) => {
    const recent = history.changes.filter(
      ({ at, replicas }) => at > now - periodSeconds * 1000 && replicas * direction > 0,
    );
    const start = current - recent.reduce((total, { replicas }) => total + replicas, 0);
    const step = type === "Pods" ? value : (start * value) / 100;
    return direction > 0 ? Math.ceil(start + step) : Math.floor(start - step);
  });
  const most = (rules?.selectPolicy ?? "Max") === "Max";
  return most === direction > 0 ? Math.max(...limits) : Math.min(...limits);
}
