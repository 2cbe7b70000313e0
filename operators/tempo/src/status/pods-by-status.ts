import type { Pod } from "@homeostat/api";

/** How a pod is, in the words of `status.components`: its phase, where `Ready` is a running one whose containers all are. */
export type PodStatus = "Pending" | "Running" | "Ready" | "Failed" | "Succeeded" | "Unknown";

/** Pod status → names of the pods in it, sorted; a status that no pod has is left out. */
export type PodsByStatus = Readonly<Partial<Record<PodStatus, readonly string[]>>>;

/** Of one pod. One that crashes again and again is Running: the pod itself has not failed. */
export function podStatus(status: Pod["status"]): PodStatus {
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

/** Names of pods by their status. */
export function podsByStatus(pods: ReadonlyMap<string, PodStatus>): PodsByStatus {
  const names: Partial<Record<PodStatus, string[]>> = {};
  for (const [name, status] of pods) (names[status] ??= []).push(name);
  for (const list of Object.values(names)) list.sort();
  return names;
}
