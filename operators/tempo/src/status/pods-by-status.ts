import type { Pod } from "@homeostat/api";

/** The phase of a pod, where `Ready` is a running one whose containers are all ready. */
export type PodStatus = "Pending" | "Running" | "Ready" | "Failed" | "Succeeded" | "Unknown";

export interface PodStatusOptions {
  /** Leave out pods that are being deleted: they say nothing of what is to come. */
  readonly skipTerminating: boolean;
}

/** Names of pods by their status, sorted; a status that no pod has is left out. */
export function podsByStatus(
  pods: readonly Pod[],
  { skipTerminating }: PodStatusOptions,
): Partial<Readonly<Record<PodStatus, readonly string[]>>> {
  const names: Partial<Record<PodStatus, string[]>> = {};
  for (const pod of pods) {
    if (skipTerminating && pod.metadata?.deletionTimestamp !== undefined) continue;
    (names[podStatus(pod)] ??= []).push(pod.metadata?.name ?? "");
  }
  for (const list of Object.values(names)) list.sort();
  return names;
}

export function podStatus({ status }: Pod): PodStatus {
  switch (status?.phase) {
    case "Running":
      return (status.containerStatuses ?? []).every(({ ready }) => ready) ? "Ready" : "Running";
    case "Pending":
    case "Failed":
    case "Succeeded":
      return status.phase;
    default:
      return "Unknown";
  }
}
