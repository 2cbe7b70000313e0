import {
  controllerOf,
  formatLabelSelector,
  isBeingDeleted,
  isInvalid,
  isNotFound,
  type KubeObject,
  type LabelSelector,
  labelMatcher,
  ownerReference,
  type Resource,
  type Stored,
} from "@homeostat/api";
import type { ReconcileContext } from "@homeostat/runtime";
import { asControllerManager } from "./workload-controller.ts";

/**
 * The objects that belong to the reconciled owner: those it controls and its selector selects. One that is selected and
 * has no controller is adopted, one that is controlled and no longer selected is released. Before the first adoption
 * the owner is read anew from the server, so that nobody is adopted by one that is gone.
 *
 * Source: kube-controller-manager, `controller_ref_manager`.
 */
export async function claim<O extends KubeObject, T extends KubeObject>(
  context: ReconcileContext<O>,
  ownerResource: Resource<O>,
  resource: Resource<T>,
  selector: LabelSelector,
): Promise<Stored<T>[]> {
  const owner = context.object;
  const { matches } = labelMatcher(selector);
  const claimed: Stored<T>[] = [];
  let mayAdopt: Promise<boolean> | undefined;
  for (const object of await candidates(context, resource, selector)) {
    const controller = controllerOf(object);
    if (controller && controller.uid !== owner.metadata.uid) continue;
    const selected = matches(object.metadata.labels);
    if (controller) {
      if (selected) claimed.push(object);
      else if (!isBeingDeleted(owner)) await release(context, resource, object);
      continue;
    }
    if (!selected || isBeingDeleted(object) || isBeingDeleted(owner)) continue;
    mayAdopt ??= isStillThere(context, ownerResource);
    if (!(await mayAdopt)) continue;
    const adopted = await adopt(context, ownerResource, resource, object);
    if (adopted) claimed.push(adopted);
  }
  return claimed;
}

/** What is selected, and what names the owner without being selected. */
async function candidates<O extends KubeObject, T extends KubeObject>(
  { client, cache, object }: ReconcileContext<O>,
  resource: Resource<T>,
  selector: LabelSelector,
): Promise<Stored<T>[]> {
  const namespace = object.metadata.namespace!;
  // The list waits for our own writes to arrive, so that the store is as new when it is asked.
  const selected = await client.list(resource, { namespace, labelSelector: formatLabelSelector(selector) });
  const found = new Map(selected.items.map((item) => [item.metadata.uid, item]));
  for (const entry of cache.store(resource)?.entries({ namespace, ownerUid: object.metadata.uid }) ?? []) {
    if (!found.has(entry.metadata.uid)) found.set(entry.metadata.uid, entry.object());
  }
  return [...found.values()];
}

async function isStillThere<O extends KubeObject>(
  { client, object }: ReconcileContext<O>,
  resource: Resource<O>,
): Promise<boolean> {
  const fresh = await client.find(resource, object.metadata, { from: "live" });
  return fresh !== undefined && fresh.metadata.uid === object.metadata.uid && !isBeingDeleted(fresh);
}

async function adopt<O extends KubeObject, T extends KubeObject>(
  { client, object: owner }: ReconcileContext<O>,
  ownerResource: Resource<O>,
  resource: Resource<T>,
  object: Stored<T>,
): Promise<Stored<T> | undefined> {
  const reference = ownerReference(owner, { controller: true, resource: ownerResource });
  const patch = { metadata: { uid: object.metadata.uid, ownerReferences: [{ ...reference }] } };
  return gone(client.patchStrategic(resource, object.metadata, patch, asControllerManager));
}

async function release<O extends KubeObject, T extends KubeObject>(
  { client, object: owner }: ReconcileContext<O>,
  resource: Resource<T>,
  object: Stored<T>,
): Promise<void> {
  const { uid } = object.metadata;
  const patch = { metadata: { uid, ownerReferences: [{ $patch: "delete", uid: owner.metadata.uid }] } };
  await gone(client.patchStrategic(resource, object.metadata, patch, asControllerManager));
}

/** Undefined where the object is gone, or another of its name has come: neither concerns us any more. */
async function gone<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    if (isNotFound(error) || isInvalid(error)) return undefined;
    throw error;
  }
}
