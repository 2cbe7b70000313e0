import { ignoreNotFound, PersistentVolume, PersistentVolumeClaim } from "@homeostat/api";
import type { ControllerDefinition } from "@homeostat/runtime";
import { clusterController } from "./cluster-controller.ts";
import { volumeFinalizer } from "./volume-match.ts";

export type VolumePhase = "Available" | "Bound" | "Released";

/**
 * Says in what phase a volume is, reclaims it when its claim is gone, and keeps one that is bound from being deleted.
 * Source: persistentvolume-binder and pv-protection controllers.
 */
export function volumeLifecycle(): ControllerDefinition<PersistentVolume> {
  return clusterController(PersistentVolume, "persistentvolume")
    .withPredicates()
    .watches(PersistentVolumeClaim, (claim) => {
      const name = claim.object().spec?.volumeName;
      return name ? [{ name }] : [];
    })
    .reconcile(async ({ object: volume, client, events }) => {
      const { name, uid, resourceVersion, deletionTimestamp, finalizers = [] } = volume.metadata;
      const reference = volume.spec?.claimRef;
      const claim = reference?.uid
        ? await client.find(PersistentVolumeClaim, { namespace: reference.namespace!, name: reference.name! })
        : undefined;
      const phase = volumePhase(reference?.uid, claim?.metadata.uid);
      const patch = (list: readonly string[]) =>
        client.patchMerge(PersistentVolume, { name }, { metadata: { resourceVersion, finalizers: [...list] } });
      if (deletionTimestamp !== undefined) {
        if (phase !== "Bound" && finalizers.includes(volumeFinalizer))
          await patch(finalizers.filter((finalizer) => finalizer !== volumeFinalizer));
        return;
      }
      if (!finalizers.includes(volumeFinalizer)) await patch([...finalizers, volumeFinalizer]);
      if (volume.status?.phase !== phase) {
        await client.status.patchMerge(PersistentVolume, { name }, { status: { phase } });
      }
      if (phase === "Released" && volume.spec?.persistentVolumeReclaimPolicy === "Delete") {
        await ignoreNotFound(client.delete(PersistentVolume, { name }, { preconditions: { uid } }));
        events.normal("VolumeDelete", `Deleted volume ${name}, as its claim is gone`);
      }
    });
}

/** Pure. @param reserved uid of the claim the volume is reserved for @param claim uid of the claim of that name */
export function volumePhase(reserved: string | undefined, claim: string | undefined): VolumePhase {
  if (!reserved) return "Available";
  return reserved === claim ? "Bound" : "Released";
}
