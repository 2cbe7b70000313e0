import type { Job, Pod } from "@homeostat/api";
import { judgeFailure } from "./failure-policy.ts";
import { parseIndexes } from "./indexes.ts";
import { isIndexed } from "./job-pods.ts";

/** How a Job stands. */
export interface JobCounts {
  readonly active: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly completedIndexes: ReadonlySet<number>;
  readonly failedIndexes: ReadonlySet<number>;
  /** Pods that have failed and were not counted before. */
  readonly newlyFailed: readonly Pod[];
  /** Pods that run or are on their way. */
  readonly activePods: readonly Pod[];
  readonly now: number;
}

export interface Verdict {
  readonly type: "SuccessCriteriaMet" | "FailureTarget";
  readonly reason: string;
  readonly message: string;
}

const failure = (reason: string, message: string): Verdict => ({ type: "FailureTarget", reason, message });
const success = (reason: string, message: string): Verdict => ({ type: "SuccessCriteriaMet", reason, message });

/** Whether a Job has reached its end, and which. Undefined: it goes on. */
export function judgeJob(job: Job, counts: JobCounts): Verdict | undefined {
  const rules = [
    failedByPolicy,
    pastBackoffLimit,
    pastDeadline,
    tooManyFailedIndexes,
    successPolicyMet,
    completionsReached,
  ];
  for (const rule of rules) {
    const verdict = rule(job, counts);
    if (verdict) return verdict;
  }
  return undefined;
}

function failedByPolicy(job: Job, { newlyFailed }: JobCounts): Verdict | undefined {
  for (const pod of newlyFailed) {
    const { action, message } = judgeFailure(job, pod);
    if (action === "FailJob") return failure("PodFailurePolicy", message);
  }
  return undefined;
}

function pastBackoffLimit(job: Job, { failed, activePods }: JobCounts): Verdict | undefined {
  const limit = job.spec?.backoffLimit ?? 6;
  const over = failure("BackoffLimitExceeded", "Job has reached the specified backoff limit");
  if (failed > limit) return over;
  if (job.spec?.template.spec?.restartPolicy !== "OnFailure") return undefined;
  // Containers that are started again in place count, too.
  const restarts = activePods
    .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
    .reduce((total, { restartCount }) => total + restartCount, 0);
  return (limit === 0 ? restarts > 0 : restarts >= limit) ? over : undefined;
}

function pastDeadline(job: Job, { now }: JobCounts): Verdict | undefined {
  const deadline = deadlineOf(job);
  return deadline !== undefined && now >= deadline
    ? failure("DeadlineExceeded", "Job was active longer than specified deadline")
    : undefined;
}

/** When the Job must have ended, in milliseconds; undefined where it may take its time. */
export function deadlineOf(job: Job): number | undefined {
  const { activeDeadlineSeconds, suspend } = job.spec ?? {};
  const { startTime } = job.status ?? {};
  if (activeDeadlineSeconds === undefined || suspend || !startTime) return undefined;
  return Date.parse(startTime) + activeDeadlineSeconds * 1000;
}

function tooManyFailedIndexes(job: Job, counts: JobCounts): Verdict | undefined {
  if (!isIndexed(job) || job.spec?.backoffLimitPerIndex === undefined) return undefined;
  const { failedIndexes, completedIndexes } = counts;
  if (job.spec.maxFailedIndexes !== undefined && failedIndexes.size > job.spec.maxFailedIndexes) {
    return failure("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
  }
  const ended = failedIndexes.size + completedIndexes.size;
  return failedIndexes.size > 0 && ended >= (job.spec.completions ?? 0)
    ? failure("FailedIndexes", "Job has failed indexes")
    : undefined;
}

/** Source: KEP-3998. */
function successPolicyMet(job: Job, { completedIndexes }: JobCounts): Verdict | undefined {
  if (!isIndexed(job)) return undefined;
  for (const [index, rule] of (job.spec?.successPolicy?.rules ?? []).entries()) {
    const all =
      rule.succeededIndexes === undefined ? undefined : parseIndexes(rule.succeededIndexes, job.spec?.completions ?? 0);
    const matching = all ? [...all].filter((each) => completedIndexes.has(each)) : [...completedIndexes];
    const needed = rule.succeededCount ?? all?.size ?? job.spec?.completions ?? 0;
    if (matching.length >= needed) return success("SuccessPolicy", `Matched rules at index ${index}`);
  }
  return undefined;
}

function completionsReached(job: Job, { succeeded, active }: JobCounts): Verdict | undefined {
  const { completions } = job.spec ?? {};
  const reached = completions === undefined ? succeeded > 0 && active === 0 : succeeded >= completions;
  return reached ? success("CompletionsReached", "Reached expected number of succeeded pods") : undefined;
}
