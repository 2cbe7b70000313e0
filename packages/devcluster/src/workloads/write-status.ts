import { isConflict, type KubeObject, type Resource, type Stored } from "@homeostat/api";
import type { Client } from "@homeostat/runtime";
import { semanticallyEqual } from "./equality.ts";
import { asControllerManager } from "./workload-controller.ts";

/**
 * Writes a status where it differs from the object's. A controller is the only writer of its status, so an object that
 * has changed meanwhile is read anew and given the same status, whose `observedGeneration` tells what it was judged on.
 *
 * @returns the object with the status; `object` itself when nothing was to be written
 */
export async function writeStatus<T extends KubeObject & { readonly status?: unknown }>(
  client: Client,
  resource: Resource<T>,
  object: Stored<T>,
  status: T["status"],
): Promise<Stored<T>> {
  if (semanticallyEqual(object.status, status)) return object;
  let current = object;
  for (let attempt = 1; ; attempt++) {
    try {
      return await client.status.update(resource, { ...current, status } as T, asControllerManager);
    } catch (error) {
      if (!isConflict(error) || attempt === 3) throw error;
    }
    current = await client.get(resource, object.metadata, { from: "live" });
    if (current.metadata.uid !== object.metadata.uid) return current;
  }
}
