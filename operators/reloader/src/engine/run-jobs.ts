import {
  type CronJob,
  isAlreadyExists,
  Job,
  type ObjectMeta,
  ownerReference,
  type PodTemplateSpec,
  type Stored,
} from "@homeostat/api";
import type { Client } from "@homeostat/runtime";
import { sha1 } from "../content/hash.ts";
import { formatRecord } from "../reload/record.ts";
import { reloadState } from "../rules/annotation-keys.ts";
import { fieldManager } from "./field-manager.ts";
import type { Reload } from "./plan.ts";

/** On a stand-in: the Job it stands in for, and whether that one was suspended. */
export const replacesJob = "reloader.stakater.com/replaces";
const replacedUid = "reloader.stakater.com/replaced-uid";
const wasSuspended = "reloader.stakater.com/was-suspended";
/** Labels the Job controller puts on pods of one Job; they would tie the new one to the old. */
const labelsOfOneJob = [
  "controller-uid",
  "batch.kubernetes.io/controller-uid",
  "batch.kubernetes.io/job-name",
  "job-name",
];

/**
 * Runs a CronJob's template once more, changed so that the Job runs with the new content; the CronJob stays as it is.
 * The name follows from what it is run for, so that doing it twice makes one Job.
 */
export async function runCronJob(client: Client, cronJob: Stored<CronJob>, reload: Reload, template: PodTemplateSpec) {
  const { name, namespace = "", uid } = cronJob.metadata;
  const run = sha1(JSON.stringify([uid, reload.record.reloads, reload.sources])).slice(0, 10);
  const { metadata, spec } = cronJob.spec!.jobTemplate;
  const job: Job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: `${name.slice(0, 52)}-${run}`,
      namespace,
      labels: { ...metadata?.labels },
      annotations: { ...metadata?.annotations, "cronjob.kubernetes.io/instantiate": "manual" },
      ownerReferences: [ownerReference(cronJob, { controller: true })],
    },
    spec: { ...spec, template },
  };
  await client.create(Job, job, { fieldManager }).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
}

/**
 * Begins to run a Job again. Its template cannot be changed, so it has to go and come back under its name. A suspended
 * stand-in is made first: it proves that the new Job is one the server takes, and holds it while the old one is
 * deleted, so that a Job never gets lost on the way. {@link continueJobAgain} does the rest, whoever comes to do it.
 */
export async function beginJobAgain(client: Client, job: Stored<Job>, reload: Reload, template: PodTemplateSpec) {
  const { name, namespace = "", uid, labels, annotations, ownerReferences, finalizers } = job.metadata;
  const { selector: _, manualSelector: __, ...spec } = job.spec!;
  const standIn: Job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: `${name.slice(0, 46)}-reload-${sha1(uid).slice(0, 8)}`,
      namespace,
      ...(ownerReferences ? { ownerReferences } : {}),
      ...(finalizers ? { finalizers: finalizers.filter((each) => !each.includes("job-tracking")) } : {}),
      labels: withoutLabelsOfOneJob(labels),
      annotations: {
        ...withoutTracking(annotations),
        [reloadState]: formatRecord(reload.record),
        [replacesJob]: name,
        [replacedUid]: uid,
        [wasSuspended]: String(spec.suspend ?? false),
      },
    },
    spec: { ...spec, suspend: true, template: withoutJobLabels(template) },
  };
  await client.create(Job, standIn, { fieldManager }).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
}

/** One step from the stand-in to the Job it stands in for. @returns how long until the next; undefined: done */
export async function continueJobAgain(client: Client, standIn: Stored<Job>): Promise<number | undefined> {
  const { namespace = "", annotations = {} } = standIn.metadata;
  const name = annotations[replacesJob]!;
  const live = await client.find(Job, { namespace, name }, { from: "live" });
  if (live?.metadata.uid === annotations[replacedUid]) {
    if (live.metadata.deletionTimestamp === undefined)
      await client.delete(
        Job,
        { namespace, name },
        { propagationPolicy: "Background", preconditions: { uid: live.metadata.uid } },
      );
    return 500;
  }
  if (!live) await client.create(Job, fromStandIn(standIn, name), { fieldManager }).catch(ignoreExisting);
  const { uid } = standIn.metadata;
  await client.delete(
    Job,
    { namespace, name: standIn.metadata.name },
    { propagationPolicy: "Background", preconditions: { uid } },
  );
  return undefined;
}

function ignoreExisting(error: unknown): void {
  if (!isAlreadyExists(error)) throw error;
}

function fromStandIn(standIn: Stored<Job>, name: string): Job {
  const { namespace, ownerReferences, labels, finalizers } = standIn.metadata;
  const {
    [replacesJob]: _,
    [replacedUid]: __,
    [wasSuspended]: suspended,
    ...annotations
  } = standIn.metadata.annotations!;
  const { selector: ___, suspend: ____, ...spec } = standIn.spec!;
  const metadata: ObjectMeta = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: withoutLabelsOfOneJob(labels),
    annotations,
    ...(ownerReferences ? { ownerReferences } : {}),
    ...(finalizers ? { finalizers } : {}),
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata,
    spec: { ...spec, suspend: suspended === "true", template: withoutJobLabels(spec.template) },
  };
}

function withoutJobLabels(template: PodTemplateSpec): PodTemplateSpec {
  return { ...template, metadata: { ...template.metadata, labels: withoutLabelsOfOneJob(template.metadata?.labels) } };
}

function withoutLabelsOfOneJob(labels: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !labelsOfOneJob.includes(key)));
}

function withoutTracking(annotations: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key !== "batch.kubernetes.io/job-tracking"));
}
