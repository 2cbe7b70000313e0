import { type Clock, type KubeObject, type NamespacedName, notFound, type Resource, type Stored } from "@homeostat/api";
import type { Cache } from "../cache/cache.ts";
import type { Store } from "../cache/store.ts";
import type { Logger } from "../log.ts";
import type { ListOptions, ReadOptions, StoredList } from "./client.ts";
import type { Reads } from "./live-reads.ts";
import { keyText, type OwnWrites, type PendingWrites } from "./own-writes.ts";

export interface CachedReadsOptions {
  readonly live: Reads;
  readonly cache: Cache;
  readonly ownWrites: OwnWrites;
  readonly clock: Clock;
  readonly log: Logger;
  /** Longest wait for the client's own writes to reach the cache, in milliseconds; then the server is asked. */
  readonly waitMs: number;
}

/**
 * Reads of watched kinds are answered from the cache; kinds that are not watched, or whose first list has not arrived,
 * by the server. A cached read contains what this client wrote before it began (see {@link OwnWrites}).
 *
 * Not contained: writes of other processes, `deleteAll` (its answer does not name what it deleted), and writes whose
 * outcome is not known because the connection broke.
 */
export function cachedReads(options: CachedReadsOptions): Reads {
  const { live, ownWrites, log } = options;
  // Where a store stood when a read had waited in vain. Until it moves, others would wait in vain, too: with a watch
  // that is down, each object would cost a worker the whole wait.
  const stuckAt = new WeakMap<Store, string | undefined>();
  const isStuck = (store: Store): boolean => stuckAt.has(store) && stuckAt.get(store) === store.resourceVersion;

  /** The store once it has seen our writes; undefined where the server must be asked. */
  const freshStore = async <T extends KubeObject>(
    resource: Resource<T>,
    namespace: string | undefined,
    key: NamespacedName | undefined,
    read: ReadOptions | undefined,
  ): Promise<Store<T> | undefined> => {
    if (read?.from === "live") return undefined;
    const find = (): Store<T> | undefined =>
      options.cache.store(resource, namespace === undefined ? {} : { namespace });
    const store = find();
    if (!store?.synced) return undefined;
    const pending = ownWrites.pending(resource, key);
    if (pending && !pending.inFlight && !pending.seenBy(store) && isStuck(store)) return undefined;
    if (pending && !(await hasSeen(store, pending, options, read?.signal))) {
      stuckAt.set(store, store.resourceVersion);
      log.warn(
        { resource: resource.plural, key: key && keyText(key), waitedMs: options.waitMs },
        "Cache has not seen own write in time, reading live",
      );
      return undefined;
    }
    // While we waited the watch may have ended.
    return find() === store ? store : undefined;
  };

  const find: Reads["find"] = async (resource, asked, read) => {
    const key: NamespacedName = resource.scope === "Namespaced" ? asked : { name: asked.name };
    const store = await freshStore(resource, key.namespace, key, read);
    return store ? store.get(key) : live.find(resource, asked, read);
  };

  return {
    find,
    async get(resource, key, read) {
      const object = await find(resource, key, read);
      if (!object) throw notFound(resource, key.name);
      return object;
    },
    async list<T extends KubeObject>(resource: Resource<T>, list: ListOptions = {}): Promise<StoredList<T>> {
      const selection = cacheSelection(list);
      const store = selection && (await freshStore(resource, selection.namespace, undefined, list));
      if (!store) return live.list(resource, list);
      const items: readonly Stored<T>[] =
        selection.name === undefined
          ? store.list({
              ...(selection.namespace === undefined ? {} : { namespace: selection.namespace }),
              ...(list.labelSelector === undefined ? {} : { labelSelector: list.labelSelector }),
            })
          : one(store, selection, list);
      return {
        items,
        resourceVersion: store.resourceVersion ?? "",
        continue: undefined,
        remainingItemCount: undefined,
      };
    },
  };
}

interface CacheSelection {
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

/** What of a list a cache can answer; undefined where only the server can: pages, versions, fields beyond the name. */
function cacheSelection(list: ListOptions): CacheSelection | undefined {
  if (list.limit !== undefined || list.continue || list.resourceVersion || list.resourceVersionMatch) return undefined;
  let { namespace } = list;
  let name: string | undefined;
  for (const term of (list.fieldSelector ?? "").split(",").filter((part) => part !== "")) {
    const match = /^metadata\.(name|namespace)==?([a-z0-9.:-]+)$/i.exec(term);
    if (!match) return undefined;
    if (match[1] === "name") name = match[2];
    else if (namespace && namespace !== match[2]) return undefined;
    else namespace = match[2];
  }
  return { namespace: namespace || undefined, name };
}

function one<T extends KubeObject>(store: Store<T>, selection: CacheSelection, list: ListOptions): Stored<T>[] {
  const selected = store.list({
    ...(selection.namespace === undefined ? {} : { namespace: selection.namespace }),
    ...(list.labelSelector === undefined ? {} : { labelSelector: list.labelSelector }),
  });
  return selected.filter((object) => object.metadata.name === selection.name);
}

/** Resolves to whether the store saw the writes in time. Rejects with the signal's reason. */
function hasSeen(
  store: Store,
  pending: PendingWrites,
  options: CachedReadsOptions,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  // The usual case: all that was written has arrived.
  if (!pending.inFlight && pending.seenBy(store)) return Promise.resolve(true);
  return new Promise((resolve, reject) => {
    let unsubscribe: (() => void) | undefined;
    const finish = (act: () => void): void => {
      cancel();
      unsubscribe?.();
      signal?.removeEventListener("abort", onAbort);
      done = true;
      act();
    };
    let done = false;
    const onAbort = (): void => finish(() => reject(signal?.reason));
    const cancel = options.clock.setTimer(() => finish(() => resolve(false)), options.waitMs, { keepAlive: false });
    const look = (): void => {
      if (!done && pending.seenBy(store)) finish(() => resolve(true));
    };
    const afterWrites = (): void => {
      if (done) return;
      unsubscribe = store.onProgress?.(look);
      look();
    };
    if (signal?.aborted) return onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    if (pending.inFlight) pending.inFlight.then(afterWrites);
    else afterWrites();
  });
}
