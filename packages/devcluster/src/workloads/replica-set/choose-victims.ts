import { findCondition, type Pod, type Stored } from "@homeostat/api";
import { isReady } from "../pods.ts";

/** How many pods are on a node: the fuller one loses first. */
export type PodsOnNode = (node: string) => number;

const deletionCost = (pod: Pod): number => {
  const cost = Number(pod.metadata?.annotations?.["controller.kubernetes.io/pod-deletion-cost"] ?? 0);
  return Number.isInteger(cost) ? cost : 0;
};

const phaseRank = (pod: Pod): number => (pod.status?.phase === "Running" ? 2 : pod.status?.phase === "Unknown" ? 1 : 0);

const time = (text: string | null | undefined): number => (text ? Date.parse(text) : Number.POSITIVE_INFINITY);

const readySince = (pod: Pod): number => time(findCondition(pod.status?.conditions, "Ready")?.lastTransitionTime);

const restarts = (pod: Pod): number => Math.max(0, ...(pod.status?.containerStatuses ?? []).map((c) => c.restartCount));

/** Negative where `a` goes first. The rules in order; a rule that sees no difference leaves it to the next. */
const rules: readonly ((a: Pod, b: Pod, podsOnNode: PodsOnNode) => number)[] = [
  // On no node before on one.
  (a, b) => Number(!!a.spec?.nodeName) - Number(!!b.spec?.nodeName),
  (a, b) => phaseRank(a) - phaseRank(b),
  (a, b) => Number(isReady(a)) - Number(isReady(b)),
  (a, b) => deletionCost(a) - deletionCost(b),
  (a, b, podsOnNode) => podsOnNode(b.spec?.nodeName ?? "") - podsOnNode(a.spec?.nodeName ?? ""),
  // The one ready for a shorter time.
  (a, b) => (isReady(a) && isReady(b) ? later(readySince(a), readySince(b)) : 0),
  (a, b) => restarts(b) - restarts(a),
  (a, b) => later(time(a.metadata?.creationTimestamp), time(b.metadata?.creationTimestamp)),
];

const later = (a: number, b: number): number => (a === b ? 0 : b - a);

/**
 * The pods to delete when there are `count` too many. Source: kube-controller-manager, `ActivePodsWithRanks`; KEP-2255
 * (deletion cost).
 */
export function chooseVictims(
  pods: readonly Stored<Pod>[],
  count: number,
  podsOnNode: PodsOnNode,
): readonly Stored<Pod>[] {
  if (count >= pods.length) return pods;
  const compare = (a: Pod, b: Pod): number => {
    for (const rule of rules) {
      const order = rule(a, b, podsOnNode);
      if (order !== 0) return order;
    }
    return 0;
  };
  return [...pods].sort(compare).slice(0, count);
}
