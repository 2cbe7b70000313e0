import type { EnvVar, Volume, VolumeMount } from "@homeostat/api";
import { distinctVolumes } from "./volume-names.ts";

/**
 * What one concern (storage, mutual TLS, tracing …) adds to a pod. Concerns know nothing of each other; a pod is made
 * of its parts in order, which is the order of what they add.
 */
export interface PodPart {
  /** Of the containers the concern is about. */
  readonly args?: readonly string[];
  readonly env?: readonly EnvVar[];
  readonly mounts?: readonly VolumeMount[];
  /** Of the pod. */
  readonly volumes?: readonly Volume[];
  /** Of the pod. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Everything that parts add, in order; a volume that two of them need is there once. */
export interface JoinedParts {
  readonly args: readonly string[];
  readonly env: readonly EnvVar[];
  readonly mounts: readonly VolumeMount[];
  readonly volumes: readonly Volume[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** @param present volumes that the pod has already, whose names are theirs */
export function joinParts(parts: readonly (PodPart | undefined)[], present: readonly Volume[] = []): JoinedParts {
  const given = distinctVolumes(
    parts.filter((part) => part !== undefined),
    present,
  );
  const volumes = new Map<string, Volume>();
  for (const volume of given.flatMap((part) => part.volumes ?? [])) volumes.set(volume.name, volume);
  return {
    args: given.flatMap((part) => part.args ?? []),
    env: given.flatMap((part) => part.env ?? []),
    mounts: given.flatMap((part) => part.mounts ?? []),
    volumes: [...volumes.values()],
    annotations: Object.assign({}, ...given.map((part) => part.annotations)),
    labels: Object.assign({}, ...given.map((part) => part.labels)),
  };
}
