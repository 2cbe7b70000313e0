import { matchesLabelSelector, type Node, type Pod, type PodAffinityTerm } from "@homeostat/api";

/** A pod that is on a node, as far as others look at it. */
export interface PlacedPod {
  readonly node: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Neighbours {
  readonly pods: Iterable<PlacedPod>;
  /** Labels of a node by its name. */
  readonly nodeLabels: (node: string) => Readonly<Record<string, string>>;
}

/**
 * Why required affinity to other pods, or away from them, keeps a pod off a node. Left out: selectors of namespaces,
 * and the dislike of pods that are already there. Source: kube-scheduler, `interpodaffinity`.
 */
export function neighbourObstacle(pod: Pod, node: Node, neighbours: Neighbours): string | undefined {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  for (const term of podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
    if (hasNeighbour(pod, node, term, neighbours)) continue;
    // The first of its kind may not wait for itself.
    const first = selects(pod, term, ownPlace(pod)) && ![...neighbours.pods].some((other) => selects(pod, term, other));
    if (!first || !node.metadata?.labels?.[term.topologyKey]) return "node(s) didn't match pod affinity rules";
  }
  for (const term of podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
    if (hasNeighbour(pod, node, term, neighbours)) return "node(s) didn't match pod anti-affinity rules";
  }
  return undefined;
}

const ownPlace = ({ metadata }: Pod): PlacedPod => ({
  node: "",
  namespace: metadata?.namespace ?? "",
  labels: metadata?.labels ?? {},
});

/** Whether a pod the term selects is in the node's part of the topology. */
function hasNeighbour(pod: Pod, node: Node, term: PodAffinityTerm, { pods, nodeLabels }: Neighbours): boolean {
  const place = node.metadata?.labels?.[term.topologyKey];
  if (place === undefined) return false;
  for (const other of pods) {
    if (nodeLabels(other.node)[term.topologyKey] === place && selects(pod, term, other)) return true;
  }
  return false;
}

function selects(pod: Pod, term: PodAffinityTerm, other: PlacedPod): boolean {
  const namespaces = term.namespaces?.length ? term.namespaces : [pod.metadata?.namespace ?? ""];
  if (!namespaces.includes(other.namespace)) return false;
  const own = (keys: readonly string[] | undefined, operator: "In" | "NotIn") =>
    (keys ?? []).flatMap((key) => {
      const value = pod.metadata?.labels?.[key];
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  const matchExpressions = [
    ...(term.labelSelector?.matchExpressions ?? []),
    ...own(term.matchLabelKeys, "In"),
    ...own(term.mismatchLabelKeys, "NotIn"),
  ];
  return (
    term.labelSelector !== undefined && matchesLabelSelector({ ...term.labelSelector, matchExpressions }, other.labels)
  );
}
