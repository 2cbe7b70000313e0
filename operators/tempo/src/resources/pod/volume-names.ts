import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Volume } from "@homeostat/api";
import { dnsName } from "../../names.ts";
import type { PodPart } from "./pod-part.ts";

/** Volumes of fixed names in pods that mount objects of the user, too: a user's object named so goes by another one. */
export const ownVolumes: ReadonlySet<string> = new Set([
  ...["tempo-conf", "tempo-tmp-storage", "tempo-tmp-storage-query", "tempo-query-tmp", "data", "tempo-storage"],
  ...["az-annotation", "token-auth-config", "bound-sa-token", "storage-gcs-key"],
  ...["gateway-rbac", "gateway-tenants", "gateway-serving-cert", "gateway-serving-ca"],
]);

const longest = 63;

/** Name of the volume of an object: the object's, made a valid one. Longer ones end in a digest of what is cut off. */
export function volumeName(object: string): string {
  const name = dnsName(object);
  if (ownVolumes.has(name)) return `${name}-of-user`;
  if (name.length <= longest) return name;
  const digest = createHash("sha256").update(object).digest("hex").slice(0, 8);
  return `${dnsName(name.slice(0, longest - 9))}-${digest}`;
}

/**
 * Parts in which a name stands for one volume only: of two different ones the later is renamed, with its mounts. So it
 * goes where a ConfigMap is named as a Secret is, or where two names differ only by what volumes' names must not have.
 */
export function distinctVolumes(parts: readonly PodPart[], present: readonly Volume[]): readonly PodPart[] {
  const taken = new Map(present.map((volume) => [volume.name, volume]));
  return parts.map((part) => {
    const renamed = new Map<string, string>();
    const volumes = part.volumes?.map((volume) => {
      const name = freeName(volume, taken);
      const own = name === volume.name ? volume : { ...volume, name };
      if (own !== volume) renamed.set(volume.name, name);
      taken.set(name, own);
      return own;
    });
    if (renamed.size === 0) return part;
    const mounts = (part.mounts ?? []).map((mount) => ({ ...mount, name: renamed.get(mount.name) ?? mount.name }));
    return { ...part, ...(volumes ? { volumes } : {}), mounts };
  });
}

/** Its own name, unless that stands for something else; then the next that does not. */
function freeName(volume: Volume, taken: ReadonlyMap<string, Volume>): string {
  for (let attempt = 1; ; attempt++) {
    const name = attempt === 1 ? volume.name : volumeName(`${volume.name}-${attempt}`);
    const other = taken.get(name);
    if (other === undefined || isDeepStrictEqual({ ...other, name }, { ...volume, name })) return name;
  }
}
