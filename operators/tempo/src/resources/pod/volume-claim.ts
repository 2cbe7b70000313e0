import type { PersistentVolumeClaim } from "@homeostat/api";

export interface ClaimedVolume {
  readonly size: string | number;
  /** Default: the cluster's. An empty name means a volume that somebody has made by hand. */
  readonly storageClassName?: string | undefined;
}

/** Claim of a StatefulSet's pods, each for a volume of its own. It outlives them, and the instance. */
export function volumeClaim(name: string, { size, storageClassName }: ClaimedVolume): PersistentVolumeClaim {
  return {
    metadata: { name },
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: size } },
      ...(storageClassName === undefined ? {} : { storageClassName }),
      volumeMode: "Filesystem",
    },
  };
}
