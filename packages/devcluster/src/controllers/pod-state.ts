import { findCondition, type Pod } from "@homeostat/api";

export function isPodReady(pod: Pod): boolean {
  return findCondition(pod.status?.conditions, "Ready")?.status === "True";
}

/** Whether all its containers have ended for good. */
export function isPodTerminal(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}
