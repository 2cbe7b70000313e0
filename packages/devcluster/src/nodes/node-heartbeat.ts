import {
  formatMicroTime,
  formatTime,
  isAlreadyExists,
  isBeingDeleted,
  isConflict,
  isNotFound,
  Lease,
  Node,
  type Stored,
} from "@homeostat/api";
import { type ControllerDefinition, controllerFor, type ReconcileContext } from "@homeostat/runtime";
import { isUnreachable } from "./node-state.ts";

/** How long a node counts as alive after a renewal. Source: kubelet, `nodeLeaseDurationSeconds`. */
const leaseDurationSeconds = 40;
/** A quarter of that. Source: kubelet, `nodeLeaseRenewIntervalFraction`. */
const renewEveryMs = 10_000;
/** How often a status in which nothing has changed is told again. Source: kubelet, `nodeStatusReportFrequency`. */
const reportEveryMs = 300_000;

const leaseNamespace = "kube-node-lease";
const asKubelet = { fieldManager: "kubelet" } as const;

/**
 * Shows that nodes are alive, as a kubelet does: each has a Lease in kube-node-lease that is renewed every ten seconds,
 * and every five minutes the conditions of its status say that they were looked at. A node that somebody has declared
 * unreachable (Ready is Unknown) is silent. Source: KEP-589.
 */
export function nodeHeartbeat(): ControllerDefinition<Node> {
  return controllerFor(Node, {
    name: "node-heartbeat",
    retryBaseMs: 5,
    pausePrefix: "devcluster.homeostat.dev",
    loopGuard: false,
  }).reconcile(async (context) => {
    const { object: node, clock } = context;
    if (isBeingDeleted(node)) return {};
    if (isUnreachable(node)) return { requeueAfterMs: renewEveryMs };
    const now = clock.now();
    const renewInMs = await renew(context, now);
    await report(context, now);
    return { requeueAfterMs: renewInMs };
  });
}

/** Returns when the next renewal is due, in milliseconds from now. Reads the server: an informer of all leases would cost more. */
async function renew({ object: node, client }: ReconcileContext<Node>, now: number): Promise<number> {
  const { name, uid } = node.metadata;
  const key = { namespace: leaseNamespace, name };
  const found = await client.find(Lease, key, { from: "live" });
  const leftMs = renewEveryMs - (now - Date.parse(found?.spec?.renewTime ?? ""));
  if (leftMs > 0 && leftMs <= renewEveryMs) return leftMs;
  const spec = { ...found?.spec, holderIdentity: name, leaseDurationSeconds, renewTime: formatMicroTime(now) };
  const ownerReferences = [{ apiVersion: "v1", kind: "Node", name, uid }];
  try {
    if (found) await client.update(Lease, { ...found, spec } as Stored<Lease>, asKubelet);
    else await client.create(Lease, { metadata: { ...key, ownerReferences }, spec }, asKubelet);
  } catch (error) {
    // Somebody else has written or removed it: there is another chance before it runs out.
    if (!isConflict(error) && !isNotFound(error) && !isAlreadyExists(error)) throw error;
  }
  return renewEveryMs;
}

async function report({ object: node, client }: ReconcileContext<Node>, now: number): Promise<void> {
  const conditions = node.status?.conditions ?? [];
  const isDue = conditions.some(({ lastHeartbeatTime }) => now - Date.parse(lastHeartbeatTime ?? "") >= reportEveryMs);
  if (!isDue) return;
  const lastHeartbeatTime = formatTime(now);
  const status = { ...node.status, conditions: conditions.map((each) => ({ ...each, lastHeartbeatTime })) };
  try {
    await client.status.update(Node, { ...node, status }, asKubelet);
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
}
