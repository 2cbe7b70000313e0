import { findCondition, formatTime, isConflict, isNotFound, type Node, Pod, type Stored } from "@homeostat/api";
import type { Client, Recorder } from "@homeostat/runtime";

export interface UnreachablePodsOptions {
  readonly client: Client;
  readonly recorder: Recorder | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Takes readiness from the pods of a node that nobody has heard from, so that services no longer lead to them. Only
 * the condition Ready says so: the rest of the status is as the kubelet last told it, and the kubelet puts it right when
 * it is back.
 *
 * @returns whether all of them say so; else one was changed by somebody meanwhile
 * Source: node lifecycle controller, `MarkPodsNotReady`.
 */
export async function markPodsUnready(node: Stored<Node>, options: UnreachablePodsOptions): Promise<boolean> {
  const { client, recorder, now } = options;
  const fieldSelector = `spec.nodeName=${node.metadata.name}`;
  const { items } = await client.list(Pod, { fieldSelector, from: "live" });
  let all = true;
  for (const pod of items) {
    if (findCondition(pod.status?.conditions, "Ready")?.status !== "True") continue;
    try {
      await client.status.update(Pod, unready(pod, now), { fieldManager: "kube-controller-manager" });
      recorder?.event(pod, { type: "Warning", reason: "NodeNotReady", message: "Node is not ready" });
    } catch (error) {
      if (isNotFound(error)) continue;
      if (!isConflict(error)) throw error;
      all = false;
    }
  }
  return all;
}

function unready(pod: Stored<Pod>, now: number): Stored<Pod> {
  const conditions = pod.status?.conditions?.map((each) =>
    each.type === "Ready" ? { ...each, status: "False" as const, lastTransitionTime: formatTime(now) } : each,
  );
  return { ...pod, status: { ...pod.status, ...(conditions ? { conditions } : {}) } };
}
