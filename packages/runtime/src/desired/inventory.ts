import {
  ignoreNotFound,
  isConflict,
  isForbidden,
  isNotFound,
  type KubeObject,
  type NamespacedName,
  type ObjectMeta,
  type Resource,
} from "@homeostat/api";
import type { CachedObject, Store } from "../cache/store.ts";
import type { Client, ListOptions } from "../client/client.ts";
import type { ReconcileContext } from "../controller/reconciler.ts";
import { APPLIED_FOR, childPausedBy, DEPENDS_ON, isPruneProtected, OWNER_UID } from "./annotations.ts";
import { childId, type Making } from "./children.ts";
import { kindRank } from "./kind-order.ts";

/** An object that was made for the owner and is there. */
export interface MadeChild {
  readonly resource: Resource;
  readonly key: NamespacedName;
  readonly id: string;
  readonly uid: string;
  readonly deleting: boolean;
  readonly annotations: Readonly<Record<string, string>>;
  /** Ids, as recorded when it was applied. */
  readonly dependsOn: readonly string[];
  /** Whether the server was asked just now, so that the cache need not be. */
  readonly fresh: boolean;
}

export interface MadeOptions {
  /** Whether to look for those tied by the label, which takes a search. */
  readonly labelled: boolean;
  /**
   * Ask the server for those: what another process has made a moment ago may not be in the cache, and nobody would ever
   * delete it once its owner is gone. Default false.
   */
  readonly fresh?: boolean;
}

/**
 * What was applied for an owner: objects that carry our inventory annotation with the owner's uid *and* are tied to
 * that uid by an owner reference (or, where that is not possible, by the label). A copy made by a person is neither.
 *
 * Read from the stores; from the server for kinds that are not watched whole. Kinds that do not exist have no objects.
 */
export async function madeFor<T extends KubeObject>(
  context: Pick<ReconcileContext<T>, "cache" | "client" | "object">,
  { controller, definition }: Making<T>,
  options: MadeOptions,
): Promise<MadeChild[]> {
  const { uid } = context.object.metadata;
  const records = new Set([controller, ...(definition.formerNames ?? [])].map((name) => `${name}/${uid}`));
  const found = new Map<string, MadeChild>();
  for (const resource of definition.children) {
    for (const { metadata, fresh } of await tiedTo(context, resource, options)) {
      const { namespace, name, annotations = {} } = metadata;
      if (!records.has(annotations[APPLIED_FOR] ?? "")) continue;
      const key = namespace ? { namespace, name } : { name };
      const id = childId(resource, key);
      const deleting = metadata.deletionTimestamp !== undefined;
      const dependsOn = (annotations[DEPENDS_ON] ?? "").split(",").filter((each) => each !== "");
      found.set(id, { resource, key, id, uid: metadata.uid, deleting, annotations, dependsOn, fresh });
    }
  }
  return [...found.values()];
}

/** What was deleted, and what must wait for others to be gone first. */
export interface Pruned {
  readonly deleted: readonly string[];
  readonly waiting: readonly { readonly id: string; readonly for: string }[];
}

export interface PruneOptions {
  /** Ids of the children that are wanted. */
  readonly keep: ReadonlySet<string>;
  /** What the wanted ones depend on by now, which counts for them instead of what was recorded. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  /** Undefined: paused ones are deleted all the same. */
  readonly pausePrefix?: string;
}

/**
 * Deletes what is not wanted, in the reverse order of dependencies and kinds: an object stays until all that depend on
 * it are gone, or deleted enough. Only the very object that was looked at is deleted, never a namesake created since.
 */
export async function prune<T extends KubeObject>(
  context: ReconcileContext<T>,
  making: Making<T>,
  made: readonly MadeChild[],
  options: PruneOptions,
): Promise<Pruned> {
  const { client, object } = context;
  const lastFirst = unwanted(object, made, options).sort(
    (a, b) => kindRank(b.resource.kind) - kindRank(a.resource.kind),
  );
  const blockers = new Map<string, readonly MadeChild[]>();
  for (const child of lastFirst) blockers.set(child.id, await blockersOf(context, making, made, child, options));
  const due = lastFirst.filter(({ deleting }) => !deleting);
  const free = due.filter(({ id }) => blockers.get(id)!.length === 0);
  // Recorded by different versions of a controller, dependencies may form a cycle, which would stay for ever.
  const stuck = free.length === 0 && due.every(({ id }) => blockers.get(id)!.every((each) => due.includes(each)));
  const deleted: string[] = [];
  for (const child of stuck ? due : free) {
    const { resource, key, uid, id } = child;
    if (!child.fresh && (await isGoing(client, child))) continue;
    try {
      await ignoreNotFound(client.delete(resource, key, { propagationPolicy: "Background", preconditions: { uid } }));
      deleted.push(id);
    } catch (error) {
      // Another object of that name by now: not ours.
      if (!isConflict(error)) throw error;
    }
  }
  const waiting = stuck ? [] : due.filter((child) => !free.includes(child));
  return { deleted, waiting: waiting.map(({ id }) => ({ id, for: blockers.get(id)![0]!.id })) };
}

/** Waits for our own earlier delete to be seen, so that none is sent twice. */
async function isGoing(client: Client, { resource, key, uid }: MadeChild): Promise<boolean> {
  const live = await client.find(resource, key);
  return live?.metadata.uid !== uid || live.metadata.deletionTimestamp !== undefined;
}

/** What may be deleted: not wanted, not protected, not paused. */
export function unwanted(owner: KubeObject, made: readonly MadeChild[], options: PruneOptions): MadeChild[] {
  return made.filter(({ id, resource, annotations }) => {
    if (options.keep.has(id) || isPruneProtected(annotations)) return false;
    const { pausePrefix } = options;
    return pausePrefix === undefined || childPausedBy(owner, resource, annotations, pausePrefix) === undefined;
  });
}

async function blockersOf<T extends KubeObject>(
  context: ReconcileContext<T>,
  { definition }: Making<T>,
  made: readonly MadeChild[],
  child: MadeChild,
  { dependencies }: PruneOptions,
): Promise<MadeChild[]> {
  const blockers: MadeChild[] = [];
  for (const other of made) {
    if (!(dependencies.get(other.id) ?? other.dependsOn).includes(child.id) || isPruneProtected(other.annotations))
      continue;
    if (other.deleting && (await isDeletedEnough(context, definition.deletedWhen, other))) continue;
    blockers.push(other);
  }
  return blockers;
}

/** Asks the definition about a child that is being deleted. */
export async function isDeletedEnough<T extends KubeObject>(
  { client, object }: ReconcileContext<T>,
  deletedWhen: Making<T>["definition"]["deletedWhen"],
  { resource, key, uid }: MadeChild,
): Promise<boolean> {
  const live = await client.find(resource, key);
  if (live?.metadata.uid !== uid) return true;
  return deletedWhen?.(live, object) === true;
}

/** The part of metadata that is at hand for cached and for live objects. */
interface Tied {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly uid: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string | undefined;
  };
  readonly fresh: boolean;
}

async function tiedTo<T extends KubeObject>(
  context: Pick<ReconcileContext<T>, "cache" | "client" | "object">,
  resource: Resource,
  { labelled, fresh = false }: MadeOptions,
): Promise<Tied[]> {
  const { client, cache, object } = context;
  const { uid, namespace } = object.metadata;
  const everywhere = cache.store(resource);
  const store: Store | undefined =
    everywhere ?? (namespace === undefined ? undefined : cache.store(resource, { namespace }));
  const label = { [OWNER_UID]: uid };
  const cached = (entries: Iterable<CachedObject>) => [...entries].map(({ metadata }) => ({ metadata, fresh: false }));
  // A manager that watches one namespace may not be allowed to see more.
  const scope = resource.scope === "Namespaced" && namespace !== undefined && !everywhere && store ? { namespace } : {};
  const listed = async (options: ListOptions): Promise<Tied[]> => {
    try {
      const { items } = await client.list(resource, { ...scope, ...options, from: "live" });
      return items.map(({ metadata }) => ({ metadata, fresh: true }));
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  };
  const isOwned = ({ metadata }: Tied): boolean =>
    (metadata as ObjectMeta).ownerReferences?.some((owner) => owner.uid === uid) ?? false;
  const owned = store
    ? cached(store.entries({ ownerUid: uid }))
    : (await listed(resource.scope === "Namespaced" && namespace !== undefined ? { namespace } : {})).filter(isOwned);
  if (!labelled) return owned;
  const known = store && cached(store.entries({ labelSelector: label }));
  if (known && !fresh) return [...owned, ...known];
  try {
    return [...owned, ...(await listed({ labelSelector: label }))];
  } catch (error) {
    // Who works in some namespaces only may not look everywhere, and cannot have made anything elsewhere.
    if (!known || !isForbidden(error)) throw error;
    return [...owned, ...known];
  }
}
