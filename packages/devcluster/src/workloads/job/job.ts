import {
  findCondition,
  formatTime,
  isBeingDeleted,
  isConditionTrue,
  isConflict,
  isNotFound,
  Job,
  type JobCondition,
  type JobStatus,
  Pod,
  type Stored,
} from "@homeostat/api";
import type { ControllerDefinition, ReconcileContext, Result } from "@homeostat/runtime";
import { claim } from "../claim.ts";
import { errorText, isNamespaceTerminating } from "../pods.ts";
import { slowStart } from "../slow-start.ts";
import { wakeOrphansOwners } from "../wake-orphans-owners.ts";
import { asControllerManager, type WorkloadOptions, workloadController } from "../workload-controller.ts";
import { writeStatus } from "../write-status.ts";
import { judgeFailure } from "./failure-policy.ts";
import { formatIndexes } from "./indexes.ts";
import { indexOf, isIndexed, isTracked, newPod, recreationDelayMs, trackingFinalizer } from "./job-pods.ts";
import { type Tally, tallyJob } from "./tally.ts";
import { deadlineOf, judgeJob, type Verdict } from "./verdict.ts";

/** Runs pods until enough of them have succeeded, or too many have failed. */
export function jobController(options: WorkloadOptions): ControllerDefinition<Job> {
  return workloadController(Job, "job-controller", options)
    .owns(Pod)
    .watches(Pod, { handler: wakeOrphansOwners(Job, ({ spec }) => spec?.selector) })
    .reconcile((context) => new JobSync(context, options.jobBackoffMs ?? 10_000).run());
}

/** The end a Job has come to; undefined while it goes on. */
export const endCondition = (job: Job): JobCondition | undefined =>
  job.status?.conditions?.find(({ type, status }) => (type === "Complete" || type === "Failed") && status === "True");

/** One reconcile of one Job. */
class JobSync {
  readonly #context: ReconcileContext<Job>;
  readonly #backoffMs: number;
  /** As of the newest write. */
  #job: Stored<Job>;
  #pods: readonly Stored<Pod>[] = [];

  constructor(context: ReconcileContext<Job>, backoffMs: number) {
    this.#context = context;
    this.#backoffMs = backoffMs;
    this.#job = context.object;
  }

  async run(): Promise<Result> {
    const { managedBy } = this.#job.spec!;
    if (managedBy !== undefined && managedBy !== "kubernetes.io/job-controller") return {};
    this.#pods = await claim(this.#context, Job, Pod, this.#job.spec!.selector ?? {});
    if (endCondition(this.#job) || isBeingDeleted(this.#job)) {
      await this.#untrack(this.#pods);
      return isBeingDeleted(this.#job) ? {} : this.#expire();
    }
    await this.#noteStart();
    const tally = tallyJob(this.#job, this.#pods);
    const { now } = this;
    const verdict = targetOf(this.#job) ?? judgeJob(this.#job, { ...tally, active: tally.activePods.length, now });
    if (verdict) return this.#end(tally, verdict);
    return this.#job.spec!.suspend ? this.#suspend(tally) : this.#goOn(tally);
  }

  get now(): number {
    return this.#context.clock.now();
  }

  async #goOn(tally: Tally): Promise<Result> {
    const { active, error, retryAfterMs } = await this.#manage(tally);
    await this.#track(tally, { active });
    if (error !== undefined) throw error;
    const deadline = deadlineOf(this.#job);
    const waits = [retryAfterMs, deadline === undefined ? undefined : Math.max(1, deadline - this.now)];
    const known = waits.filter((wait) => wait !== undefined);
    return known.length > 0 ? { requeueAfterMs: Math.min(...known) } : {};
  }

  /** The end is decided: what still runs is stopped, and the end is declared when nothing runs any more. */
  async #end(tally: Tally, verdict: Verdict): Promise<Result> {
    const { events } = this.#context;
    const decided = withCondition(this.#job.status?.conditions ?? [], { ...verdict, status: "True" }, this.now);
    await this.#deletePods(tally.activePods, false);
    const over = tally.activePods.length === 0 && tally.terminating === 0;
    const failed = verdict.type === "FailureTarget";
    const conditions = over
      ? withCondition(decided, { ...verdict, type: failed ? "Failed" : "Complete", status: "True" }, this.now)
      : decided;
    const active = failed || over ? 0 : tally.activePods.length;
    const completion = over && !failed ? { completionTime: formatTime(this.now) } : {};
    await this.#track(tally, { active, ready: over ? 0 : tally.ready, ...completion }, conditions);
    if (over) {
      if (failed) events.warning(verdict.reason, verdict.message);
      else events.normal("Completed", "Job completed");
    }
    return {};
  }

  async #suspend(tally: Tally): Promise<Result> {
    // A pod that is stopped with its Job has not failed: it is let go before it is counted.
    await this.#deletePods(tally.activePods, true);
    const change = { type: "Suspended", status: "True", reason: "JobSuspended", message: "Job suspended" };
    const old = this.#job.status?.conditions ?? [];
    const conditions = withCondition(old, change, this.now);
    const { startTime: _, ...status } = this.#job.status ?? {};
    this.#job = { ...this.#job, status };
    await this.#track(tally, { active: 0, ready: 0 }, conditions);
    if (conditions !== old) this.#context.events.normal("Suspended", "Job suspended");
    return {};
  }

  /** The clock of the deadline runs while the Job does. */
  async #noteStart(): Promise<void> {
    const { status = {}, spec } = this.#job;
    if (spec!.suspend || status.startTime) return;
    const resumed = isConditionTrue(status.conditions, "Suspended");
    const change = { type: "Suspended", status: "False", reason: "JobResumed", message: "Job resumed" };
    const conditions = resumed ? withCondition(status.conditions ?? [], change, this.now) : (status.conditions ?? []);
    await this.#write({ ...status, startTime: formatTime(this.now), conditions });
    if (resumed) this.#context.events.normal("Resumed", "Job resumed");
  }

  /** Makes missing pods and deletes surplus ones. */
  async #manage(tally: Tally): Promise<{ active: number; error?: unknown; retryAfterMs?: number }> {
    const { parallelism = 1, completions } = this.#job.spec!;
    const active = tally.activePods.length;
    const left =
      completions === undefined ? (tally.succeeded > 0 ? active : parallelism) : completions - tally.succeeded;
    const wanted = Math.max(0, Math.min(parallelism, left - tally.failedIndexes.size));
    if (active > wanted) {
      const surplus = tally.activePods.slice(wanted);
      await this.#deletePods(surplus, true);
      return { active: wanted };
    }
    // Those that are being replaced only when they have really failed still hold their place.
    const held = this.#job.spec!.podReplacementPolicy === "Failed" ? tally.terminating : 0;
    const missing = wanted - active - held;
    if (missing <= 0) return { active };
    const retryAfterMs = recreationDelayMs(this.#job, this.#pods, this.#backoffMs, this.now);
    if (retryAfterMs > 0) return { active, retryAfterMs };
    const indexes = isIndexed(this.#job)
      ? this.#freeIndexes(tally, missing)
      : Array.from({ length: missing }, () => undefined);
    const { done, error } = await slowStart(indexes.length, (each) => this.#create(indexes[each]));
    return { active: active + done, ...(error === undefined || isNamespaceTerminating(error) ? {} : { error }) };
  }

  #freeIndexes(tally: Tally, count: number): readonly number[] {
    const taken = new Set<number>([...tally.completedIndexes, ...tally.failedIndexes]);
    for (const pod of tally.activePods) taken.add(indexOf(pod) ?? -1);
    const free: number[] = [];
    for (let index = 0; index < (this.#job.spec!.completions ?? 0) && free.length < count; index++) {
      if (!taken.has(index)) free.push(index);
    }
    return free;
  }

  async #create(index: number | undefined): Promise<void> {
    const { client, events } = this.#context;
    try {
      const { metadata } = await client.create(Pod, newPod(this.#job, index), asControllerManager);
      events.normal("SuccessfulCreate", `Created pod: ${metadata.name}`);
    } catch (error) {
      if (!isNamespaceTerminating(error)) events.warning("FailedCreate", `Error creating: ${errorText(error)}`);
      throw error;
    }
  }

  async #deletePods(pods: readonly Stored<Pod>[], uncounted: boolean): Promise<void> {
    const { client, events } = this.#context;
    if (uncounted) await this.#untrack(pods);
    for (const { metadata } of pods) {
      try {
        await client.delete(Pod, metadata, { preconditions: { uid: metadata.uid } });
        events.normal("SuccessfulDelete", `Deleted pod: ${metadata.name}`);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }

  async #untrack(pods: readonly Stored<Pod>[]): Promise<void> {
    await Promise.all(pods.filter(isTracked).map((pod) => untrackPod(this.#context.client, pod)));
  }

  /**
   * Writes the status and counts ended pods, so that each is counted once even if this stops at any point: first their
   * uids are noted, then their finalizers go, then the notes become counts.
   */
  async #track(
    tally: Tally,
    now: Pick<JobStatus, "active" | "ready" | "completionTime">,
    conditions: readonly JobCondition[] = this.#job.status?.conditions ?? [],
  ): Promise<void> {
    const status = this.#job.status ?? {};
    const counted = tally.newlyFailed.filter((pod) => judgeFailure(this.#job, pod).action !== "Ignore");
    const succeeded = [...(status.uncountedTerminatedPods?.succeeded ?? []), ...tally.newlySucceeded.map(uidOf)];
    const failed = [...(status.uncountedTerminatedPods?.failed ?? []), ...counted.map(uidOf)];
    if (succeeded.length + failed.length > 0) {
      const uncountedTerminatedPods = { succeeded: isIndexed(this.#job) ? [] : succeeded, failed };
      await this.#write({ ...status, uncountedTerminatedPods, ...indexesOf(this.#job, tally) });
    }
    // Those noted by an earlier try that got no further are among them.
    const ended = new Set([...succeeded, ...failed, ...tally.newlyFailed.map(uidOf)]);
    await this.#untrack(this.#pods.filter((pod) => ended.has(pod.metadata.uid)));
    await this.#write({
      ...this.#job.status,
      ...indexesOf(this.#job, tally),
      succeeded: tally.succeeded,
      failed: tally.failed,
      terminating: tally.terminating,
      uncountedTerminatedPods: {},
      ready: tally.ready,
      ...now,
      conditions,
    });
  }

  async #write(status: JobStatus): Promise<void> {
    this.#job = await writeStatus(this.#context.client, Job, this.#job, status);
  }

  /** Deletes a Job that has ended, when its time to live is over. */
  async #expire(): Promise<Result> {
    const { ttlSecondsAfterFinished } = this.#job.spec!;
    if (ttlSecondsAfterFinished === undefined) return {};
    const endedAt = Date.parse(endCondition(this.#job)?.lastTransitionTime ?? "");
    const leftMs = endedAt + ttlSecondsAfterFinished * 1000 - this.now;
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    const { metadata } = this.#job;
    try {
      const preconditions = { uid: metadata.uid };
      await this.#context.client.delete(Job, metadata, { propagationPolicy: "Foreground", preconditions });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return {};
  }
}

/** Takes the tracking finalizer off a pod, whatever else changes in it; one that is gone needs nothing. */
export async function untrackPod(client: ReconcileContext<Job>["client"], pod: Stored<Pod>): Promise<void> {
  const patch = { metadata: { uid: pod.metadata.uid, "$deleteFromPrimitiveList/finalizers": [trackingFinalizer] } };
  try {
    await client.patchStrategic(Pod, pod.metadata, patch, asControllerManager);
  } catch (error) {
    // A conflict is one of uids: another pod has the name.
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

const uidOf = (pod: Stored<Pod>): string => pod.metadata.uid;

function indexesOf(job: Job, tally: Tally): Pick<JobStatus, "completedIndexes" | "failedIndexes"> {
  if (!isIndexed(job)) return {};
  const failedIndexes =
    job.spec?.backoffLimitPerIndex === undefined ? {} : { failedIndexes: formatIndexes(tally.failedIndexes) };
  return { completedIndexes: formatIndexes(tally.completedIndexes), ...failedIndexes };
}

/** An end that was decided before stays decided. */
function targetOf(job: Job): Verdict | undefined {
  for (const type of ["FailureTarget", "SuccessCriteriaMet"] as const) {
    const condition = findCondition(job.status?.conditions, type);
    if (condition?.status === "True") return { type, reason: condition.reason ?? "", message: condition.message ?? "" };
  }
  return undefined;
}

type Change = { readonly type: string; readonly status: string; readonly reason: string; readonly message: string };

/** Returns `conditions` itself where it says so already. */
function withCondition(conditions: readonly JobCondition[], change: Change, now: number): readonly JobCondition[] {
  const current = findCondition(conditions, change.type);
  if (current?.status === change.status && current.reason === change.reason) return conditions;
  const time = formatTime(now);
  const next: JobCondition = {
    type: change.type,
    status: change.status,
    lastProbeTime: time,
    lastTransitionTime: current?.status === change.status ? (current.lastTransitionTime ?? time) : time,
    reason: change.reason,
    message: change.message,
  };
  return current ? conditions.map((each) => (each === current ? next : each)) : [...conditions, next];
}
