import { isBeingDeleted, type StatefulSetStatus } from "@homeostat/api";
import { isAvailable, isReady } from "../pods.ts";
import { revisionOf } from "./identity.ts";
import type { SetView } from "./plan.ts";

/** The status that follows from the pods. When every pod is of the new revision and ready, that one is the current. */
export function statefulSetStatus(view: SetView, collisionCount: number): StatefulSetStatus {
  const { set, pods, now, updateRevision } = view;
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const running = pods.filter((pod) => pod.status?.phase === "Running" && isReady(pod));
  const staying = pods.filter((pod) => !isBeingDeleted(pod));
  const ofRevision = (revision: string): number => staying.filter((pod) => revisionOf(pod) === revision).length;
  const updatedReplicas = ofRevision(updateRevision);
  const readyReplicas = running.length;
  const complete =
    set.spec?.updateStrategy?.type !== "OnDelete" &&
    updatedReplicas === pods.length &&
    readyReplicas === pods.length &&
    pods.length === (set.spec?.replicas ?? 1);
  const currentRevision = complete ? updateRevision : view.currentRevision;
  return {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: pods.length,
    readyReplicas,
    availableReplicas: running.filter((pod) => isAvailable(pod, minReadySeconds, now)).length,
    currentReplicas: ofRevision(currentRevision),
    updatedReplicas,
    currentRevision,
    updateRevision,
    collisionCount,
  };
}
