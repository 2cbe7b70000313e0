import { ConfigMap, type KubeObject, Secret } from "@homeostat/api";
import type { ReconcileContext } from "@homeostat/runtime";
import type { InstanceInput } from "../resources/input.ts";
import { contentDigest } from "./content-digest.ts";
import type { ReferredObjects } from "./references.ts";
import { finder } from "./surroundings.ts";

/** Digests of what pods read and others make: of all, and of the storage's credentials alone. */
export async function digestsOf(
  context: Pick<ReconcileContext<KubeObject>, "client" | "object">,
  { read, credentials }: ReferredObjects,
): Promise<Pick<InstanceInput, "referencesHash" | "storageSecretHash">> {
  const find = finder(context);
  const [secrets, maps] = await Promise.all([
    Promise.all(read.secrets.map(async (name) => [name, await find(Secret, name)] as const)),
    Promise.all(read.configMaps.map(async (name) => [name, await find(ConfigMap, name)] as const)),
  ]);
  const stored = secrets.filter(([name]) => name === credentials);
  return {
    referencesHash: contentDigest([...secrets, ...maps]),
    ...(stored.length > 0 ? { storageSecretHash: contentDigest(stored) } : {}),
  };
}
