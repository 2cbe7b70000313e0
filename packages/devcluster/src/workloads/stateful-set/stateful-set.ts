import {
  ControllerRevision,
  isAlreadyExists,
  isBeingDeleted,
  isNotFound,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
  type Stored,
} from "@homeostat/api";
import type { ControllerDefinition, ReconcileContext, Result } from "@homeostat/runtime";
import { claim } from "../claim.ts";
import { deleteOldRevisions, type Revisions, syncRevisions, templateOf } from "../controller-revisions.ts";
import { errorText, isNamespaceTerminating, nextAvailableMs } from "../pods.ts";
import { wakeOrphansOwners } from "../wake-orphans-owners.ts";
import { asControllerManager, type WorkloadOptions, workloadController } from "../workload-controller.ts";
import { writeStatus } from "../write-status.ts";
import { claimOwners, newClaims, newPod, ordinalOf, podName, revisionOf } from "./identity.ts";
import { type Action, planStatefulSet, type SetView } from "./plan.ts";
import { statefulSetStatus } from "./status.ts";

/** Runs pods with identities of their own: numbered names, host names and volumes that outlive them. */
export function statefulSetController(options: WorkloadOptions): ControllerDefinition<StatefulSet> {
  return workloadController(StatefulSet, "statefulset-controller", options)
    .owns(Pod)
    .watches(Pod, { handler: wakeOrphansOwners(StatefulSet, ({ spec }) => spec?.selector) })
    .owns(ControllerRevision)
    .reconcile(reconcile);
}

async function reconcile(context: ReconcileContext<StatefulSet>): Promise<Result> {
  const { object: set, client, clock } = context;
  const { selector, template, revisionHistoryLimit = 10, minReadySeconds = 0 } = set.spec!;
  const claimed = await claim(context, StatefulSet, Pod, selector);
  const pods = claimed.filter((pod) => ordinalOf(set, pod) !== undefined);
  const revisions = await syncRevisions(context, {
    resource: StatefulSet,
    selector,
    template,
    collisionCount: set.status?.collisionCount ?? 0,
    hashLabel: "controller.kubernetes.io/hash",
  });
  const update = revisions.update.metadata.name;
  const known = revisions.all.some(({ metadata }) => metadata.name === set.status?.currentRevision);
  const view: SetView = {
    set,
    pods,
    currentRevision: known ? set.status!.currentRevision! : update,
    updateRevision: update,
    now: clock.now(),
  };
  let error: unknown;
  if (!isBeingDeleted(set)) {
    try {
      await keepClaims(context, pods);
      for (const action of planStatefulSet(view)) await act(context, action, revisions);
    } catch (failure) {
      if (!isNamespaceTerminating(failure)) error = failure;
    }
  }
  await writeStatus(client, StatefulSet, set, statefulSetStatus(view, revisions.collisionCount));
  if (error !== undefined) throw error;
  const inUse = new Set([view.currentRevision, update, ...pods.map((pod) => revisionOf(pod) ?? "")]);
  await deleteOldRevisions(context, revisions.all, inUse, revisionHistoryLimit);
  const requeueAfterMs = nextAvailableMs(pods, minReadySeconds, clock.now());
  return requeueAfterMs === undefined ? {} : { requeueAfterMs };
}

async function act(context: ReconcileContext<StatefulSet>, action: Action, revisions: Revisions): Promise<void> {
  const { object: set, events } = context;
  switch (action.type) {
    case "create": {
      const revision = revisions.all.find(({ metadata }) => metadata.name === action.revision) ?? revisions.update;
      await createClaims(context, action.ordinal);
      return createPod(context, newPod(set, templateOf(revision), action.ordinal, revision.metadata.name));
    }
    case "replace": {
      const { name } = action.pod.metadata;
      const reason = action.pod.status?.phase === "Failed" ? "RecreatingFailedPod" : "RecreatingTerminatedPod";
      const ended = action.pod.status?.phase === "Failed" ? "failed" : "terminated";
      events.normal(
        reason,
        `StatefulSet ${set.metadata.namespace}/${set.metadata.name} is recreating ${ended} Pod ${name}`,
      );
      return deletePod(context, action.pod);
    }
    case "remove":
      await ownClaims(context, action.ordinal, action.pod);
      return deletePod(context, action.pod);
    case "update":
      return deletePod(context, action.pod);
  }
}

async function createPod({ object: set, client, events }: ReconcileContext<StatefulSet>, pod: Pod): Promise<void> {
  const what = `Pod ${pod.metadata?.name} in StatefulSet ${set.metadata.name}`;
  try {
    await client.create(Pod, pod, asControllerManager);
    events.normal("SuccessfulCreate", `create ${what} successful`);
  } catch (error) {
    // One of an earlier try, or somebody else's: then the next reconcile sees it and waits until it is gone.
    if (isNamespaceTerminating(error)) throw error;
    events.warning("FailedCreate", `create ${what} failed error: ${errorText(error)}`);
    throw error;
  }
}

async function deletePod(
  { object: set, client, events }: ReconcileContext<StatefulSet>,
  pod: Stored<Pod>,
): Promise<void> {
  const what = `Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
  try {
    await client.delete(Pod, pod.metadata, { preconditions: { uid: pod.metadata.uid } });
    events.normal("SuccessfulDelete", `delete ${what} successful`);
  } catch (error) {
    if (isNotFound(error)) return;
    events.warning("FailedDelete", `delete ${what} failed error: ${errorText(error)}`);
    throw error;
  }
}

async function createClaims(context: ReconcileContext<StatefulSet>, ordinal: number): Promise<void> {
  const { object: set, client, events } = context;
  for (const wanted of newClaims(set, ordinal)) {
    const name = wanted.metadata!.name!;
    const what = `Claim ${name} Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name}`;
    if (await client.find(PersistentVolumeClaim, { namespace: set.metadata.namespace!, name })) continue;
    try {
      await client.create(PersistentVolumeClaim, wanted, asControllerManager);
      events.normal("SuccessfulCreate", `create ${what} success`);
    } catch (error) {
      if (isAlreadyExists(error)) continue;
      if (!isNamespaceTerminating(error))
        events.warning("FailedCreate", `create ${what} failed error: ${errorText(error)}`);
      throw error;
    }
  }
}

/** Brings the owners of the claims to what the retention policy says, which may have changed. */
async function keepClaims(context: ReconcileContext<StatefulSet>, pods: readonly Stored<Pod>[]): Promise<void> {
  const { object: set } = context;
  if ((set.spec?.volumeClaimTemplates ?? []).length === 0) return;
  for (const pod of pods) if (!isBeingDeleted(pod)) await ownClaims(context, ordinalOf(set, pod)!, undefined);
}

async function ownClaims(
  { object: set, client }: ReconcileContext<StatefulSet>,
  ordinal: number,
  condemned: Stored<Pod> | undefined,
): Promise<void> {
  for (const { metadata } of newClaims(set, ordinal)) {
    const key = { namespace: set.metadata.namespace!, name: metadata!.name! };
    const existing = await client.find(PersistentVolumeClaim, key);
    const next = existing && claimOwners(set, existing, condemned);
    if (existing && next) {
      await client.update(PersistentVolumeClaim, { ...existing, metadata: next }, asControllerManager);
    }
  }
}
