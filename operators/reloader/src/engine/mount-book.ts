import type { KubeObject, Resource } from "@homeostat/api";
import { compareResourceVersions, type StoreEvent } from "@homeostat/runtime";
import { type Fingerprints, mountFingerprints } from "../content/hash.ts";
import { type SourceKey, sourceKey } from "../reload/record.ts";

/** What the Secrets Store CSI driver says of one pod's mount of a SecretProviderClass. Only what is read is typed. */
export interface SecretProviderClassPodStatus extends KubeObject {
  readonly status?: {
    readonly secretProviderClassName?: string;
    readonly objects?: readonly { readonly id?: string; readonly version?: string }[];
  };
}
export const SecretProviderClassPodStatus: Resource<SecretProviderClassPodStatus> = {
  group: "secrets-store.csi.x-k8s.io",
  version: "v1",
  kind: "SecretProviderClassPodStatus",
  plural: "secretproviderclasspodstatuses",
  singular: "secretproviderclasspodstatus",
  listKind: "SecretProviderClassPodStatusList",
  scope: "Namespaced",
};

/** Read for its annotations only. */
export const SecretProviderClass: Resource<KubeObject> = {
  group: "secrets-store.csi.x-k8s.io",
  version: "v1",
  kind: "SecretProviderClass",
  plural: "secretproviderclasses",
  singular: "secretproviderclass",
  listKind: "SecretProviderClassList",
  scope: "Namespaced",
};

interface Mount extends Fingerprints {
  readonly of: SourceKey;
  readonly resourceVersion: string;
}

export interface MountedClass {
  readonly namespace: string;
  readonly kind: "SecretProviderClass";
  readonly name: string;
}

/**
 * Which versions of their objects SecretProviderClasses are mounted with. Each pod has a mount of its own, and a
 * rotation reaches them one after another: what the newest says is the content of the class, so that the first pod's
 * news reloads and those of the others say nothing new. It stays known when the pods are gone.
 */
export class MountBook {
  readonly #mounts = new Map<string, Mount>();
  readonly #newest = new Map<SourceKey, Mount>();

  /** Takes in an event; telling the same one again changes nothing. @returns the class whose content is another now */
  take(event: StoreEvent<SecretProviderClassPodStatus>): MountedClass | undefined {
    const { key, namespace = "", resourceVersion } = event.object.metadata;
    if (event.type === "deleted") {
      this.#mounts.delete(key);
      return undefined;
    }
    const { status } = event.object.object();
    const name = status?.secretProviderClassName;
    if (!name) return undefined;
    const mounted: MountedClass = { namespace, kind: "SecretProviderClass", name };
    const objects = (status.objects ?? []).map(({ id = "", version = "" }) => ({ id, version }));
    const mount: Mount = { ...mountFingerprints(name, objects), of: sourceKey(mounted), resourceVersion };
    const before = this.#mounts.get(key);
    this.#mounts.set(key, mount);
    // A label put on the status of a pod that is still to be rotated is no news of its content.
    if (before?.of === mount.of && before.digest === mount.digest) return undefined;
    const newest = this.#newest.get(mount.of);
    if (newest && compareResourceVersions(newest.resourceVersion, resourceVersion) >= 0) return undefined;
    this.#newest.set(mount.of, mount);
    return newest?.digest === mount.digest ? undefined : mounted;
  }

  get(key: SourceKey): Fingerprints | undefined {
    return this.#newest.get(key);
  }

  /** Names of the classes of a namespace that were ever seen mounted. */
  *in(namespace: string): Generator<string> {
    const prefix = `${namespace}/SecretProviderClass/`;
    for (const key of this.#newest.keys()) if (key.startsWith(prefix)) yield key.slice(prefix.length);
  }
}
