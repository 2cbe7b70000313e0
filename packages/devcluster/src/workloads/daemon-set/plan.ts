import { type DaemonSet, isBeingDeleted, type Node, type Pod, type Stored, scaledValue } from "@homeostat/api";
import { isAvailable, isTerminated } from "../pods.ts";
import { belongsOn, targetNode } from "./node-pods.ts";

export const revisionLabel = "controller-revision-hash";

export interface DaemonView {
  readonly set: Stored<DaemonSet>;
  readonly nodes: readonly Stored<Node>[];
  readonly pods: readonly Stored<Pod>[];
  /** Value of the revision label on up-to-date pods. */
  readonly hash: string;
  readonly now: number;
}

export interface DaemonPlan {
  /** Names of nodes that need a pod. */
  readonly create: readonly string[];
  readonly delete: readonly Stored<Pod>[];
  /** Of `delete`, those that ended by themselves. */
  readonly ended: readonly Stored<Pod>[];
}

export function podsByNode(pods: readonly Stored<Pod>[]): ReadonlyMap<string, readonly Stored<Pod>[]> {
  const byNode = new Map<string, Stored<Pod>[]>();
  for (const pod of pods) {
    const node = targetNode(pod);
    if (node !== undefined) byNode.set(node, [...(byNode.get(node) ?? []), pod]);
  }
  return byNode;
}

const isCurrent = (view: DaemonView, pod: Stored<Pod>): boolean => pod.metadata.labels?.[revisionLabel] === view.hash;
const available = (view: DaemonView, pod: Pod): boolean =>
  !isBeingDeleted(pod) && isAvailable(pod, view.set.spec?.minReadySeconds ?? 0, view.now);

/**
 * Which pods a DaemonSet makes and deletes next: one per node where it belongs, none elsewhere, ended ones made again,
 * and old revisions replaced as the update strategy allows. Source: kube-controller-manager, `daemon_controller.go` and
 * `update.go`.
 */
export function planDaemonSet(view: DaemonView): DaemonPlan {
  const byNode = podsByNode(view.pods);
  const create: string[] = [];
  const remove = new Set<Stored<Pod>>();
  const ended: Stored<Pod>[] = [];
  const names = new Set(view.nodes.map(({ metadata }) => metadata.name));
  for (const [node, pods] of byNode) if (!names.has(node)) for (const pod of pods) remove.add(pod);
  for (const node of view.nodes) {
    const pods = (byNode.get(node.metadata.name) ?? []).filter((pod) => !isBeingDeleted(pod));
    const { run, stay } = belongsOn(view.set, node);
    if (!stay) {
      for (const pod of pods) remove.add(pod);
      continue;
    }
    const living = pods.filter((pod) => !isTerminated(pod));
    for (const pod of pods.filter(isTerminated)) {
      ended.push(pod);
      remove.add(pod);
    }
    if (run && (byNode.get(node.metadata.name) ?? []).length === 0) create.push(node.metadata.name);
    for (const pod of surplus(view, living)) remove.add(pod);
  }
  const update = rollingUpdate(view, byNode);
  for (const pod of update.delete) remove.add(pod);
  return {
    create: [...create, ...update.create],
    delete: [...remove].filter((pod) => !isBeingDeleted(pod)),
    ended,
  };
}

/** Beyond one pod of each revision: the oldest that is available stays. */
function surplus(view: DaemonView, living: readonly Stored<Pod>[]): readonly Stored<Pod>[] {
  return [true, false].flatMap((current) => {
    const same = living.filter((pod) => isCurrent(view, pod) === current);
    const order = (pod: Stored<Pod>): string =>
      `${pod.spec?.nodeName ? 0 : 1} ${available(view, pod) ? 0 : 1} ${pod.metadata.creationTimestamp} ${pod.metadata.name}`;
    return [...same].sort((a, b) => (order(a) < order(b) ? -1 : 1)).slice(1);
  });
}

/** Pods that a rolling update may take away or add beside old ones, node by node. */
function rollingUpdate(
  view: DaemonView,
  byNode: ReadonlyMap<string, readonly Stored<Pod>[]>,
): { readonly create: readonly string[]; readonly delete: readonly Stored<Pod>[] } {
  const { type, rollingUpdate: limits } = view.set.spec?.updateStrategy ?? {};
  if (type === "OnDelete") return { create: [], delete: [] };
  const wanted = view.nodes.filter((node) => belongsOn(view.set, node).run).map(({ metadata }) => metadata.name);
  const maxSurge = scaledValue(limits?.maxSurge ?? 0, wanted.length, true);
  const found = scaledValue(limits?.maxUnavailable ?? 1, wanted.length, true);
  const maxUnavailable = found === 0 && maxSurge === 0 ? 1 : found;
  const states = wanted.map((node) => {
    const pods = (byNode.get(node) ?? []).filter((pod) => !isTerminated(pod));
    const current = pods.find((pod) => isCurrent(view, pod));
    return { node, pods, current, old: pods.find((pod) => pod !== current && !isBeingDeleted(pod)) };
  });
  return maxSurge > 0 ? surge(view, states, maxSurge) : deleteFirst(view, states, maxUnavailable);
}

interface NodeState {
  readonly node: string;
  readonly pods: readonly Stored<Pod>[];
  readonly current: Stored<Pod> | undefined;
  readonly old: Stored<Pod> | undefined;
}

function deleteFirst(view: DaemonView, states: readonly NodeState[], maxUnavailable: number) {
  const down = states.filter(({ pods }) => !pods.some((pod) => available(view, pod))).length;
  const replaceable = states.filter(({ current, old }) => !current && old);
  const broken = replaceable.filter(({ old }) => !available(view, old!));
  const healthy = replaceable.filter(({ old }) => available(view, old!)).slice(0, Math.max(0, maxUnavailable - down));
  // Left from a surge that the strategy no longer asks for.
  const doubled = states.filter(({ current, old }) => current && old && available(view, current));
  return { create: [], delete: [...broken, ...healthy, ...doubled].map(({ old }) => old!) };
}

function surge(view: DaemonView, states: readonly NodeState[], maxSurge: number) {
  const surging = states.filter(({ current, old }) => current && old);
  const done = surging.filter(({ current }) => available(view, current!));
  const next = states.filter(({ current, old }) => !current && old);
  const broken = next.filter(({ old }) => !available(view, old!));
  const healthy = next.filter(({ old }) => available(view, old!));
  const room = Math.max(0, maxSurge - (surging.length - done.length));
  return {
    create: healthy.slice(0, room).map(({ node }) => node),
    delete: [...done, ...broken].map(({ old }) => old!),
  };
}
