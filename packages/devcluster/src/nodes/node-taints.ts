import { formatTime, isBeingDeleted, Node, type Taint } from "@homeostat/api";
import { type ControllerDefinition, controllerFor, type ReconcileContext, type Recorder } from "@homeostat/runtime";
import { semanticallyEqual } from "../workloads/equality.ts";
import { isUnreachable } from "./node-state.ts";
import { markPodsUnready } from "./unreachable-pods.ts";

const prefix = "node.kubernetes.io/";
const unreachableTaint = `${prefix}unreachable`;

/** Taints by condition and its bad states. A node that is not ready also loses the pods it has: `NoExecute`. */
const byCondition: readonly { type: string; status: string; key: string; evicts: boolean }[] = [
  { type: "Ready", status: "False", key: "not-ready", evicts: true },
  { type: "Ready", status: "Unknown", key: "unreachable", evicts: true },
  { type: "MemoryPressure", status: "True", key: "memory-pressure", evicts: false },
  { type: "DiskPressure", status: "True", key: "disk-pressure", evicts: false },
  { type: "PIDPressure", status: "True", key: "pid-pressure", evicts: false },
  { type: "NetworkUnavailable", status: "True", key: "network-unavailable", evicts: false },
];

/** How often pods of an unreachable node are looked at again. Source: `--node-monitor-period`. */
const monitorMs = 5_000;

export interface NodeLifecycleOptions {
  /** Tells of pods that they lost their readiness. Default: nobody is told. */
  readonly recorder?: Recorder;
}

/**
 * Keeps the taints that say what is wrong with a node: cordoned, not ready, under pressure. Pods of a node that nobody
 * has heard from lose their readiness. Source: kube-controller-manager, `node_lifecycle_controller.go`.
 */
export function nodeTaintController({ recorder }: NodeLifecycleOptions = {}): ControllerDefinition<Node> {
  return controllerFor(Node, { name: "node-lifecycle-controller", retryBaseMs: 5, loopGuard: false })
    .withPredicates()
    .reconcile(async (context) => {
      const { object: node, client, clock } = context;
      if (isBeingDeleted(node)) return {};
      await keepTaints(context);
      if (!isUnreachable(node)) return {};
      const done = await markPodsUnready(node, { client, recorder, now: clock.now() });
      return { requeueAfterMs: done ? monitorMs : 5 };
    });
}

async function keepTaints({ object: node, client, clock, events }: ReconcileContext<Node>): Promise<void> {
  const taints = taintsOf(node, formatTime(clock.now()));
  if (semanticallyEqual(taints, node.spec?.taints)) return;
  const next = { ...node, spec: { ...node.spec, taints } };
  await client.update(Node, next, { fieldManager: "kube-controller-manager" });
  const isNew = !node.spec?.taints?.some(({ key }) => key === unreachableTaint);
  if (isUnreachable(node) && isNew)
    events.normal("NodeNotReady", `Node ${node.metadata.name} status is now: NodeNotReady`);
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
