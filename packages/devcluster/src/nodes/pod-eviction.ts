import {
  findCondition,
  formatTime,
  isBeingDeleted,
  isNotFound,
  Node,
  Pod,
  type PodCondition,
  type Stored,
  type Taint,
  type Toleration,
} from "@homeostat/api";
import { type ControllerDefinition, controllerFor, type ReconcileContext, type Result } from "@homeostat/runtime";
import { isNodeReady } from "./node-state.ts";
import { tolerates } from "./scheduler/node-selection.ts";

const asControllerManager = { fieldManager: "kube-controller-manager" } as const;

/**
 * Takes pods away from nodes that are gone, or that have taints they do not, or no longer, tolerate. Source:
 * kube-controller-manager, `podgc` and `tainteviction`.
 */
export function podEvictionController(): ControllerDefinition<Pod> {
  return controllerFor(Pod, {
    name: "pod-eviction-controller",
    concurrency: 5,
    retryBaseMs: 5,
    pausePrefix: "devcluster.homeostat.dev",
    loopGuard: false,
  })
    .withPredicates()
    .watches(Node, {
      handler({ type, object, ...event }, enqueue, cache) {
        if (type === "updated" && "old" in event && sameTaints(object.object(), event.old.object())) return;
        for (const { metadata } of cache.store(Pod)?.entries() ?? []) {
          enqueue({ name: metadata.name, namespace: metadata.namespace! });
        }
      },
    })
    .reconcile(reconcile);
}

const sameTaints = (a: Node, b: Node): boolean => JSON.stringify(a.spec?.taints) === JSON.stringify(b.spec?.taints);

async function reconcile(context: ReconcileContext<Pod>): Promise<Result> {
  const { object: pod, client, clock, events } = context;
  const name = pod.spec?.nodeName;
  if (!name) return {};
  const node = (await client.find(Node, { name })) ?? (await client.find(Node, { name }, { from: "live" }));
  if (isBeingDeleted(pod)) {
    if (node && isOutOfService(node)) await remove(context, 0);
    return {};
  }
  if (!node) {
    await disrupt(context, "DeletionByPodGC", "PodGC: node no longer exists", "Failed");
    await remove(context, 0);
    return {};
  }
  const taints = node.spec?.taints?.filter(({ effect }) => effect === "NoExecute") ?? [];
  const at = evictionTime(pod, taints, clock.now());
  if (at === undefined) return {};
  if (at > clock.now()) return { requeueAfterMs: at - clock.now() };
  const { namespace } = pod.metadata;
  events.normal("TaintManagerEviction", `Marking for deletion Pod ${namespace}/${pod.metadata.name}`);
  await disrupt(context, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint");
  await remove(context, undefined);
  return {};
}

/** Somebody vouches that nothing runs on a node that is down, so nobody has to wait for its pods. Source: KEP-2268. */
const isOutOfService = (node: Node): boolean =>
  !isNodeReady(node) && (node.spec?.taints?.some(({ key }) => key === "node.kubernetes.io/out-of-service") ?? false);

/** When taints end a pod, in milliseconds since the epoch; undefined where it may stay. */
export function evictionTime(pod: Pod, taints: readonly Taint[], now: number): number | undefined {
  let earliest: number | undefined;
  for (const taint of taints) {
    const fitting = (pod.spec?.tolerations ?? []).filter((toleration) => tolerates(toleration, taint));
    const at = endOfToleration(fitting, taint, now);
    if (at !== undefined) earliest = Math.min(earliest ?? at, at);
  }
  return earliest;
}

function endOfToleration(fitting: readonly Toleration[], taint: Taint, now: number): number | undefined {
  if (fitting.length === 0) return now;
  const seconds = fitting.flatMap(({ tolerationSeconds }) =>
    tolerationSeconds === undefined ? [] : [tolerationSeconds],
  );
  if (seconds.length === 0) return undefined;
  const since = taint.timeAdded ? Date.parse(taint.timeAdded) : now;
  return since + Math.max(0, Math.min(...seconds)) * 1000;
}

/** Says on the pod that it was not its own doing: Jobs and budgets look at that. Source: KEP-3329. */
async function disrupt(
  { object: pod, client, clock }: ReconcileContext<Pod>,
  reason: string,
  message: string,
  phase?: "Failed",
): Promise<void> {
  const ended = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
  if (ended || findCondition(pod.status?.conditions, "DisruptionTarget")?.status === "True") return;
  const condition: PodCondition = {
    type: "DisruptionTarget",
    status: "True",
    reason,
    message,
    lastTransitionTime: formatTime(clock.now()),
  };
  const conditions = [...(pod.status?.conditions ?? []), condition];
  const next: Stored<Pod> = { ...pod, status: { ...pod.status, conditions, ...(phase ? { phase } : {}) } };
  await client.status.update(Pod, next, asControllerManager);
}

async function remove({ object: pod, client }: ReconcileContext<Pod>, grace: 0 | undefined): Promise<void> {
  const { uid } = pod.metadata;
  try {
    await client.delete(Pod, pod.metadata, {
      preconditions: { uid },
      ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
