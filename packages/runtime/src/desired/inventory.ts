import { ignoreNotFound, isConflict, type KubeObject, type Resource, type Stored } from "@homeostat/api";
import type { CachedMetadata, Store } from "../cache/store.ts";
import type { ReconcileContext } from "../controller/reconciler.ts";
import { APPLIED_FOR, appliedFor, childId, OWNER_UID } from "./children.ts";
import { kindRank } from "./kind-order.ts";

/**
 * Deletes what was applied for an owner and is no longer wanted. An object is deleted only when it carries our
 * inventory annotation with the owner's uid *and* is tied to that uid by an owner reference (or, where that is not
 * possible, by the label), and only as the very object that was looked at: a copy made by a person, or a namesake
 * created since, is left alone.
 *
 * @param keep ids of the children that are wanted
 * @returns ids of what was deleted
 */
export async function prune<T extends KubeObject>(
  context: ReconcileContext<T>,
  controller: string,
  children: readonly Resource[],
  keep: ReadonlySet<string>,
): Promise<string[]> {
  const { object, client } = context;
  const pruned: string[] = [];
  const lastFirst = [...children].sort((a, b) => kindRank(b.kind) - kindRank(a.kind));
  for (const resource of lastFirst) {
    for (const { namespace, name, uid } of unwanted(context, controller, resource, object, keep)) {
      const key = namespace === undefined ? { name } : { namespace, name };
      try {
        await ignoreNotFound(client.delete(resource, key, { propagationPolicy: "Background", preconditions: { uid } }));
      } catch (error) {
        // Another object of that name by now: not ours.
        if (!isConflict(error)) throw error;
      }
      pruned.push(childId(resource, key));
    }
  }
  return pruned;
}

/** What the stores know to be made for the owner. */
function unwanted<T extends KubeObject>(
  context: ReconcileContext<T>,
  controller: string,
  resource: Resource,
  owner: Stored<T>,
  keep: ReadonlySet<string>,
): CachedMetadata[] {
  const store = storeOf(context, resource);
  if (!store) return [];
  const { uid } = owner.metadata;
  const tied = [...store.entries({ ownerUid: uid }), ...store.entries({ labelSelector: { [OWNER_UID]: uid } })];
  const found = new Map<string, CachedMetadata>();
  for (const { metadata } of tied) {
    const { namespace, name, annotations, deletionTimestamp } = metadata;
    if (deletionTimestamp !== undefined || annotations[APPLIED_FOR] !== appliedFor(controller, owner)) continue;
    const id = childId(resource, namespace === undefined ? { name } : { namespace, name });
    if (!keep.has(id)) found.set(id, metadata);
  }
  return [...found.values()];
}

function storeOf<T extends KubeObject>(context: ReconcileContext<T>, resource: Resource): Store | undefined {
  const { cache, object } = context;
  const { namespace } = object.metadata;
  return cache.store(resource) ?? (namespace === undefined ? undefined : cache.store(resource, { namespace }));
}
