import type { KubeObject } from "@homeostat/api";
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
  const pending = new Map<string, CachedObject<T>>();
  let endProgress = (): void => {};

  const receive = (event: StoreEvent<T>): void => {
    const { key } = event.object.metadata;
    if (state === "live" || (state === "joining" && !pending.has(key))) tell(event);
    else if (state === "joining" && event.type === "deleted") {
      pending.delete(key);
      if (known.delete(key)) tell(event);
    }
  };

  const tellCurrent = (object: CachedObject<T>): void => {
    const { key } = object.metadata;
    const now = store.peek(object.metadata);
    const old = known.get(key);
    known.delete(key);
    const same = old !== undefined && old.metadata.uid === now?.metadata.uid;
    if (old && !same) tell({ type: "deleted", object: old, stale: true });
    if (!now) return;
    if (!old || !same) tell({ type: "added", object: now, initial: true });
    else if (old.metadata.resourceVersion !== now.metadata.resourceVersion)
      tell({ type: "updated", object: now, old, resync: false });
  };

  /** @returns whether there is more to tell */
  const tellSome = (): boolean => {
    let told = 0;
    for (const [key, object] of pending) {
      // While a new list is told of, what it changes waits for its own events.
      if (store.telling) return true;
      pending.delete(key);
      tellCurrent(object);
      if (state !== "joining") return false;
      if (++told === stepObjects) return pending.size > 0;
    }
    return false;
  };

  const finish = (): void => {
    if (state !== "joining") return;
    state = "live";
    options.onJoined();
  };

  const tellRest = async (): Promise<void> => {
    do await nextTurn();
    while (tellSome());
    finish();
  };

  const join = (): void => {
    if (state === "stopped") endProgress();
    if (state !== "waiting" || !store.synced || store.telling) return;
    endProgress();
    state = "joining";
    for (const object of store.entries()) pending.set(object.metadata.key, object);
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
      if (state === "live" || state === "joining")
        for (const object of store.entries()) if (!pending.has(object.metadata.key)) yield object;
    },
    stop() {
      state = "stopped";
      pending.clear();
      endProgress();
      listeners.delete(receive);
    },
  };
}
