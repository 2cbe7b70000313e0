import { PersistentVolumeClaim, type Pod, StorageClass, type Stored } from "@homeostat/api";
import type { Client } from "@homeostat/runtime";

/** What the volumes of a pod mean for its placement. */
export type VolumeVerdict =
  | { readonly type: "ready" }
  /** Some claims are bound only when a node is named to them. */
  | { readonly type: "waits-for-node"; readonly claims: readonly Stored<PersistentVolumeClaim>[] }
  | { readonly type: "blocked"; readonly message: string };

/** Looks at the claims of a pod, ephemeral ones among them. */
export async function judgeVolumes(client: Client, pod: Stored<Pod>): Promise<VolumeVerdict> {
  const waiting: Stored<PersistentVolumeClaim>[] = [];
  for (const volume of pod.spec?.volumes ?? []) {
    const name =
      volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : undefined);
    if (name === undefined) continue;
    const claim = await client.find(PersistentVolumeClaim, { namespace: pod.metadata.namespace!, name });
    if (!claim) return { type: "blocked", message: `persistentvolumeclaim "${name}" not found` };
    if (claim.metadata.deletionTimestamp) {
      return { type: "blocked", message: `persistentvolumeclaim "${name}" is being deleted` };
    }
    if (claim.spec?.volumeName && claim.status?.phase === "Bound") continue;
    if (!(await bindsOnFirstUse(client, claim))) {
      return { type: "blocked", message: "pod has unbound immediate PersistentVolumeClaims" };
    }
    waiting.push(claim);
  }
  return waiting.length === 0 ? { type: "ready" } : { type: "waits-for-node", claims: waiting };
}

async function bindsOnFirstUse(client: Client, claim: Stored<PersistentVolumeClaim>): Promise<boolean> {
  const name = claim.spec?.storageClassName;
  if (!name) return false;
  return (await client.find(StorageClass, { name }))?.volumeBindingMode === "WaitForFirstConsumer";
}
