import {
  type Clock,
  type KubeObject,
  type NamespacedName,
  notFound,
  parseFieldSelector,
  type Resource,
} from "@homeostat/api";
import type { Cache, CacheRead } from "../cache/cache.ts";
import { CacheError } from "../cache/errors.ts";
import { type CachedListOptions, canListFrom, listFrom } from "../cache/field-reads.ts";
import type { Store } from "../cache/store.ts";
import type { Logger } from "../log.ts";
import type { ListOptions, ReadOptions, StoredList } from "./client.ts";
import { emptyList, type Reads } from "./live-reads.ts";
import { isMetadataOnly } from "./metadata-of.ts";
import { keyText, type OwnWrites, type PendingWrites, type ReadScope } from "./own-writes.ts";
import { type SelectorTexts, selectorTexts } from "./query.ts";
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
 * Reads of watched kinds are answered from the cache. Of kinds that are not watched, and of lists that no index answers,
 * the cache's `unwatched` decides: with `live` (the default) the server is asked, also while the first list has not
 * arrived; with `watch` the kind is watched from then on; with `fail` the read fails.
 *
 * A cached read contains what this client wrote before it began (see {@link OwnWrites}).
 *
 * Not contained: writes of other processes, what `deleteAll` hit while something held it, and writes whose outcome is not
 * known because the connection broke.
 */
export function cachedReads(options: CachedReadsOptions): Reads {
  const { live, cache, ownWrites, log, clock } = options;
  // Where a store stood when a read had waited in vain. Until it moves, others would wait in vain, too: with a watch
  // that is down, each object would cost a worker the whole wait.
  const stuckAt = new WeakMap<Store, string | undefined>();
  const isStuck = (store: Store): boolean => stuckAt.has(store) && stuckAt.get(store) === store.resourceVersion;

  /** The store that holds what is read once it is in sync; undefined where the server must be asked. */
  const ensured = async <T extends KubeObject>(
    resource: Resource<T>,
    of: CacheRead,
    signal: AbortSignal | undefined,
  ): Promise<Store<T> | undefined> => {
    try {
      return await cache.ensure(resource, of, signal);
    } catch (error) {
      // While a process ends somebody may still read.
      if (error instanceof CacheError && error.code === "STOPPED") return undefined;
      throw error;
    }
  };

  /** Versions are the server's to give, and pages, unless the cache answers whatever it can. */
  const isForServer = (list: ListOptions): boolean =>
    Boolean(list.resourceVersion || list.resourceVersionMatch) ||
    (cache.unwatched === "live" && (list.limit !== undefined || Boolean(list.continue)));

  /** That store once it has seen our writes. */
  const freshStore = async <T extends KubeObject>(
    resource: Resource<T>,
    scope: ReadScope,
    read: ReadOptions | undefined,
  ): Promise<Store<T> | undefined> => {
    const of: CacheRead = {
      ...("key" in scope ? scope.key : scope.namespace ? { namespace: scope.namespace } : {}),
      ...(isMetadataOnly(resource) ? { metadataOnly: true } : {}),
    };
    const pending = read?.readYourWrites === false ? undefined : ownWrites.pending(resource, scope);
    const found = cache.store(resource, of);
    const store = found?.synced ? found : await ensured(resource, of, read?.signal);
    if (!store) return undefined;
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
        {
          resource: resource.plural,
          ...("key" in scope ? { key: keyText(scope.key) } : {}),
          waitedMs: options.waitMs,
        },
        "Cache has not seen own write in time, reading live",
      );
      return undefined;
    }
    // While we waited the watch may have ended.
    return cache.store(resource, of) === store ? store : undefined;
  };

  const find: Reads["find"] = async (resource, asked, read) => {
    const key: NamespacedName = resource.scope === "Namespaced" ? asked : { name: asked.name };
    const store = read?.from === "live" ? undefined : await freshStore(resource, { key }, read);
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
      const { namespace: demanded, ...of } = fieldsOf(selectors);
      // Cluster-scoped objects have none, whatever is asked.
      const within = resource.scope === "Namespaced" ? list.namespace : undefined;
      const namespace = demanded ?? within;
      if (list.from === "live" || isForServer(list)) return live.list(resource, list);
      const store = await freshStore(
        resource,
        of.name && namespace ? { key: { namespace, name: of.name } } : { namespace },
        list,
      );
      const asked: CachedListOptions = {
        ...(within ? { namespace: within } : {}),
        ...(selectors.labelSelector ? { labelSelector: selectors.labelSelector } : {}),
        ...(selectors.fieldSelector ? { fieldSelector: selectors.fieldSelector } : {}),
        ...(list.limit === undefined ? {} : { limit: list.limit }),
        ...(list.continue ? { continue: list.continue } : {}),
      };
      if (!store || (cache.unwatched === "live" && !canListFrom(store, asked))) return live.list(resource, list);
      const items = listFrom(store, asked);
      return {
        items: items.map((object) => withKind(object, resource)),
        resourceVersion: store.resourceVersion ?? "",
        continue: undefined,
        remainingItemCount: undefined,
      };
    },
  };
}

/** Name and namespace that a selector demands. */
function fieldsOf({ fieldSelector }: SelectorTexts): { readonly name?: string; readonly namespace?: string } {
  if (!fieldSelector) return {};
  const selector = parseFieldSelector(fieldSelector);
  const name = selector.exactValue("metadata.name");
  const namespace = selector.exactValue("metadata.namespace");
  return { ...(name ? { name } : {}), ...(namespace ? { namespace } : {}) };
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
