import type { KubeObject } from "@homeostat/api";
import type { ByteStore } from "./byte-store.ts";
import type { Informer } from "./informer.ts";
import type { CachedObject, StoreEvent } from "./store.ts";
import { nextTurn, stepObjects } from "./turns.ts";

/**
 * One who follows an informer: first told what is there, then what changes, with no gap and in one order for each
 * object. What is there is told in steps, a turn of the event loop apart; an object that changes before its turn is told
 * once, as it is by then.
 */
export interface Subscription<T extends KubeObject> {
  /** Whether all that was there has been told. */
  readonly joined: boolean;
  /** What was told and is still there. */
  told(): Iterable<CachedObject<T>>;
  stop(): void;
}

export interface SubscriptionOptions<T extends KubeObject> {
  readonly informer: Informer<T>;
  readonly tell: (event: StoreEvent<T>) => void;
  /** Called when all that was there has been told. */
  readonly onJoined: () => void;
  /**
   * What was told before, by key, from elsewhere: only differences to it are told. Entries that this informer has are
   * taken out.
   */
  readonly known: Map<string, CachedObject<T>>;
}

export function subscribe<T extends KubeObject>(options: SubscriptionOptions<T>): Subscription<T> {
  const { informer, tell, known } = options;
  const { store, listeners } = informer;
  let state: "waiting" | "joining" | "live" | "stopped" = "waiting";
  // While joining: what was told of. The rest is still ahead in the walk, which goes over the living contents.
  let told = new Set<string>();
  let walked: ByteStore<T>["objects"] | undefined;
  let walk: Iterator<CachedObject<T>> | undefined;
  let endProgress = (): void => {};

  const receive = (event: StoreEvent<T>): void => {
    const { key } = event.object.metadata;
    if (state === "live") tell(event);
    else if (state !== "joining") return;
    else if (told.has(key)) tell(event);
    else if (event.type === "deleted" && known.delete(key)) tell(event);
  };

  const tellCurrent = (object: CachedObject<T>): void => {
    const { key } = object.metadata;
    const old = known.get(key);
    known.delete(key);
    if (!old) tell({ type: "added", object, initial: true });
    else if (old.metadata.uid !== object.metadata.uid) {
      tell({ type: "deleted", object: old, stale: true });
      tell({ type: "added", object, initial: true });
    } else if (old.metadata.resourceVersion !== object.metadata.resourceVersion)
      tell({ type: "updated", object, old, resync: false });
  };

  /** @returns whether there is more to tell */
  const tellSome = (): boolean => {
    // While a new list is told of, what it changes comes by its own events; then the walk begins anew, over the new.
    if (store.telling) return true;
    if (store.objects !== walked || !walk) {
      walked = store.objects;
      walk = walked.values();
    }
    for (let visited = 0; visited < stepObjects; visited++) {
      const { done, value } = walk.next();
      if (done) return false;
      const { key } = value.metadata;
      if (told.has(key)) continue;
      told.add(key);
      tellCurrent(value);
      if (state !== "joining") return false;
    }
    return true;
  };

  const finish = (): void => {
    if (state !== "joining") return;
    state = "live";
    told = new Set();
    walked = walk = undefined;
    options.onJoined();
  };

  const tellRest = async (): Promise<void> => {
    do await nextTurn();
    while (state === "joining" && tellSome());
    finish();
  };

  const join = (): void => {
    if (state === "stopped") endProgress();
    if (state !== "waiting" || !store.synced || store.telling) return;
    endProgress();
    state = "joining";
    if (tellSome()) void tellRest();
    else finish();
  };

  listeners.add(receive);
  // Not within the call: its caller has nothing in hand yet.
  queueMicrotask(() => {
    endProgress = store.onProgress(join);
    join();
  });

  return {
    get joined() {
      return state === "live";
    },
    *told() {
      if (state !== "live" && state !== "joining") return;
      for (const object of store.entries()) if (state === "live" || told.has(object.metadata.key)) yield object;
    },
    stop() {
      state = "stopped";
      endProgress();
      listeners.delete(receive);
    },
  };
}
