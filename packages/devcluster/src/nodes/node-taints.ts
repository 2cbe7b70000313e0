import { formatTime, isBeingDeleted, Node, type Taint } from "@homeostat/api";
import { type ControllerDefinition, controllerFor } from "@homeostat/runtime";
import { semanticallyEqual } from "../workloads/equality.ts";

const prefix = "node.kubernetes.io/";

/** Taints by condition and its bad states. A node that is not ready also loses the pods it has: `NoExecute`. */
const byCondition: readonly { type: string; status: string; key: string; evicts: boolean }[] = [
  { type: "Ready", status: "False", key: "not-ready", evicts: true },
  { type: "Ready", status: "Unknown", key: "unreachable", evicts: true },
  { type: "MemoryPressure", status: "True", key: "memory-pressure", evicts: false },
  { type: "DiskPressure", status: "True", key: "disk-pressure", evicts: false },
  { type: "PIDPressure", status: "True", key: "pid-pressure", evicts: false },
  { type: "NetworkUnavailable", status: "True", key: "network-unavailable", evicts: false },
];

/**
 * Keeps the taints that say what is wrong with a node: cordoned, not ready, under pressure. Source:
 * kube-controller-manager, `node_lifecycle_controller.go`.
 */
export function nodeTaintController(): ControllerDefinition<Node> {
  return controllerFor(Node, { name: "node-lifecycle-controller", retryBaseMs: 5, loopGuard: false })
    .withPredicates()
    .reconcile(async ({ object: node, client, clock }) => {
      if (isBeingDeleted(node)) return;
      const taints = taintsOf(node, formatTime(clock.now()));
      if (semanticallyEqual(taints, node.spec?.taints)) return;
      const next = { ...node, spec: { ...node.spec, taints } };
      await client.update(Node, next, { fieldManager: "kube-controller-manager" });
    });
}

/** The taints a node should have: those of others, and ours as its state demands. */
export function taintsOf(node: Node, now: string): readonly Taint[] {
  const wanted: Taint[] = node.spec?.unschedulable ? [{ key: `${prefix}unschedulable`, effect: "NoSchedule" }] : [];
  for (const { type, status, key, evicts } of byCondition) {
    if (!node.status?.conditions?.some((condition) => condition.type === type && condition.status === status)) continue;
    wanted.push({ key: prefix + key, effect: "NoSchedule" });
    if (evicts) wanted.push({ key: prefix + key, effect: "NoExecute" });
  }
  const old = node.spec?.taints ?? [];
  const isOurs = ({ key, effect }: Taint): boolean =>
    effect !== "PreferNoSchedule" &&
    key.startsWith(prefix) &&
    ["unschedulable", ...byCondition.map((each) => each.key)].includes(key.slice(prefix.length));
  const kept = old.filter((taint) => !isOurs(taint));
  return [
    ...kept,
    ...wanted.map(
      (taint) =>
        old.find(({ key, effect }) => key === taint.key && effect === taint.effect) ??
        // The time tells how long pods that tolerate it for a while may stay.
        (taint.effect === "NoExecute" ? { ...taint, timeAdded: now } : taint),
    ),
  ];
}
