import { isConflict, isNotFound, type JsonObject, type KubeObject, type Resource, type Stored } from "@homeostat/api";
import type { Client } from "../client/client.ts";

/**
 * A finalizer keeps a deleted object until its controller has cleaned up. Both writes are small merge patches with an
 * optimistic lock, because a merge patch replaces the whole list and others have finalizers, too.
 */

export const hasFinalizer = (object: KubeObject, name: string): boolean =>
  object.metadata?.finalizers?.includes(name) ?? false;

/** Puts the finalizer on. @returns the object as it is then @throws ApiError Conflict when the object has changed */
export function addFinalizer<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  object: Stored<T>,
  name: string,
): Promise<Stored<T>> {
  return write(client, resource, object, [...(object.metadata.finalizers ?? []), name]);
}

/**
 * Takes the finalizer off. An object that has changed is read again rather than cleaned up twice; one that is gone
 * needs nothing.
 */
export async function removeFinalizer<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  object: Stored<T>,
  name: string,
): Promise<void> {
  let current = object;
  for (let attempt = 0; ; attempt++) {
    if (!hasFinalizer(current, name)) return;
    const rest = current.metadata.finalizers!.filter((each) => each !== name);
    try {
      await write(client, resource, current, rest);
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error) || attempt === 4) throw error;
    }
    const fresh = await client.find(resource, current.metadata, { from: "live" });
    if (!fresh || fresh.metadata.uid !== object.metadata.uid) return;
    current = fresh;
  }
}

function write<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  object: Stored<T>,
  finalizers: readonly string[],
): Promise<Stored<T>> {
  const { resourceVersion, uid } = object.metadata;
  const metadata: JsonObject = { resourceVersion, uid, finalizers: [...finalizers] };
  return client.patchMerge(resource, object.metadata, { metadata });
}
