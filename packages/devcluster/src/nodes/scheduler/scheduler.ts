import {
  type Binding,
  findCondition,
  formatTime,
  isBeingDeleted,
  isConflict,
  isNotFound,
  type KubeObject,
  Node,
  PersistentVolumeClaim,
  Pod,
  type Stored,
} from "@homeostat/api";
import {
  type ControllerDefinition,
  controllerFor,
  type EventHandler,
  type ReconcileContext,
  type Request,
} from "@homeostat/runtime";
import { AllNodes } from "./all-nodes.ts";
import { noFitMessage, obstacle } from "./fit.ts";
import { NodeUsage } from "./node-usage.ts";
import { neighbourObstacle } from "./pod-affinity.ts";
import { judgeVolumes } from "./volumes.ts";

const asScheduler = { fieldManager: "kube-scheduler" } as const;

/**
 * Puts pods on nodes: of those that fit, the one with the fewest pods, then the first by name. A pod that fits nowhere
 * says why (PodScheduled, event FailedScheduling) and is tried again when a node, a claim or another pod changes.
 *
 * Left out of the real scheduler: preferences, spread constraints, host ports, preemption.
 */
export function scheduler(): ControllerDefinition<Pod> {
  const usage = new NodeUsage();
  const allNodes = new AllNodes();
  const waiting = new Map<string, Request>();
  const wakeWaiting: EventHandler<KubeObject> = (_, enqueue) => {
    for (const request of waiting.values()) enqueue(request);
  };
  return (
    controllerFor(Pod, { name: "scheduler", retryBaseMs: 5, pausePrefix: "devcluster.homeostat.dev", loopGuard: false })
      .withPredicates()
      .watches(Pod, {
        handler(event, enqueue, cache) {
          usage.observe(event);
          if (event.type !== "deleted") return;
          waiting.delete(event.object.metadata.uid);
          wakeWaiting(event, enqueue, cache);
        },
      })
      .watches(Node, { handler: wakeWaiting })
      .watches(PersistentVolumeClaim, { handler: wakeWaiting })
      // One pod after the other: each must see where the last one went.
      .reconcile((context) => schedule(context, { usage, allNodes, waiting }))
  );
}

/** What is known from one pod to the next. */
interface Knowledge {
  readonly usage: NodeUsage;
  readonly allNodes: AllNodes;
  /** Pods that fit nowhere, by uid. */
  readonly waiting: Map<string, Request>;
}

async function schedule(context: ReconcileContext<Pod>, { usage, allNodes, waiting }: Knowledge): Promise<void> {
  const { object: pod, client } = context;
  const { uid } = pod.metadata;
  waiting.delete(uid);
  const { nodeName, schedulerName = "default-scheduler", schedulingGates = [] } = pod.spec!;
  if (nodeName || isBeingDeleted(pod) || schedulerName !== "default-scheduler" || schedulingGates.length > 0) return;

  const volumes = await judgeVolumes(client, pod);
  const nodes = allNodes.of(context.cache);
  const labels = new Map(nodes.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  const neighbours = {
    pods: { [Symbol.iterator]: () => usage.placed()[Symbol.iterator]() },
    nodeLabels: (name: string) => labels.get(name) ?? {},
  };
  const obstacles = nodes.map(
    (node) => obstacle(pod, node, usage.of(node.metadata.name)) ?? neighbourObstacle(pod, node, neighbours),
  );
  const fitting = nodes.filter((_, index) => obstacles[index] === undefined);
  if (volumes.type === "blocked" || fitting.length === 0) {
    waiting.set(uid, context.request);
    const message =
      volumes.type === "blocked"
        ? `0/${nodes.length} nodes are available: ${volumes.message}.`
        : noFitMessage(obstacles.map((text) => text!));
    return refuse(context, message);
  }
  const podsOn = (node: Stored<Node>): number => usage.of(node.metadata.name)["pods"] ?? 0;
  const node = fitting.reduce((best, next) => (podsOn(next) < podsOn(best) ? next : best));
  if (volumes.type === "waits-for-node") {
    waiting.set(uid, context.request);
    return nameNodeTo(context, volumes.claims, node.metadata.name);
  }
  await bind(context, node.metadata.name);
  usage.add(uid, node.metadata.name, pod);
}

async function bind({ object: pod, client, events }: ReconcileContext<Pod>, node: string): Promise<void> {
  const { name, namespace, uid } = pod.metadata;
  const binding: Binding = {
    apiVersion: "v1",
    kind: "Binding",
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid },
    target: { apiVersion: "v1", kind: "Node", name: node },
  };
  try {
    await client.subresource("binding").create(Pod, pod.metadata, binding, asScheduler);
  } catch (error) {
    // Gone, or bound by somebody else.
    if (isNotFound(error) || isConflict(error)) return;
    throw error;
  }
  events.normal("Scheduled", `Successfully assigned ${namespace}/${name} to ${node}`);
}

async function refuse({ object: pod, client, events, clock }: ReconcileContext<Pod>, message: string): Promise<void> {
  const old = findCondition(pod.status?.conditions, "PodScheduled");
  if (old?.reason === "Unschedulable" && old.message === message) return;
  events.warning("FailedScheduling", message);
  const condition = {
    type: "PodScheduled",
    status: "False",
    reason: "Unschedulable",
    message,
    lastTransitionTime: old?.status === "False" ? (old.lastTransitionTime ?? null) : formatTime(clock.now()),
  };
  const others = pod.status?.conditions?.filter(({ type }) => type !== "PodScheduled") ?? [];
  const status = { ...pod.status, conditions: [...others, condition] };
  await client.status.update(Pod, { ...pod, status }, asScheduler);
}

/** Claims that wait for their first consumer are told the node, and the pod follows when they are bound. */
async function nameNodeTo(
  { client }: ReconcileContext<Pod>,
  claims: readonly Stored<PersistentVolumeClaim>[],
  node: string,
): Promise<void> {
  const annotation = "volume.kubernetes.io/selected-node";
  for (const claim of claims) {
    if (claim.metadata.annotations?.[annotation]) continue;
    const patch = { metadata: { annotations: { [annotation]: node } } };
    await client.patchMerge(PersistentVolumeClaim, claim.metadata, patch, asScheduler);
  }
}
