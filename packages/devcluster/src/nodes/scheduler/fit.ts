import { type Node, type Pod, quantityToNumber } from "@homeostat/api";
import { selectsNode, untoleratedTaint } from "./node-selection.ts";

/** What pods ask of a node: numbers by resource, `pods` among them. */
export type Amounts = Readonly<Record<string, number>>;

/**
 * Why a pod cannot go to a node, in the scheduler's words; undefined where it can.
 *
 * @param used what the pods already there ask for
 */
export function obstacle(pod: Pod, node: Node, used: Amounts): string | undefined {
  const tolerations = pod.spec?.tolerations ?? [];
  const unschedulable = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" } as const;
  const cordoned = { spec: { taints: [unschedulable] } };
  if (node.spec?.unschedulable && untoleratedTaint(cordoned, tolerations, ["NoSchedule"])) {
    return "node(s) were unschedulable";
  }
  const taint = untoleratedTaint(node, tolerations, ["NoSchedule", "NoExecute"]);
  if (taint) return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`;
  if (!selectsNode(pod, node)) return "node(s) didn't match Pod's node affinity/selector";
  for (const [resource, wanted] of Object.entries(requestsOf(pod))) {
    if (wanted === 0) continue;
    const total = quantityToNumber(node.status?.allocatable?.[resource] ?? 0);
    if ((used[resource] ?? 0) + wanted > total)
      return resource === "pods" ? "Too many pods" : `Insufficient ${resource}`;
  }
  return undefined;
}

/**
 * What a pod asks for: the sum of its containers and sidecars, or the largest init container if that is more.
 * Source: component-helpers, `PodRequests`.
 */
export function requestsOf(pod: Pod): Amounts {
  const total: Record<string, number> = { pods: 1 };
  const each = (
    requests: Readonly<Record<string, string | number>> | undefined,
    fold: (now: number, one: number) => number,
  ) => {
    for (const [name, value] of Object.entries(requests ?? {})) {
      total[name] = fold(total[name] ?? 0, quantityToNumber(value));
    }
  };
  const init = pod.spec?.initContainers ?? [];
  for (const container of [...(pod.spec?.containers ?? []), ...init.filter((one) => one.restartPolicy === "Always")]) {
    each(container.resources?.requests, (now, one) => now + one);
  }
  for (const container of init.filter((one) => one.restartPolicy !== "Always")) {
    each(container.resources?.requests, Math.max);
  }
  each(pod.spec?.overhead, (now, one) => now + one);
  return total;
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
export function noFitMessage(obstacles: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of obstacles) counts.set(text, (counts.get(text) ?? 0) + 1);
  const causes = [...counts].map(([text, count]) => `${count} ${text}`).sort();
  return causes.length === 0
    ? "no nodes available to schedule pods"
    : `0/${obstacles.length} nodes are available: ${causes.join(", ")}.`;
}
