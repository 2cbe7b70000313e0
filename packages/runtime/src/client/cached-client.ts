import { type Clock, type KubeObject, type NamespacedName, notFound, type Resource } from "@homeostat/api";
import type { Cache } from "../cache/cache.ts";
import type { Store } from "../cache/store.ts";
import type { Logger } from "../log.ts";
import { cacheSelection, select } from "./cache-selection.ts";
import type { ListOptions, ReadOptions, StoredList } from "./client.ts";
import { emptyList, type Reads } from "./live-reads.ts";
import { keyText, type OwnWrites, type PendingWrites } from "./own-writes.ts";
import { selectorTexts } from "./query.ts";
import { withKind } from "./requester.ts";

export interface CachedReadsOptions {
  readonly live: Reads;
  readonly cache: Cache;
  readonly ownWrites: OwnWrites;
  readonly clock: Clock;
  readonly log: Logger;
  /** Longest wait for the client's own writes to reach the cache, in milliseconds; then the server is asked. */
  readonly waitMs: number;
  readonly onReadWait?: (wait: ReadWait) => void;
}

/** How a cached read waited for this client's own writes. Reads that need not wait are not told. */
export interface ReadWait {
  readonly resource: Resource;
  readonly waitedMs: number;
  /** `timeout`: the server was asked instead; `aborted`: the caller's signal ended the wait. */
  readonly outcome: "seen" | "timeout" | "aborted";
}

/**
 * Reads of watched kinds are answered from the cache; kinds that are not watched, or whose first list has not arrived,
 * by the server. A cached read contains what this client wrote before it began (see {@link OwnWrites}).
 *
 * Not contained: writes of other processes, what `deleteAll` hit while something held it, and writes whose outcome is not
 * known because the connection broke.
 */
export function cachedReads(options: CachedReadsOptions): Reads {
  const { live, ownWrites, log, clock } = options;
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
    const pending = read?.readYourWrites === false ? undefined : ownWrites.pending(resource, key);
    // The usual case: all that was written has arrived.
    if (!pending || (!pending.inFlight && pending.seenBy(store))) return store;
    if (!pending.inFlight && isStuck(store)) return undefined;
    const since = clock.monotonic();
    const told = (outcome: ReadWait["outcome"]): void =>
      options.onReadWait?.({ resource, waitedMs: clock.monotonic() - since, outcome });
    let seen: boolean;
    try {
      seen = await hasSeen(store, pending, options, read?.signal);
    } catch (error) {
      told("aborted");
      throw error;
    }
    told(seen ? "seen" : "timeout");
    if (!seen) {
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
    if (!store) return live.find(resource, asked, read);
    const object = store.get(key);
    return object && withKind(object, resource);
  };

  return {
    find,
    async get(resource, key, read) {
      const object = await find(resource, key, read);
      if (!object) throw notFound(resource, key.name);
      return object;
    },
    async list<T extends KubeObject>(resource: Resource<T>, list: ListOptions = {}): Promise<StoredList<T>> {
      const selectors = selectorTexts(list);
      if (!selectors) return emptyList;
      const selection = cacheSelection(list, selectors);
      const store = selection && (await freshStore(resource, selection.namespace, undefined, list));
      const items = store && select(store, selection);
      if (!items) return live.list(resource, list);
      return {
        items: items.map((object) => withKind(object, resource)),
        resourceVersion: store.resourceVersion ?? "",
        continue: undefined,
        remainingItemCount: undefined,
      };
    },
  };
}

/** Resolves to whether the store saw the writes in time. Rejects with the signal's reason. */
function hasSeen(
  store: Store,
  pending: PendingWrites,
  options: CachedReadsOptions,
  signal: AbortSignal | undefined,
): Promise<boolean> {
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
