import type { Clock, KubeObject } from "@homeostat/api";
import type { Logger } from "../log.ts";
import type { Informer } from "./informer.ts";
import { compareResourceVersions } from "./resource-version.ts";
import type { CachedObject, StoreEvent, StoreHandler } from "./store.ts";
import { type Subscription, subscribe } from "./subscription.ts";
import { nextTurn, stepObjects } from "./turns.ts";
import type { View } from "./view.ts";

/** One who watches: follows all watches of a view, and may go over to another view. */
export interface Handle<T extends KubeObject = KubeObject> {
  readonly view: View<T>;
  /** Resolves when all that was there at first was told; rejects when it is stopped before. */
  readonly synced: Promise<void>;
  /**
   * Goes over to another view as soon as that has its list and is not behind: the handler is told only what differs.
   * Until then it follows the former. Resolves when all differences are told; another call takes its place.
   */
  moveTo(view: View<T>): Promise<void>;
  /** Idempotent. */
  stop(): void;
}

export interface HandleOptions<T extends KubeObject> {
  readonly view: View<T>;
  readonly handler: StoreHandler<T> | undefined;
  readonly resyncMs: number | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly onStop: () => void;
}

export function createHandle<T extends KubeObject>(options: HandleOptions<T>): Handle<T> {
  const { handler, clock, random } = options;
  const subscriptions = new Map<Informer<T>, Subscription<T>>();
  const synced = Promise.withResolvers<void>();
  // Whoever never asks must not bring the process down.
  synced.promise.catch(() => {});
  // What was told from watches that are gone, until those in their place have told theirs.
  let known = new Map<string, CachedObject<T>>();
  let view = options.view;
  let stopped = false;
  let move: { readonly done: PromiseWithResolvers<void>; readonly abandon: () => void } | undefined;
  let settling: PromiseWithResolvers<void> | undefined;
  let cancelResync = (): void => {};

  const failed = (event: StoreEvent<T>, error: unknown): void =>
    options.log.error(
      { key: event.object.metadata.key, event: event.type, error: String((error as Error)?.stack ?? error) },
      "Event handler threw",
    );

  const tell = (event: StoreEvent<T>): void => {
    if (stopped || !handler) return;
    try {
      // Handlers answer nothing, but an async function is one to the compiler.
      const answer: unknown = handler(event);
      if (answer instanceof Promise) answer.catch((error) => failed(event, error));
    } catch (error) {
      failed(event, error);
    }
  };

  const settle = (): void => {
    if (stopped || !view.informers || ![...subscriptions.values()].every(({ joined }) => joined)) return;
    const vanished = [...known.values()];
    known = new Map();
    for (const object of vanished) tell({ type: "deleted", object, stale: true });
    synced.resolve();
    settling?.resolve();
    settling = undefined;
  };

  /** Follows what the view is made of now. */
  const follow = (): void => {
    if (stopped) return;
    const now = view.informers ?? [];
    const fresh = now.filter((informer) => !subscriptions.has(informer));
    for (const [informer, subscription] of subscriptions) {
      if (now.includes(informer)) continue;
      const told = [...subscription.told()];
      subscription.stop();
      subscriptions.delete(informer);
      const isTaken = fresh.some(({ selection }) => overlaps(selection.namespace, informer.selection.namespace));
      for (const object of told) {
        if (isTaken) known.set(object.metadata.key, object);
        else tell({ type: "deleted", object, stale: true });
      }
    }
    for (const informer of fresh) subscriptions.set(informer, subscribe({ informer, tell, onJoined: settle, known }));
    settle();
  };

  const leave = (): void => {
    endChange();
    view.release();
  };

  const goOver = (to: View<T>): void => {
    for (const subscription of subscriptions.values()) {
      for (const object of subscription.told()) known.set(object.metadata.key, object);
      subscription.stop();
    }
    subscriptions.clear();
    leave();
    view = to;
    endChange = to.onChange(follow);
    settling?.resolve();
    settling = move?.done;
    move = undefined;
    follow();
  };

  const armResync = (resyncMs: number): void => {
    cancelResync = clock.setTimer(
      () => {
        void resync();
        armResync(resyncMs);
      },
      resyncMs * (0.9 + 0.2 * random()),
      { keepAlive: false },
    );
  };

  const resync = async (): Promise<void> => {
    if (!view.settled) return;
    let told = 0;
    for (const { metadata } of view.store.entries()) {
      // What changed since the walk began is told as it is by now.
      const object = view.store.peek(metadata);
      if (stopped) return;
      if (object) tell({ type: "updated", object, old: object, resync: true });
      if (++told % stepObjects === 0) await nextTurn();
    }
  };

  view.retain();
  let endChange = view.onChange(follow);
  follow();
  if (options.resyncMs !== undefined) armResync(options.resyncMs);

  return {
    get view() {
      return view;
    },
    synced: synced.promise,
    moveTo(to) {
      move?.abandon();
      if (stopped || to === view) return Promise.resolve();
      to.retain();
      const ends = [to, view].map((each) => each.onProgress(() => tryMove()));
      const stopWaiting = (): void => {
        for (const end of ends) end();
      };
      const tryMove = (): void => {
        if (move?.done !== done || !to.settled || (view.store.synced && !view.settled) || isBehind(to, view)) return;
        stopWaiting();
        goOver(to);
      };
      const done = Promise.withResolvers<void>();
      done.promise.catch(() => {});
      move = {
        done,
        abandon() {
          stopWaiting();
          to.release();
          move = undefined;
          done.reject(new Error(`watch of ${to.resource.plural}: its selection was changed again, or it was stopped`));
        },
      };
      // Not within the call: its caller has nothing in hand yet.
      queueMicrotask(() => {
        if (move?.done === done) tryMove();
      });
      return done.promise;
    },
    stop() {
      if (stopped) return;
      stopped = true;
      move?.abandon();
      cancelResync();
      for (const subscription of subscriptions.values()) subscription.stop();
      subscriptions.clear();
      synced.reject(new Error(`watch of ${view.resource.plural} was stopped`));
      settling?.resolve();
      leave();
      options.onStop();
    },
  };
}

function overlaps(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

/** Whether objects might go back in time from one view to the other. */
function isBehind<T extends KubeObject>(to: View<T>, from: View<T>): boolean {
  const reached = to.store.resourceVersion;
  if (reached === undefined) return (to.informers?.length ?? 0) > 0;
  return (from.informers ?? []).some(
    ({ store: { resourceVersion: newest } }) => newest !== undefined && compareResourceVersions(reached, newest) < 0,
  );
}
