import { joinParts, type PodPart } from "./pod-part.ts";
import { volumeName } from "./volume-names.ts";

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
  const name = volume ?? volumeName(configMap);
  return { mounts: [mounted(name, path, readOnly)], volumes: [{ name, configMap: { name: configMap } }] };
}

/** A Secret, as files under `path`. */
export function secretPart(secretName: string, path: string, { volume, readOnly }: MountOptions = {}): PodPart {
  const name = volume ?? volumeName(secretName);
  return { mounts: [mounted(name, path, readOnly)], volumes: [{ name, secret: { secretName } }] };
}

/** Files for one end of TLS: a ConfigMap with the CA, a Secret with a certificate, each where it is named. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
}

/** Both, read-only, under the folders of the same names. A ConfigMap and a Secret of one name are two volumes. */
export function tlsFilesPart({ ca, cert }: TlsFiles, folders: { readonly ca: string; readonly cert: string }): PodPart {
  const volume = cert && ca && volumeName(cert) === volumeName(ca) ? { volume: volumeName(`${cert}-cert`) } : {};
  return joinParts([
    ca ? configMapPart(ca, folders.ca, { readOnly: true }) : undefined,
    cert ? secretPart(cert, folders.cert, { readOnly: true, ...volume }) : undefined,
  ]);
}

/** An empty folder that goes with the pod. */
export function emptyDirPart(name: string, path: string): PodPart {
  return { mounts: [mounted(name, path)], volumes: [{ name, emptyDir: {} }] };
}
