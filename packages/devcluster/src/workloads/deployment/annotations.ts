import type { Deployment, ReplicaSet } from "@homeostat/api";

export const revisionAnnotation = "deployment.kubernetes.io/revision";
const historyAnnotation = "deployment.kubernetes.io/revision-history";
const desiredAnnotation = "deployment.kubernetes.io/desired-replicas";
const maxAnnotation = "deployment.kubernetes.io/max-replicas";

/** Longest history kept, in characters; the oldest entries go first. */
const historyLimit = 2000;

/** What is a Deployment's own business and is not copied to its ReplicaSets. */
const notCopied = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
]);

type Annotations = Readonly<Record<string, string>>;

/** The rollout an object stands for; 0 where it says nothing readable. */
export function revisionOf(object: Deployment | ReplicaSet): number {
  const revision = Number(object.metadata?.annotations?.[revisionAnnotation] ?? 0);
  return Number.isInteger(revision) ? revision : 0;
}

/** Replicas the Deployment wanted when it last sized this ReplicaSet; undefined where that was never noted. */
export function desiredReplicasOf(replicaSet: ReplicaSet): number | undefined {
  return numberIn(replicaSet, desiredAnnotation);
}

/** Most pods the Deployment allowed at once, surge included, when it last sized this ReplicaSet. */
export function maxReplicasOf(replicaSet: ReplicaSet): number | undefined {
  return numberIn(replicaSet, maxAnnotation);
}

function numberIn(replicaSet: ReplicaSet, name: string): number | undefined {
  const text = replicaSet.metadata?.annotations?.[name];
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isInteger(value) ? value : undefined;
}

/** Annotations with the sizes noted. */
export function withSizes(annotations: Annotations | undefined, desired: number, max: number): Annotations {
  return { ...annotations, [desiredAnnotation]: String(desired), [maxAnnotation]: String(max) };
}

/**
 * The annotations of the ReplicaSet that stands for the newest rollout: the Deployment's own, and `revision`. A
 * ReplicaSet of an earlier rollout that becomes the newest again notes the revision it had. Never goes backwards.
 */
export function newestAnnotations(deployment: Deployment, replicaSet: ReplicaSet, revision: number): Annotations {
  const old = replicaSet.metadata?.annotations ?? {};
  const copied = Object.entries(deployment.metadata?.annotations ?? {}).filter(([name]) => !notCopied.has(name));
  const next: Record<string, string> = { ...old, ...Object.fromEntries(copied) };
  const before = revisionOf(replicaSet);
  if (before >= revision) return next;
  next[revisionAnnotation] = String(revision);
  if (before > 0) next[historyAnnotation] = appendHistory(old[historyAnnotation], before);
  return next;
}

function appendHistory(history: string | undefined, revision: number): string {
  const entries = [...(history ? history.split(",") : []), String(revision)];
  while (entries.join(",").length > historyLimit) entries.shift();
  return entries.join(",");
}
