import { dnsName } from "../../names.ts";
import type { PodPart } from "./pod-part.ts";

interface MountOptions {
  /** Name of the volume. Default: that of the object, made a valid name. */
  readonly volume?: string;
  readonly readOnly?: boolean;
}

const mounted = (name: string, mountPath: string, readOnly?: boolean) => ({
  name,
  mountPath,
  ...(readOnly ? { readOnly } : {}),
});

/** A ConfigMap, as files under `path`. */
export function configMapPart(configMap: string, path: string, { volume, readOnly }: MountOptions = {}): PodPart {
  const name = volume ?? dnsName(configMap);
  return { mounts: [mounted(name, path, readOnly)], volumes: [{ name, configMap: { name: configMap } }] };
}

/** A Secret, as files under `path`. */
export function secretPart(secretName: string, path: string, { volume, readOnly }: MountOptions = {}): PodPart {
  const name = volume ?? dnsName(secretName);
  return { mounts: [mounted(name, path, readOnly)], volumes: [{ name, secret: { secretName } }] };
}

/** An empty folder that goes with the pod. */
export function emptyDirPart(name: string, path: string): PodPart {
  return { mounts: [mounted(name, path)], volumes: [{ name, emptyDir: {} }] };
}
