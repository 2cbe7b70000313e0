import { findCondition, type Node } from "@homeostat/api";

/** Nobody has heard from the node's kubelet: what runs there goes on or not, and nothing is told or done. */
export function isUnreachable({ status }: Node): boolean {
  return findCondition(status?.conditions, "Ready")?.status === "Unknown";
}

export function isNodeReady({ status }: Node): boolean {
  return findCondition(status?.conditions, "Ready")?.status === "True";
}
