import {
  CronJob,
  type CronJobStatus,
  findCondition,
  formatTime,
  isAlreadyExists,
  isBeingDeleted,
  isControlledBy,
  isNotFound,
  Job,
  type ObjectReference,
  ownerReference,
  type Stored,
  SyntaxFault,
} from "@homeostat/api";
import type { ControllerDefinition, ReconcileContext, Result } from "@homeostat/runtime";
import { endCondition } from "../job/job.ts";
import { errorText, isNamespaceTerminating } from "../pods.ts";
import { asControllerManager, type WorkloadOptions, workloadController } from "../workload-controller.ts";
import { writeStatus } from "../write-status.ts";
import { missedTimes, parseSchedule, type Schedule } from "./schedule.ts";

/** More missed times than this are worth a warning. */
const manyMissed = 100;

/** Makes a Job whenever a CronJob is due. Source: kube-controller-manager, `cronjob_controllerv2.go`. */
export function cronJobController(options: WorkloadOptions): ControllerDefinition<CronJob> {
  return workloadController(CronJob, "cronjob-controller", options)
    .owns(Job)
    .reconcile(async (context) => {
      const sync = new CronJobSync(context, await ownJobs(context));
      return sync.run();
    });
}

async function ownJobs({ client, object }: ReconcileContext<CronJob>): Promise<readonly Stored<Job>[]> {
  const { items } = await client.list(Job, { namespace: object.metadata.namespace! });
  return items.filter((job) => isControlledBy(job, object));
}

/** A time as it is told in a time zone, with its distance from UTC. */
function zonedTime(at: number, timeZone: string | undefined): string {
  if (timeZone === undefined) return formatTime(at);
  const offset = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" })
    .formatToParts(at)
    .find(({ type }) => type === "timeZoneName")!
    .value.replace("GMT", "");
  if (offset === "") return formatTime(at);
  const [hours = "0", minutes = "0"] = offset.slice(1).split(":");
  const shift = (Number(hours) * 60 + Number(minutes)) * 60_000 * (offset.startsWith("-") ? -1 : 1);
  return formatTime(at + shift).replace("Z", offset);
}

const startOf = (job: Stored<Job>): string => job.status?.startTime ?? job.metadata.creationTimestamp ?? "";

/** One reconcile of one CronJob. */
class CronJobSync {
  readonly #context: ReconcileContext<CronJob>;
  readonly #jobs: readonly Stored<Job>[];
  #status: CronJobStatus;

  constructor(context: ReconcileContext<CronJob>, jobs: readonly Stored<Job>[]) {
    this.#context = context;
    this.#jobs = jobs;
    this.#status = context.object.status ?? {};
  }

  async run(): Promise<Result> {
    const { object, client } = this.#context;
    await this.#deleteHistory();
    await this.#noteStrangers();
    this.#noteEnds();
    let result: Result = {};
    let error: unknown;
    if (!isBeingDeleted(object) && !object.spec.suspend) {
      try {
        result = await this.#schedule();
      } catch (failure) {
        error = failure;
      }
    }
    await writeStatus(client, CronJob, object, this.#status);
    if (error !== undefined) throw error;
    return result;
  }

  /** Jobs of its own that it did not start: `kubectl create job --from` makes such. */
  async #noteStrangers(): Promise<void> {
    const { client, events, object } = this.#context;
    const unknown = (status: CronJobStatus | undefined): readonly Stored<Job>[] => {
      const known = new Set((status?.active ?? []).map(({ uid }) => uid));
      return this.#jobs.filter((job) => !endCondition(job) && !known.has(job.metadata.uid));
    };
    if (unknown(this.#status).length === 0) return;
    // The cache may know a Job before the note of it: only what is stored tells.
    const key = { namespace: object.metadata.namespace!, name: object.metadata.name };
    const { status } = await client.get(CronJob, key, { from: "live" });
    for (const { metadata } of unknown(status))
      events.warning("UnexpectedJob", `Saw a job that the controller did not create or forgot: ${metadata.name}`);
  }

  /** Jobs that have ended leave the list of active ones. */
  #noteEnds(): void {
    const { events } = this.#context;
    const byUid = new Map(this.#jobs.map((job) => [job.metadata.uid, job]));
    const active: ObjectReference[] = [];
    for (const reference of this.#status.active ?? []) {
      const job = byUid.get(reference.uid ?? "");
      const end = job && endCondition(job);
      if (!job) events.normal("MissingJob", `Active job went missing: ${reference.name}`);
      else if (end) events.normal("SawCompletedJob", `Saw completed job: ${reference.name}, condition: ${end.type}`);
      else active.push(reference);
    }
    const successes = this.#jobs
      .filter((job) => findCondition(job.status?.conditions, "Complete")?.status === "True")
      .map((job) => job.status?.completionTime ?? "");
    const lastSuccessfulTime = [this.#status.lastSuccessfulTime ?? "", ...successes].sort().at(-1);
    this.#status = { ...this.#status, active, ...(lastSuccessfulTime ? { lastSuccessfulTime } : {}) };
  }

  async #deleteHistory(): Promise<void> {
    const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = this.#context.object.spec;
    const limits = { Complete: successfulJobsHistoryLimit, Failed: failedJobsHistoryLimit };
    for (const [type, limit] of Object.entries(limits)) {
      if (limit === undefined) continue;
      const ended = this.#jobs
        .filter((job) => endCondition(job)?.type === type && !isBeingDeleted(job))
        .sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1));
      for (const job of ended.slice(0, Math.max(0, ended.length - limit))) await this.#delete(job);
    }
  }

  async #schedule(): Promise<Result> {
    const { object, clock, events } = this.#context;
    const { spec, metadata } = object;
    const schedule = this.#parse();
    if (!schedule) return {};
    const now = clock.now();
    const next = schedule.next(now);
    const later: Result = next === undefined ? {} : { requeueAfterMs: next - now };

    const deadlineMs = spec.startingDeadlineSeconds === undefined ? undefined : spec.startingDeadlineSeconds * 1000;
    const since = Date.parse(this.#status.lastScheduleTime ?? metadata.creationTimestamp ?? "");
    const from = deadlineMs === undefined ? since : Math.max(since, now - deadlineMs);
    const { last: due, count } = missedTimes(schedule, from, now, manyMissed);
    if (count > manyMissed) {
      const advice = "Set or decrease .spec.startingDeadlineSeconds or check clock skew";
      events.warning("TooManyMissedTimes", `too many missed start times. ${advice}`);
    }
    if (due === undefined) return later;
    if (deadlineMs !== undefined && due + deadlineMs < now) {
      events.warning(
        "MissSchedule",
        `Missed scheduled time to start a job: ${new Date(due).toUTCString().replace("GMT", "+0000")}`,
      );
      return later;
    }
    if (this.#status.lastScheduleTime === formatTime(due)) return later;
    if ((this.#status.active ?? []).length > 0) {
      if (spec.concurrencyPolicy === "Forbid") {
        const why = "prior execution is running and concurrency policy is Forbid";
        events.normal("JobAlreadyActive", `Not starting job because ${why}`);
        return later;
      }
      if (spec.concurrencyPolicy === "Replace") await this.#deleteActive();
    }
    await this.#start(due);
    return later;
  }

  /** A schedule that cannot be read is said once in an event; trying again is of no use until it changes. */
  #parse(): Schedule | undefined {
    const { schedule, timeZone } = this.#context.object.spec;
    try {
      return parseSchedule(schedule, timeZone);
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      const reason = error.message.startsWith("unknown time zone") ? "UnknownTimeZone" : "UnparseableSchedule";
      this.#context.events.warning(reason, error.message);
      return undefined;
    }
  }

  async #start(due: number): Promise<void> {
    const { client, events, object } = this.#context;
    const wanted = this.#job(due);
    let job: Stored<Job>;
    try {
      job = await client.create(Job, wanted, asControllerManager);
      events.normal("SuccessfulCreate", `Created job ${job.metadata.name}`);
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      if (!isAlreadyExists(error)) {
        events.warning("FailedCreate", `Error creating job: ${errorText(error)}`);
        throw error;
      }
      const key = { namespace: object.metadata.namespace!, name: wanted.metadata!.name! };
      job = await client.get(Job, key, { from: "live" });
      if (!isControlledBy(job, object)) throw error;
    }
    const { name, namespace, uid, resourceVersion } = job.metadata;
    const reference = { apiVersion: "batch/v1", kind: "Job", name, namespace: namespace!, uid, resourceVersion };
    const active = [
      ...(this.#status.active ?? []).filter((each) => each.uid !== uid),
      ...(endCondition(job) ? [] : [reference]),
    ];
    this.#status = { ...this.#status, active, lastScheduleTime: formatTime(due) };
  }

  #job(due: number): Job {
    const { metadata, spec } = this.#context.object;
    const { jobTemplate } = spec;
    return {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: {
        name: `${metadata.name}-${Math.floor(due / 60_000)}`,
        namespace: metadata.namespace!,
        labels: { ...jobTemplate.metadata?.labels },
        annotations: {
          ...jobTemplate.metadata?.annotations,
          "batch.kubernetes.io/cronjob-scheduled-timestamp": zonedTime(due, spec.timeZone),
        },
        ownerReferences: [ownerReference(this.#context.object, { controller: true, resource: CronJob })],
      },
      ...(jobTemplate.spec ? { spec: jobTemplate.spec } : {}),
    };
  }

  async #deleteActive(): Promise<void> {
    const uids = new Set((this.#status.active ?? []).map(({ uid }) => uid));
    for (const job of this.#jobs) if (uids.has(job.metadata.uid)) await this.#delete(job);
    this.#status = { ...this.#status, active: [] };
  }

  async #delete({ metadata }: Stored<Job>): Promise<void> {
    const { client, events } = this.#context;
    try {
      await client.delete(Job, metadata, { propagationPolicy: "Background", preconditions: { uid: metadata.uid } });
      events.normal("SuccessfulDelete", `Deleted job ${metadata.name}`);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
