import {
  ControllerRevision,
  DaemonSet,
  type DaemonSetStatus,
  isBeingDeleted,
  isNotFound,
  Node,
  Pod,
  type Stored,
} from "@homeostat/api";
import type { ControllerDefinition, ReconcileContext, Result } from "@homeostat/runtime";
import { claim } from "../claim.ts";
import { deleteOldRevisions, syncRevisions } from "../controller-revisions.ts";
import { errorText, isAvailable, isNamespaceTerminating, isReady, nextAvailableMs, podFromTemplate } from "../pods.ts";
import { slowStart } from "../slow-start.ts";
import { wakeOrphansOwners } from "../wake-orphans-owners.ts";
import { asControllerManager, type WorkloadOptions, workloadController } from "../workload-controller.ts";
import { writeStatus } from "../write-status.ts";
import { belongsOn, podSpecForNode } from "./node-pods.ts";
import { type DaemonView, planDaemonSet, podsByNode, revisionLabel } from "./plan.ts";

const templateGenerationLabel = "pod-template-generation";
const templateGenerationAnnotation = "deprecated.daemonset.template.generation";

/** Keeps a pod on every node that a DaemonSet chooses. */
export function daemonSetController(options: WorkloadOptions): ControllerDefinition<DaemonSet> {
  return workloadController(DaemonSet, "daemonset-controller", options)
    .owns(Pod)
    .watches(Pod, { handler: wakeOrphansOwners(DaemonSet, ({ spec }) => spec?.selector) })
    .owns(ControllerRevision)
    .watches(Node, (_, cache) =>
      [...(cache.store(DaemonSet)?.entries() ?? [])].map(({ metadata }) => ({
        name: metadata.name,
        namespace: metadata.namespace!,
      })),
    )
    .reconcile(reconcile);
}

async function reconcile(context: ReconcileContext<DaemonSet>): Promise<Result> {
  const { object: set, client, clock } = context;
  const { selector, template, revisionHistoryLimit = 10, minReadySeconds = 0 } = set.spec!;
  const pods = await claim(context, DaemonSet, Pod, selector);
  const revisions = await syncRevisions(context, {
    resource: DaemonSet,
    selector,
    template,
    collisionCount: set.status?.collisionCount ?? 0,
    hashLabel: revisionLabel,
  });
  const { items: nodes } = await client.list(Node);
  const hash = revisions.update.metadata.labels?.[revisionLabel] ?? "";
  const view: DaemonView = { set, nodes, pods, hash, now: clock.now() };
  const error = isBeingDeleted(set) ? undefined : await manage(context, view);
  await writeStatus(client, DaemonSet, set, daemonSetStatus(view, revisions.collisionCount));
  if (error !== undefined) throw error;
  const inUse = new Set([
    revisions.update.metadata.name,
    ...pods.map((pod) => `${set.metadata.name}-${pod.metadata.labels?.[revisionLabel]}`),
  ]);
  await deleteOldRevisions(context, revisions.all, inUse, revisionHistoryLimit);
  const requeueAfterMs = nextAvailableMs(pods, minReadySeconds, clock.now());
  return requeueAfterMs === undefined ? {} : { requeueAfterMs };
}

/** @returns the first error */
async function manage(context: ReconcileContext<DaemonSet>, view: DaemonView): Promise<unknown> {
  const { events } = context;
  const plan = planDaemonSet(view);
  for (const pod of plan.ended) {
    const { name } = pod.metadata;
    const failed = pod.status?.phase === "Failed";
    const message = `Found ${failed ? "failed" : "succeeded"} daemon pod ${pod.metadata.namespace}/${name} on node ${pod.spec?.nodeName}, will try to ${failed ? "kill" : "delete"} it`;
    if (failed) events.warning("FailedDaemonPod", message);
    else events.normal("SucceededDaemonPod", message);
  }
  const created = await slowStart(plan.create.length, (index) => createPod(context, view, plan.create[index]!));
  const deleted = await Promise.allSettled(plan.delete.map((pod) => deletePod(context, pod)));
  const error = created.error ?? deleted.find((result) => result.status === "rejected")?.reason;
  return isNamespaceTerminating(error) ? undefined : error;
}

async function createPod(
  { object: set, client, events }: ReconcileContext<DaemonSet>,
  { hash }: DaemonView,
  node: string,
): Promise<void> {
  const { template } = set.spec!;
  const generation = set.metadata.annotations?.[templateGenerationAnnotation] ?? "1";
  const pod = podFromTemplate(template, set, DaemonSet, {
    generateName: `${set.metadata.name}-`,
    labels: { [revisionLabel]: hash, [templateGenerationLabel]: generation },
    spec: podSpecForNode(template.spec ?? { containers: [] }, node),
  });
  try {
    const { metadata } = await client.create(Pod, pod, asControllerManager);
    events.normal("SuccessfulCreate", `Created pod: ${metadata.name}`);
  } catch (error) {
    if (!isNamespaceTerminating(error)) events.warning("FailedCreate", `Error creating: ${errorText(error)}`);
    throw error;
  }
}

async function deletePod({ client, events }: ReconcileContext<DaemonSet>, pod: Stored<Pod>): Promise<void> {
  const { name, uid } = pod.metadata;
  try {
    await client.delete(Pod, pod.metadata, { preconditions: { uid } });
    events.normal("SuccessfulDelete", `Deleted pod: ${name}`);
  } catch (error) {
    if (isNotFound(error)) return;
    events.warning("FailedDelete", `Error deleting: ${errorText(error)}`);
    throw error;
  }
}

/** The status that follows from nodes and pods: on each node the oldest living pod counts. */
export function daemonSetStatus(view: DaemonView, collisionCount: number): DaemonSetStatus {
  const { set, nodes, now, hash } = view;
  const byNode = podsByNode(view.pods);
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  let desired = 0;
  let misscheduled = 0;
  const counted: Stored<Pod>[] = [];
  const updated = new Set<string>();
  for (const node of nodes) {
    const pods = (byNode.get(node.metadata.name) ?? [])
      .filter((pod) => !isBeingDeleted(pod))
      .sort((a, b) => (a.metadata.creationTimestamp! < b.metadata.creationTimestamp! ? -1 : 1));
    if (!belongsOn(set, node).run) {
      if (pods.length > 0) misscheduled++;
      continue;
    }
    desired++;
    // A pod that serves counts before one that is only on its way.
    const best = pods.find((pod) => isAvailable(pod, minReadySeconds, now)) ?? pods.find(isReady) ?? pods[0];
    if (best) counted.push(best);
    if (pods.some((pod) => pod.metadata.labels?.[revisionLabel] === hash)) updated.add(node.metadata.name);
  }
  const available = counted.filter((pod) => isAvailable(pod, minReadySeconds, now)).length;
  return {
    desiredNumberScheduled: desired,
    currentNumberScheduled: counted.length,
    numberMisscheduled: misscheduled,
    numberReady: counted.filter(isReady).length,
    numberAvailable: available,
    numberUnavailable: desired - available,
    updatedNumberScheduled: updated.size,
    observedGeneration: set.metadata.generation ?? 0,
    collisionCount,
  };
}
