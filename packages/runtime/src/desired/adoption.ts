import { controllerOf, isSameOwner, type KubeObject, ownerReference, type Stored } from "@homeostat/api";
import type { Cache } from "../cache/cache.ts";
import type { CachedMetadata } from "../cache/store.ts";
import type { Client } from "../client/client.ts";
import { APPLIED_FOR, OWNER_UID } from "./annotations.ts";
import type { Making, WantedChild } from "./children.ts";
import { AdoptionError } from "./errors.ts";

/** Whose an object is, seen from one owner. `by`: for people. */
export type Ownership =
  | { readonly type: "mine" }
  | { readonly type: "ownerless" }
  | { readonly type: "owned"; readonly by: string };

/**
 * Judges by the managing controller first, then by our own record, which tells two controllers of one object apart. A
 * record of an owner that is gone binds nobody; a managing controller that is gone does, until garbage collection has
 * taken the object.
 */
export function ownershipOf<T extends KubeObject>(making: Making<T>, cache: Cache, live: Stored): Ownership {
  const { owner, resource, controller, definition } = making;
  const { uid } = owner.metadata;
  const managing = controllerOf(live);
  if (managing && managing.uid !== uid) {
    const earlier = isSameOwner(managing, ownerReference(owner, { resource }));
    const by = `${earlier ? "an earlier " : ""}${managing.kind} ${managing.name}`;
    return { type: "owned", by: earlier ? `${by}, with which garbage collection will delete it` : by };
  }
  const record = live.metadata.annotations?.[APPLIED_FOR];
  const slash = record?.lastIndexOf("/") ?? -1;
  if (record === undefined || slash < 0)
    return { type: managing || live.metadata.labels?.[OWNER_UID] === uid ? "mine" : "ownerless" };
  const [name, recorded] = [record.slice(0, slash), record.slice(slash + 1)];
  const ours = name === controller || (definition.formerNames?.includes(name) ?? false);
  if (!ours) return { type: "owned", by: `controller ${name} (one of its formerNames, if that was this one)` };
  if (managing || recorded === uid) return { type: "mine" };
  const other = ownerByUid(making, cache, recorded);
  return other ? { type: "owned", by: `${resource.kind} ${other.key}` } : { type: "ownerless" };
}

/**
 * Makes sure that a live object may be changed, as its adoption rule has it; taking it from another controller is a
 * write of its own, because an object has one managing controller at most.
 *
 * @throws AdoptionError naming the owner and the way out
 */
export async function adopt<T extends KubeObject>(
  making: Making<T>,
  cache: Cache,
  client: Client,
  child: WantedChild,
  live: Stored,
): Promise<void> {
  refuseForeign(child, ownershipOf(making, cache, live));
  const managing = controllerOf(live);
  if (!managing || managing.uid === making.owner.metadata.uid) return;
  const { uid, resourceVersion, ownerReferences = [] } = live.metadata;
  const rest = ownerReferences.filter((each) => each !== managing).map((each) => ({ ...each }));
  // With a lock: a merge patch replaces the whole list, and others may be adding to it.
  await client.patchMerge(child.resource, child.key, { metadata: { uid, resourceVersion, ownerReferences: rest } });
}

/** @throws AdoptionError where the child's rule does not allow to take the object */
export function refuseForeign({ id, options }: WantedChild, ownership: Ownership): void {
  if (ownership.type === "mine" || options.adopt === "always") return;
  if (ownership.type === "owned")
    throw new AdoptionError(
      "AlreadyOwned",
      `${id} exists already and belongs to ${ownership.by}: give the child another name, or delete it there`,
    );
  if (options.adopt === "never")
    throw new AdoptionError(
      "Conflict",
      `${id} exists already and was not made for this object: delete it or give the child another name, or declare adopt: "ownerless" to take it over`,
    );
}

/** The owner that is there under a uid. Rare, so a search of metadata will do instead of an index. */
export function ownerByUid<T extends KubeObject>(
  { resource, owner }: Pick<Making<T>, "resource" | "owner">,
  cache: Cache,
  uid: string,
): CachedMetadata | undefined {
  const { namespace } = owner.metadata;
  const store = cache.store(resource) ?? (namespace === undefined ? undefined : cache.store(resource, { namespace }));
  for (const { metadata } of store?.entries() ?? []) if (metadata.uid === uid) return metadata;
  return undefined;
}
