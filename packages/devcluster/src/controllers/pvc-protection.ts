import { PersistentVolumeClaim, Pod } from "@homeostat/api";
import type { CachedObject, ControllerDefinition, Request } from "@homeostat/runtime";
import { clusterController } from "./cluster-controller.ts";
import { isPodTerminal } from "./pod-state.ts";

const finalizer = "kubernetes.io/pvc-protection";

/**
 * Keeps a claim that is being deleted until no pod uses it. Source: KEP "Postpone deletion of a PVC in use by a pod";
 * pvc-protection controller.
 */
export function pvcProtection(): ControllerDefinition<PersistentVolumeClaim> {
  return clusterController(PersistentVolumeClaim, "pvc-protection")
    .watches(Pod, claimsOfPod)
    .reconcile(async ({ object, client }) => {
      const { namespace, name, deletionTimestamp, resourceVersion, finalizers = [] } = object.metadata;
      const key = { namespace: namespace!, name };
      const patch = (list: readonly string[]) =>
        client.patchMerge(PersistentVolumeClaim, key, { metadata: { resourceVersion, finalizers: [...list] } });
      if (deletionTimestamp === undefined) {
        if (!finalizers.includes(finalizer)) await patch([...finalizers, finalizer]);
        return;
      }
      if (!finalizers.includes(finalizer)) return;
      const { items: pods } = await client.list(Pod, { namespace: namespace!, from: "live" });
      if (pods.some((pod) => usesClaim(pod, name))) return;
      await patch(finalizers.filter((each) => each !== finalizer));
    });
}

/** Names of the claims a pod uses; generic ephemeral volumes have theirs named after pod and volume. Pure. */
export function claimNames(pod: Pod): string[] {
  return (pod.spec?.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim) return volume.persistentVolumeClaim.claimName;
    return volume.ephemeral ? `${pod.metadata?.name}-${volume.name}` : [];
  });
}

/** A pod that has ended, or was never given to a node, holds nothing. */
export function usesClaim(pod: Pod, claim: string): boolean {
  return !!pod.spec?.nodeName && !isPodTerminal(pod) && claimNames(pod).includes(claim);
}

export function claimsOfPod(pod: CachedObject<Pod>): Request[] {
  return claimNames(volumesOf(pod)).map((name) => ({ namespace: pod.metadata.namespace!, name }));
}

/** Of a pod only its volumes, from the bytes: every event of every pod comes by here. */
function volumesOf(pod: CachedObject<Pod>): Pod {
  if (!pod.field) return pod.object();
  const { name } = pod.metadata;
  return { metadata: { name }, spec: { volumes: pod.field(["spec", "volumes"]) } } as Pod;
}
