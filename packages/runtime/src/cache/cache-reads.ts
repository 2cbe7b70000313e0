import { groupResource, type KubeObject, type Resource } from "@homeostat/api";
import type { Cache, CacheRead, CacheWatch, UnwatchedReads } from "./cache.ts";
import { CacheError } from "./errors.ts";
import type { Store } from "./store.ts";

export interface CacheReads {
  readonly ensure: Cache["ensure"];
  /** Stops the watch that reads of a kind began. */
  forget(resource: Resource): void;
}

export interface CacheReadsOptions {
  readonly unwatched: UnwatchedReads;
  readonly store: Cache["store"];
  readonly watch: Cache["watch"];
  /** Why a read must not be answered, whatever is watched; undefined: it may. */
  readonly refusal: (resource: Resource, read: CacheRead) => CacheError | undefined;
}

/** Reads of kinds, watched or not; see `Cache.ensure`. */
export function createCacheReads({ unwatched, store, watch, refusal }: CacheReadsOptions): CacheReads {
  const begun = new Map<string, CacheWatch<never>>();

  /** Watches a kind from now on, for those who read it. */
  const begin = <T extends KubeObject>(resource: Resource<T>, metadataOnly: boolean): void => {
    const kind = groupResource(resource);
    begun.get(kind)?.stop();
    begun.set(kind, watch(resource, { metadataOnly }) as unknown as CacheWatch<never>);
  };

  return {
    async ensure<T extends KubeObject>(
      resource: Resource<T>,
      read: CacheRead = {},
      signal?: AbortSignal,
    ): Promise<Store<T> | undefined> {
      const refused = refusal(resource, read);
      const found = store(resource, read);
      // Whoever watches a namespace on purpose may read it, too.
      if (refused && !(found && refused.code === "UNKNOWN_NAMESPACE")) throw refused;
      if (found?.synced) return found;
      if (unwatched === "live") return undefined;
      if (!found) {
        if (unwatched === "fail")
          throw new CacheError(
            "NOT_CACHED",
            `read ${groupResource(resource)}: the kind is not cached, nobody watches it; watch it, or read live`,
          );
        begin(resource, read.metadataOnly ?? false);
      }
      const begunStore = store(resource, read) ?? store(resource, { metadataOnly: read.metadataOnly ?? false });
      if (begunStore) await untilSynced(resource, begunStore, signal);
      const after = refusal(resource, read);
      if (after) throw after;
      return store(resource, read);
    },
    forget(resource) {
      const kind = groupResource(resource);
      begun.get(kind)?.stop();
      begun.delete(kind);
    },
  };
}

function untilSynced(resource: Resource, store: Store, signal: AbortSignal | undefined): Promise<void> {
  if (store.synced) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const end = (act: () => void): void => {
      endProgress?.();
      signal?.removeEventListener("abort", onAbort);
      act();
    };
    const onAbort = (): void =>
      end(() =>
        reject(
          new CacheError("TIMEOUT", `read ${groupResource(resource)}: gave up before its first list had come`, {
            cause: signal?.reason,
          }),
        ),
      );
    const endProgress = store.onProgress?.(() => {
      if (store.synced) end(resolve);
    });
    if (signal?.aborted) return onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
