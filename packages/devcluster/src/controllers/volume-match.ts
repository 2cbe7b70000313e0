import {
  compareQuantities,
  labelMatcher,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
  type Stored,
} from "@homeostat/api";

const defaultClassAnnotation = "storageclass.kubernetes.io/is-default-class";

/** The class claims get that name none; of several, the youngest. Pure. Source: DefaultStorageClass admission. */
export function defaultStorageClass(classes: readonly Stored<StorageClass>[]): Stored<StorageClass> | undefined {
  return classes
    .filter(({ metadata }) => metadata.annotations?.[defaultClassAnnotation] === "true")
    .sort((a, b) => {
      const [older, younger] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
      return older === younger ? (a.metadata.name < b.metadata.name ? -1 : 1) : older > younger ? -1 : 1;
    })[0];
}

/**
 * The volume made beforehand that suits a claim best: the one reserved for it, else the smallest that is large enough.
 * Pure. Source: persistentvolume controller, `FindMatchingVolume`.
 */
export function findVolume(
  claim: Stored<PersistentVolumeClaim>,
  volumes: readonly Stored<PersistentVolume>[],
): Stored<PersistentVolume> | undefined {
  const wanted = claim.spec?.volumeName;
  if (wanted) return volumes.find(({ metadata }) => metadata.name === wanted);
  const suitable = volumes.filter((volume) => suits(volume, claim));
  return (
    suitable.find((volume) => isReservedFor(volume, claim)) ??
    suitable
      .filter((volume) => !volume.spec?.claimRef && (volume.status?.phase ?? "Available") === "Available")
      .sort((a, b) => compareQuantities(storageOf(a), storageOf(b)) || (a.metadata.name < b.metadata.name ? -1 : 1))[0]
  );
}

/** Whether a volume's reference to its claim means this one; a reference without uid was made by a person, for the name. */
export function isReservedFor(volume: PersistentVolume, claim: Stored<PersistentVolumeClaim>): boolean {
  const reference = volume.spec?.claimRef;
  return (
    reference?.name === claim.metadata.name &&
    reference.namespace === claim.metadata.namespace &&
    (!reference.uid || reference.uid === claim.metadata.uid)
  );
}

function suits(volume: Stored<PersistentVolume>, claim: PersistentVolumeClaim): boolean {
  const { accessModes = [], storageClassName = "", volumeMode = "Filesystem" } = volume.spec ?? {};
  const { selector, resources } = claim.spec ?? {};
  return (
    volume.metadata.deletionTimestamp === undefined &&
    storageClassName === (claim.spec?.storageClassName ?? "") &&
    volumeMode === (claim.spec?.volumeMode ?? "Filesystem") &&
    (claim.spec?.accessModes ?? []).every((mode) => accessModes.includes(mode)) &&
    compareQuantities(storageOf(volume), resources?.requests?.["storage"] ?? "0") >= 0 &&
    (!selector || labelMatcher(selector).matches(volume.metadata.labels))
  );
}

function storageOf(volume: PersistentVolume): string | number {
  return volume.spec?.capacity?.["storage"] ?? "0";
}

/** The volume the provisioner makes for a claim. Pure. Source: external-provisioner, naming of volumes. */
export function provisionedVolume(
  claim: Stored<PersistentVolumeClaim>,
  storageClass: Stored<StorageClass>,
): PersistentVolume {
  const { namespace, name, uid, resourceVersion } = claim.metadata;
  const volume = `pvc-${uid}`;
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: {
      name: volume,
      annotations: { "pv.kubernetes.io/provisioned-by": storageClass.provisioner },
      finalizers: [volumeFinalizer],
    },
    spec: {
      capacity: { storage: claim.spec?.resources?.requests?.["storage"] ?? "1Gi" },
      accessModes: claim.spec?.accessModes ?? [],
      ...(claim.spec?.volumeMode ? { volumeMode: claim.spec.volumeMode } : {}),
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? "Delete",
      storageClassName: storageClass.metadata.name,
      ...(storageClass.mountOptions ? { mountOptions: storageClass.mountOptions } : {}),
      hostPath: { path: `/var/lib/homeostat/volumes/${volume}`, type: "DirectoryOrCreate" },
      claimRef: {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        ...(namespace ? { namespace } : {}),
        name,
        uid,
        resourceVersion,
      },
    },
  };
}

/** Keeps a volume while a claim is bound to it. Source: pv-protection controller. */
export const volumeFinalizer = "kubernetes.io/pv-protection";
