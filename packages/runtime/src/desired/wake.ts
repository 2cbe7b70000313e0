import type { Json, KubeObject, Resource } from "@homeostat/api";
import type { StoreEvent } from "../cache/store.ts";
import type { WatchDefinition } from "../controller/definition.ts";
import {
  enqueueRequestForOwner,
  enqueueRequestsFromMapFunction,
  requestKey,
  requestOf,
} from "../controller/event-handler.ts";
import type { Request } from "../controller/reconciler.ts";
import { equalJson } from "../ledger/changed-paths.ts";
import { APPLIED_FOR, OWNER_UID } from "./annotations.ts";
import { childId } from "./children.ts";

/**
 * Who is stopped by an object that is not theirs, so that its change wakes them. They would be tried again without;
 * this is only faster.
 */
export class BlockedChildren {
  readonly #waiting = new Map<string, Map<string, Request>>();

  add(id: string, request: Request): void {
    const requests = this.#waiting.get(id) ?? new Map<string, Request>();
    this.#waiting.set(id, requests.set(requestKey(request), request));
  }

  /** Those that wait for the object; told once. */
  take(id: string): Iterable<Request> {
    const requests = this.#waiting.get(id);
    this.#waiting.delete(id);
    return requests?.values() ?? [];
  }
}

/** Whether nothing but the status of a child changed, told from its metadata; kinds without generation never say so. */
function isStatusOnly(event: StoreEvent): boolean {
  if (event.type !== "updated") return false;
  const [before, after] = [event.old.metadata, event.object.metadata];
  return (
    after.generation !== undefined &&
    after.generation === before.generation &&
    after.deletionTimestamp === before.deletionTimestamp &&
    equalJson(after.labels, before.labels) &&
    equalJson(after.annotations, before.annotations) &&
    equalJson(after.ownerReferences as unknown as Json, before.ownerReferences as unknown as Json)
  );
}

/** Children with an owner reference wake their owner by it, the others by their label. */
export function childWatch<T extends KubeObject>(
  owner: Resource<T>,
  controller: string,
  child: Resource,
  blocked: BlockedChildren,
  statusSettleMs: number,
): WatchDefinition {
  const byReference = enqueueRequestForOwner(owner);
  const byLabel = enqueueRequestsFromMapFunction(({ metadata: { namespace, labels, annotations } }, cache) => {
    const uid = labels[OWNER_UID];
    if (uid === undefined || annotations[APPLIED_FOR] !== `${controller}/${uid}`) return [];
    // Rare (children out of the owner's reach), so a search of metadata will do instead of an index.
    const store = cache.store(owner) ?? (namespace === undefined ? undefined : cache.store(owner, { namespace }));
    const found = [...(store?.entries() ?? [])].find(({ metadata }) => metadata.uid === uid);
    return found ? [requestOf(found.metadata)] : [];
  });
  return {
    resource: child,
    predicates: [],
    handler(event, enqueue, cache) {
      const waits = statusSettleMs > 0 && isStatusOnly(event);
      const later: typeof enqueue = (request, options) => enqueue(request, { afterMs: statusSettleMs, ...options });
      byReference(event, waits ? later : enqueue, cache);
      byLabel(event, waits ? later : enqueue, cache);
      for (const request of blocked.take(childId(child, requestOf(event.object.metadata)))) enqueue(request);
    },
  };
}
