import type { DaemonSet, Node, Pod, Toleration } from "@homeostat/api";
import { selectsNode, untoleratedTaint } from "../../nodes/scheduler/node-selection.ts";

const tolerated = (name: string, effect: "NoExecute" | "NoSchedule"): Toleration => ({
  key: `node.kubernetes.io/${name}`,
  operator: "Exists",
  effect,
});

/** What every daemon pod tolerates: it belongs to its node, whatever state that is in. Source: `AddOrUpdateDaemonPodTolerations`. */
export function daemonTolerations(hostNetwork: boolean): readonly Toleration[] {
  return [
    tolerated("not-ready", "NoExecute"),
    tolerated("unreachable", "NoExecute"),
    tolerated("disk-pressure", "NoSchedule"),
    tolerated("memory-pressure", "NoSchedule"),
    tolerated("pid-pressure", "NoSchedule"),
    tolerated("unschedulable", "NoSchedule"),
    ...(hostNetwork ? [tolerated("network-unavailable", "NoSchedule")] : []),
  ];
}

/** A daemon's pod spec for one node: the scheduler puts it there by its affinity to the name. */
export function podSpecForNode(spec: NonNullable<Pod["spec"]>, node: string): NonNullable<Pod["spec"]> {
  const own = { matchFields: [{ key: "metadata.name", operator: "In" as const, values: [node] }] };
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const nodeSelectorTerms = required ? required.nodeSelectorTerms.map((term) => ({ ...term, ...own })) : [own];
  return {
    ...spec,
    tolerations: [...(spec.tolerations ?? []), ...daemonTolerations(spec.hostNetwork === true)],
    affinity: {
      ...spec.affinity,
      nodeAffinity: {
        ...spec.affinity?.nodeAffinity,
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
      },
    },
  };
}

/** The node a daemon pod is on, or is meant for. */
export function targetNode(pod: Pod): string | undefined {
  if (pod.spec?.nodeName) return pod.spec.nodeName;
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return terms?.flatMap((term) => term.matchFields ?? []).find(({ key }) => key === "metadata.name")?.values?.[0];
}

/** Whether the daemon starts on the node, and whether it stays when it is there. */
export function belongsOn(set: DaemonSet, node: Node): { readonly run: boolean; readonly stay: boolean } {
  const spec = set.spec?.template.spec ?? { containers: [] };
  if (spec.nodeName && spec.nodeName !== node.metadata?.name) return { run: false, stay: false };
  if (!selectsNode({ spec }, node)) return { run: false, stay: false };
  const tolerations = [...(spec.tolerations ?? []), ...daemonTolerations(spec.hostNetwork === true)];
  const run = untoleratedTaint(node, tolerations, ["NoSchedule", "NoExecute"]) === undefined;
  return { run, stay: run || untoleratedTaint(node, tolerations, ["NoExecute"]) === undefined };
}
