import {
  controllerOf,
  ownerReference,
  type PersistentVolumeClaim,
  type Pod,
  type PodTemplateSpec,
  StatefulSet,
  type Stored,
} from "@homeostat/api";
import { podFromTemplate } from "../pods.ts";

export const revisionLabel = "controller-revision-hash";
const podNameLabel = "statefulset.kubernetes.io/pod-name";
const podIndexLabel = "apps.kubernetes.io/pod-index";

export const firstOrdinal = (set: StatefulSet): number => set.spec?.ordinals?.start ?? 0;
export const wantedReplicas = (set: StatefulSet): number => set.spec?.replicas ?? 1;

export const podName = (set: Stored<StatefulSet>, ordinal: number): string => `${set.metadata.name}-${ordinal}`;

/** The number at the end of a pod's name; undefined where the name is not one of the set's. */
export function ordinalOf(set: Stored<StatefulSet>, pod: Stored<Pod>): number | undefined {
  const prefix = `${set.metadata.name}-`;
  const rest = pod.metadata.name.startsWith(prefix) ? pod.metadata.name.slice(prefix.length) : "";
  return /^\d+$/.test(rest) ? Number(rest) : undefined;
}

export const revisionOf = (pod: Pod): string | undefined => pod.metadata?.labels?.[revisionLabel];

/** The pod of an ordinal: its name, host name, volumes and labels stay the same whenever it is made again. */
export function newPod(set: Stored<StatefulSet>, template: PodTemplateSpec, ordinal: number, revision: string): Pod {
  const name = podName(set, ordinal);
  const claims = set.spec?.volumeClaimTemplates ?? [];
  const claimed = new Set(claims.map((claim) => claim.metadata?.name));
  const volumes = [
    ...claims.map((claim) => ({
      name: claim.metadata!.name!,
      persistentVolumeClaim: { claimName: claimName(set, claim, ordinal) },
    })),
    ...(template.spec?.volumes ?? []).filter((volume) => !claimed.has(volume.name)),
  ];
  return podFromTemplate(template, set, StatefulSet, {
    name,
    labels: { [podNameLabel]: name, [podIndexLabel]: String(ordinal), [revisionLabel]: revision },
    spec: {
      hostname: name,
      ...(set.spec?.serviceName ? { subdomain: set.spec.serviceName } : {}),
      ...(volumes.length > 0 ? { volumes } : {}),
    },
  });
}

const claimName = (set: Stored<StatefulSet>, claim: PersistentVolumeClaim, ordinal: number): string =>
  `${claim.metadata?.name}-${set.metadata.name}-${ordinal}`;

/** The claims of an ordinal. They stay when the pod goes, unless the retention policy says otherwise. */
export function newClaims(set: Stored<StatefulSet>, ordinal: number): readonly PersistentVolumeClaim[] {
  const owner = deletesClaimsWithSet(set) ? [ownerReference(set, { controller: true, resource: StatefulSet })] : [];
  return (set.spec?.volumeClaimTemplates ?? []).map((claim) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      ...claim.metadata,
      name: claimName(set, claim, ordinal),
      namespace: set.metadata.namespace!,
      labels: { ...claim.metadata?.labels, ...set.spec?.selector.matchLabels },
      ...(owner.length > 0 ? { ownerReferences: owner } : {}),
    },
    spec: claim.spec!,
  }));
}

const policyOf = (set: StatefulSet) => set.spec?.persistentVolumeClaimRetentionPolicy;
export const deletesClaimsWithSet = (set: StatefulSet): boolean => policyOf(set)?.whenDeleted === "Delete";
export const deletesClaimsWithPod = (set: StatefulSet): boolean => policyOf(set)?.whenScaled === "Delete";

/**
 * Who a claim should belong to by the retention policy: the set, or the pod that is about to go for good. Claims that
 * another controller has are left alone.
 *
 * @returns undefined where it is so already
 */
export function claimOwners(
  set: Stored<StatefulSet>,
  claim: Stored<PersistentVolumeClaim>,
  condemned: Stored<Pod> | undefined,
): PersistentVolumeClaim["metadata"] {
  const controller = controllerOf(claim);
  const references = claim.metadata.ownerReferences ?? [];
  const mine = (uid: string): boolean => references.some((reference) => reference.uid === uid);
  if (condemned && deletesClaimsWithPod(set)) {
    if (mine(condemned.metadata.uid)) return undefined;
    const reference = { apiVersion: "v1", kind: "Pod", name: condemned.metadata.name, uid: condemned.metadata.uid };
    return {
      ...claim.metadata,
      ownerReferences: [...references.filter(({ uid }) => uid !== set.metadata.uid), reference],
    };
  }
  if (controller && controller.uid !== set.metadata.uid) return undefined;
  const kept = references.filter(({ uid, kind }) => uid !== set.metadata.uid && kind !== "Pod");
  if (deletesClaimsWithSet(set)) {
    if (mine(set.metadata.uid)) return undefined;
    const reference = ownerReference(set, { controller: true, resource: StatefulSet });
    return { ...claim.metadata, ownerReferences: [...kept, reference] };
  }
  return kept.length === references.length ? undefined : { ...claim.metadata, ownerReferences: kept };
}
