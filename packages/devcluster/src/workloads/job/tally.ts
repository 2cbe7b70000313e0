import { isBeingDeleted, type Job, type JobStatus, type Pod, type Stored } from "@homeostat/api";
import { isActive, isReady, isTerminated } from "../pods.ts";
import { judgeFailure } from "./failure-policy.ts";
import { parseIndexes } from "./indexes.ts";
import { hasFailed, hasSucceeded, indexOf, isIndexed, isTracked } from "./job-pods.ts";

/** What the pods of a Job amount to, those counted before included. */
export interface Tally {
  readonly succeeded: number;
  readonly failed: number;
  readonly completedIndexes: ReadonlySet<number>;
  readonly failedIndexes: ReadonlySet<number>;
  readonly activePods: readonly Stored<Pod>[];
  readonly ready: number;
  readonly terminating: number;
  /** Pods that ended and were not noted before: they go to `uncountedTerminatedPods` first. */
  readonly newlySucceeded: readonly Stored<Pod>[];
  readonly newlyFailed: readonly Stored<Pod>[];
}

/**
 * Counts pods. A pod is counted once: it carries the tracking finalizer until its uid stands in the status as
 * uncounted, and the count moves when the finalizer is off. Source: KEP-2307.
 */
export function tallyJob(job: Job, pods: readonly Stored<Pod>[]): Tally {
  const status: JobStatus = job.status ?? {};
  const noted = new Set([
    ...(status.uncountedTerminatedPods?.succeeded ?? []),
    ...(status.uncountedTerminatedPods?.failed ?? []),
  ]);
  const fresh = pods.filter((pod) => isTracked(pod) && !noted.has(pod.metadata.uid));
  const newlySucceeded = fresh.filter(hasSucceeded);
  const newlyFailed = fresh.filter((pod) => hasFailed(job, pod));
  const counting = newlyFailed.filter((pod) => judgeFailure(job, pod).action !== "Ignore");
  const activePods = pods.filter((pod) => isActive(pod) && !hasFailed(job, pod));
  const common = {
    activePods,
    ready: activePods.filter(isReady).length,
    terminating: pods.filter((pod) => isBeingDeleted(pod) && !isTerminated(pod)).length,
    newlySucceeded,
    newlyFailed,
    failed: (status.failed ?? 0) + (status.uncountedTerminatedPods?.failed?.length ?? 0) + counting.length,
  };
  if (!isIndexed(job)) {
    const before = (status.succeeded ?? 0) + (status.uncountedTerminatedPods?.succeeded?.length ?? 0);
    const succeeded = before + newlySucceeded.length;
    return { ...common, succeeded, completedIndexes: new Set(), failedIndexes: new Set() };
  }
  const completions = job.spec?.completions ?? 0;
  const completed = parseIndexes(status.completedIndexes, completions);
  for (const pod of pods.filter(hasSucceeded)) {
    const index = indexOf(pod);
    if (index !== undefined && index < completions) completed.add(index);
  }
  const failedIndexes = indexesThatFailed(job, pods, completed);
  return { ...common, succeeded: completed.size, completedIndexes: completed, failedIndexes };
}

/** Indexes that used up their own tries, or were failed by the policy. Source: KEP-3850. */
function indexesThatFailed(
  job: Job,
  pods: readonly Stored<Pod>[],
  completed: ReadonlySet<number>,
): ReadonlySet<number> {
  const limit = job.spec?.backoffLimitPerIndex;
  if (limit === undefined) return new Set();
  const failed = parseIndexes(job.status?.failedIndexes, job.spec?.completions ?? 0);
  const tries = new Map<number, number>();
  for (const pod of pods.filter((each) => hasFailed(job, each))) {
    const index = indexOf(pod);
    if (index === undefined || completed.has(index)) continue;
    const { action } = judgeFailure(job, pod);
    if (action === "FailIndex") failed.add(index);
    if (action === "Ignore") continue;
    tries.set(index, (tries.get(index) ?? 0) + 1);
    if (tries.get(index)! > limit) failed.add(index);
  }
  return failed;
}
