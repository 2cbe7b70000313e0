import type { JsonObject } from "@homeostat/api";
import { ensure, isUnset, setDefault, struct, structs } from "../json-fields.ts";
import { defaultPodTemplate } from "./pod.ts";

/** Retries per index are counted there: the count for the whole job then means "no limit". */
const noLimit = 2_147_483_647;

/** Source: batch/v1 `SetDefaults_Job`. */
export function defaultJob(job: JsonObject): void {
  const spec = ensure(job, "spec");
  // With neither given the job runs one pod; completions stay open ("any success ends it") when parallelism is given.
  if (isUnset(spec, "completions") && isUnset(spec, "parallelism")) spec["completions"] = 1;
  setDefault(spec, "parallelism", 1);
  setDefault(spec, "backoffLimit", isUnset(spec, "backoffLimitPerIndex") ? 6 : noLimit);
  const labels = struct(struct(struct(spec, "template"), "metadata"), "labels");
  const metadata = ensure(job, "metadata");
  if (labels && Object.keys(labels).length > 0 && Object.keys(struct(metadata, "labels") ?? {}).length === 0) {
    metadata["labels"] = { ...labels };
  }
  setDefault(spec, "completionMode", "NonIndexed");
  setDefault(spec, "suspend", false);
  const failurePolicy = struct(spec, "podFailurePolicy");
  for (const rule of structs(failurePolicy, "rules")) {
    for (const condition of structs(rule, "onPodConditions")) setDefault(condition, "status", "True");
  }
  setDefault(spec, "podReplacementPolicy", failurePolicy ? "Failed" : "TerminatingOrFailed");
  defaultPodTemplate(ensure(spec, "template"));
}

/** The job's own defaults come when a Job is made of the template; only the pod in it has its own at once. */
export function defaultCronJob(cronJob: JsonObject): void {
  const spec = ensure(cronJob, "spec");
  setDefault(spec, "concurrencyPolicy", "Allow");
  setDefault(spec, "suspend", false);
  setDefault(spec, "successfulJobsHistoryLimit", 3);
  setDefault(spec, "failedJobsHistoryLimit", 1);
  defaultPodTemplate(ensure(ensure(ensure(spec, "jobTemplate"), "spec"), "template"));
}
