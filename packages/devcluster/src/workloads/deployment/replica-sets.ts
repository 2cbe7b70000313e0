import type { Deployment, ReplicaSet, Stored } from "@homeostat/api";
import { semanticallyEqual } from "../equality.ts";

export const hashLabel = "pod-template-hash";

/** The ReplicaSets of a Deployment: the one of its present template, if it exists, and those of earlier ones. */
export interface ReplicaSets {
  readonly newest: Stored<ReplicaSet> | undefined;
  readonly old: readonly Stored<ReplicaSet>[];
}

export const allOf = ({ newest, old }: ReplicaSets): readonly Stored<ReplicaSet>[] => [
  ...old,
  ...(newest ? [newest] : []),
];

export const replicasOf = (set: ReplicaSet): number => set.spec?.replicas ?? 0;
export const availableOf = (set: ReplicaSet): number => set.status?.availableReplicas ?? 0;
export const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

/** Oldest first; by name where two were made in one second. */
export function byAge(a: ReplicaSet, b: ReplicaSet): number {
  const [left, right] = [a, b].map(({ metadata }) => `${metadata?.creationTimestamp ?? ""} ${metadata?.name}`);
  return left! < right! ? -1 : 1;
}

/**
 * Finds the ReplicaSet whose template is the Deployment's, the label with the hash left aside. The hash itself is not
 * compared, since whoever made the ReplicaSet may have computed it in another way. Of several the oldest is taken.
 */
export function findReplicaSets(deployment: Deployment, sets: readonly Stored<ReplicaSet>[]): ReplicaSets {
  const wanted = comparable(deployment.spec?.template);
  const newest = [...sets].sort(byAge).find(({ spec }) => semanticallyEqual(comparable(spec?.template), wanted));
  return { newest, old: sets.filter((set) => set !== newest) };
}

type Template = NonNullable<ReplicaSet["spec"]>["template"];

function comparable(template: Template): Template {
  const { [hashLabel]: _, ...labels } = template?.metadata?.labels ?? {};
  return { ...template, metadata: { ...template?.metadata, labels } };
}
