import { isBeingDeleted, Job, type Pod, type Stored } from "@homeostat/api";
import { podFromTemplate } from "../pods.ts";

/** Keeps a pod until its end has been counted. */
export const trackingFinalizer = "batch.kubernetes.io/job-tracking";
export const indexAnnotation = "batch.kubernetes.io/job-completion-index";
const indexVariable = "JOB_COMPLETION_INDEX";

export const isIndexed = (job: Job): boolean => job.spec?.completionMode === "Indexed";
export const isTracked = (pod: Pod): boolean => pod.metadata?.finalizers?.includes(trackingFinalizer) ?? false;

/** The index a pod works on; undefined where it says none. */
export function indexOf(pod: Pod): number | undefined {
  const text = pod.metadata?.annotations?.[indexAnnotation];
  const index = text === undefined ? Number.NaN : Number(text);
  return Number.isInteger(index) && index >= 0 ? index : undefined;
}

export const hasSucceeded = (pod: Pod): boolean => pod.status?.phase === "Succeeded";

/**
 * Whether a pod counts as failed. One that is being deleted counts at once, unless replacements wait until it has
 * really failed. Source: KEP-3939.
 */
export function hasFailed(job: Job, pod: Pod): boolean {
  if (pod.status?.phase === "Failed") return true;
  if (job.spec?.podReplacementPolicy === "Failed" || job.spec?.podFailurePolicy) return false;
  return isBeingDeleted(pod) && !hasSucceeded(pod);
}

/** The next pod of a Job. The labels by which the Job finds it are in the template: the server put them there. */
export function newPod(job: Stored<Job>, index: number | undefined): Pod {
  const template = job.spec!.template;
  const { name, uid } = job.metadata;
  const labels = {
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": name,
    "controller-uid": uid,
    "job-name": name,
  };
  const common = { finalizers: [trackingFinalizer] };
  if (index === undefined) return podFromTemplate(template, job, Job, { ...common, generateName: `${name}-`, labels });
  const spec = template.spec ?? { containers: [] };
  const variable = {
    name: indexVariable,
    valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: `metadata.labels['${indexAnnotation}']` } },
  };
  const withIndex = <C extends { readonly env?: readonly { readonly name: string }[] }>(container: C): C =>
    container.env?.some((each) => each.name === indexVariable)
      ? container
      : { ...container, env: [...(container.env ?? []), variable] };
  return podFromTemplate(template, job, Job, {
    ...common,
    generateName: `${name}-${index}-`,
    labels: { ...labels, [indexAnnotation]: String(index) },
    annotations: { [indexAnnotation]: String(index) },
    spec: {
      hostname: `${name}-${index}`,
      containers: spec.containers.map(withIndex),
      ...(spec.initContainers ? { initContainers: spec.initContainers.map(withIndex) } : {}),
    },
  });
}

/** When a pod ended, in milliseconds; its deletion or creation where no container says. */
export function endOf(pod: Pod): number {
  const ends = (pod.status?.containerStatuses ?? []).map(({ state }) =>
    Date.parse(state?.terminated?.finishedAt ?? ""),
  );
  const known = ends.filter((end) => !Number.isNaN(end));
  if (known.length > 0) return Math.max(...known);
  return Date.parse(pod.metadata?.deletionTimestamp ?? pod.metadata?.creationTimestamp ?? "") || 0;
}

/**
 * How long to wait before the next pod is made, in milliseconds: `baseMs` after the first failure since the last
 * success, doubled with each further one, ten minutes at most.
 */
export function recreationDelayMs(job: Job, pods: readonly Pod[], baseMs: number, now: number): number {
  const lastSuccess = Math.max(Number.NEGATIVE_INFINITY, ...pods.filter(hasSucceeded).map(endOf));
  const failures = pods.filter((pod) => hasFailed(job, pod) && endOf(pod) > lastSuccess).map(endOf);
  if (failures.length === 0) return 0;
  const delay = Math.min(baseMs * 2 ** (failures.length - 1), 600_000);
  return Math.max(0, Math.max(...failures) + delay - now);
}
