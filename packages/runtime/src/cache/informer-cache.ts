import {
  apiVersionOf,
  type Clock,
  type KubeObject,
  type Resource,
  resourcePath,
  systemClock,
  type Transport,
} from "@homeostat/api";
import { type Logger, silentLogger } from "../log.ts";
import { type ByteStore, createByteStore } from "./byte-store.ts";
import type { Cache, CacheWatch, CacheWatchOptions } from "./cache.ts";
import {
  createReflector,
  type Reflector,
  type ReflectorCounters,
  type ReflectorState,
  type ServerAbilities,
} from "./reflector.ts";
import type { Store, StoreEvent, StoreHandler } from "./store.ts";

export interface CacheOptions {
  readonly transport: Transport;
  /** Namespace that is meant where a watch names none. Default: all. */
  readonly namespace?: string;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** In [0, 1). Default Math.random. */
  readonly random?: () => number;
  /** Default: none. */
  readonly log?: Logger;
  /** Default `homeostat`. */
  readonly userAgent?: string;
  /** Ask for streamed lists first. Default true; a server that has none is noticed. */
  readonly watchList?: boolean;
  /** Told of each failed list or watch. */
  readonly onError?: (resource: Resource, error: unknown) => void;
}

/** A cache that tells how it fares. */
export interface InformerCache extends Cache {
  /** All watches, for metrics, health and people. */
  watches(): readonly WatchReport[];
}

export interface WatchReport {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly labelSelector: string | undefined;
  readonly fieldSelector: string | undefined;
  readonly metadataOnly: boolean;
  readonly handles: number;
  readonly synced: boolean;
  readonly objects: number;
  /** Bytes of the objects; and memory held for them. */
  readonly bytes: number;
  readonly heldBytes: number;
  readonly resourceVersion: string | undefined;
  readonly state: ReflectorState;
  readonly counters: Readonly<ReflectorCounters>;
}

/** A selection of one kind: what makes two watches one. */
interface Selection {
  readonly namespace: string | undefined;
  readonly labelSelector: string | undefined;
  readonly fieldSelector: string | undefined;
  readonly metadataOnly: boolean;
}

/** One watch of the server and those who share it. */
interface Informer<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  readonly selection: Selection;
  readonly store: ByteStore<T>;
  readonly reflector: Reflector;
  readonly handles: Set<Handle<T>>;
  readonly ending: AbortController;
  readonly running: Promise<void>;
}

/** One who shares. */
interface Handle<T extends KubeObject> {
  readonly handler: StoreHandler<T> | undefined;
  /** Whether events are passed on: false until the objects already there have been told. */
  joined: boolean;
  readonly synced: PromiseWithResolvers<void>;
  cancelResync: () => void;
}

/**
 * One watch of the server for each kind and selection, however many want it; it begins with the first and ends with
 * the last. Handlers are called one after another in the turn in which an event arrives; one that throws is logged
 * and disturbs nobody else.
 */
export function createCache(options: CacheOptions): InformerCache {
  const { transport, clock = systemClock, random = Math.random, log = silentLogger, userAgent = "homeostat" } = options;
  const abilities: ServerAbilities = { watchList: options.watchList ?? true };
  const informers = new Map<string, Informer>();
  const ended = new Set<Promise<void>>();
  let stopped = false;

  const start = <T extends KubeObject>(resource: Resource<T>, selection: Selection): Informer<T> => {
    const { namespace, labelSelector, fieldSelector, metadataOnly } = selection;
    const handles = new Set<Handle<T>>();
    const tell = (event: StoreEvent<T>): void => {
      // Those that join during the call are told what is there by then.
      for (const handle of [...handles]) if (handle.joined) deliver(handle, event);
    };
    const store = createByteStore<T>({ resource, metadataOnly, onEvent: tell });
    const reflector = createReflector({
      transport,
      path: resourcePath(resource, namespace === undefined ? {} : { namespace }),
      query: { labelSelector, fieldSelector },
      store,
      clock,
      random,
      log: log.child({ resource: resource.plural, group: resource.group }),
      abilities,
      userAgent,
      metadataOnly,
      onError: (error) => options.onError?.(resource, error),
    });
    const ending = new AbortController();
    const endProgress = store.onProgress(() => {
      if (!store.synced) return;
      endProgress();
      for (const handle of handles) if (handle.joined) handle.synced.resolve();
    });
    return { resource, selection, store, reflector, handles, ending, running: reflector.run(ending.signal) };
  };

  const deliver = <T extends KubeObject>(handle: Handle<T>, event: StoreEvent<T>): void => {
    try {
      handle.handler?.(event);
    } catch (error) {
      log.error(
        { key: event.object.metadata.key, event: event.type, error: String((error as Error)?.stack ?? error) },
        "Event handler threw",
      );
    }
  };

  /** Tells a late handler what is there; from then on it hears what changes. */
  const join = <T extends KubeObject>({ store, handles }: Informer<T>, handle: Handle<T>): void => {
    if (!store.synced) {
      handle.joined = true;
      return;
    }
    // Not within `watch`: its caller has no handle yet.
    queueMicrotask(() => {
      if (!handles.has(handle)) return;
      if (handle.handler)
        for (const object of store.entries()) deliver(handle, { type: "added", object, initial: true });
      handle.joined = true;
      handle.synced.resolve();
    });
  };

  const armResync = <T extends KubeObject>({ store }: Informer<T>, handle: Handle<T>, resyncMs: number): void => {
    handle.cancelResync = clock.setTimer(
      () => {
        if (handle.joined && store.synced)
          for (const object of store.entries()) deliver(handle, { type: "updated", object, old: object, resync: true });
        armResync({ store } as Informer<T>, handle, resyncMs);
      },
      resyncMs * (0.9 + 0.2 * random()),
      { keepAlive: false },
    );
  };

  const leave = <T extends KubeObject>(id: string, informer: Informer<T>, handle: Handle<T>): void => {
    if (!informer.handles.delete(handle)) return;
    handle.cancelResync();
    handle.synced.reject(new Error(`watch of ${informer.resource.plural} was stopped`));
    if (informer.handles.size > 0) return;
    if (informers.get(id) === (informer as unknown as Informer)) informers.delete(id);
    end(informer as unknown as Informer);
  };

  const end = (informer: Informer): void => {
    informer.ending.abort(new Error(`watch of ${informer.resource.plural} was stopped`));
    const running = informer.running.finally(() => ended.delete(running));
    ended.add(running);
  };

  const selectionOf = (resource: Resource, wanted: CacheWatchOptions<never>): Selection => ({
    namespace: resource.scope === "Namespaced" ? (wanted.namespace ?? options.namespace) || undefined : undefined,
    labelSelector: wanted.labelSelector || undefined,
    fieldSelector: wanted.fieldSelector || undefined,
    metadataOnly: wanted.metadataOnly ?? false,
  });

  const find = (resource: Resource, selection: Selection): Informer | undefined =>
    informers.get(idOf(resource, selection));

  return {
    watch<T extends KubeObject>(resource: Resource<T>, wanted: CacheWatchOptions<T> = {}): CacheWatch<T> {
      if (stopped) throw new Error(`watch ${resource.plural}: the cache was stopped`);
      let selection = selectionOf(resource, wanted as CacheWatchOptions<never>);
      // Whole objects serve those who want metadata just as well.
      if (selection.metadataOnly && find(resource, { ...selection, metadataOnly: false }))
        selection = { ...selection, metadataOnly: false };
      const id = idOf(resource, selection);
      const informer = (informers.get(id) as unknown as Informer<T> | undefined) ?? start(resource, selection);
      for (const [name, values] of Object.entries(wanted.indexes ?? {})) informer.store.addIndex(name, values);
      informers.set(id, informer as unknown as Informer);
      const handle: Handle<T> = {
        handler: wanted.handler,
        joined: false,
        synced: Promise.withResolvers<void>(),
        cancelResync: () => {},
      };
      // Whoever never asks must not bring the process down.
      handle.synced.promise.catch(() => {});
      informer.handles.add(handle);
      join(informer, handle);
      if (wanted.resyncMs !== undefined) armResync(informer, handle, wanted.resyncMs);
      return {
        store: informer.store,
        synced: (signal) => abortable(handle.synced.promise, signal),
        stop: () => leave(id, informer, handle),
      };
    },

    store<T extends KubeObject>(
      resource: Resource<T>,
      wanted: { readonly namespace?: string } = {},
    ): Store<T> | undefined {
      const everything: Selection = {
        namespace: undefined,
        labelSelector: undefined,
        fieldSelector: undefined,
        metadataOnly: false,
      };
      const informer = find(resource, everything) ?? find(resource, selectionOf(resource, wanted));
      return informer?.store as Store<T> | undefined;
    },

    watches: () =>
      [...informers.values()].map(({ resource, selection, store, reflector, handles }) => ({
        resource,
        ...selection,
        handles: handles.size,
        synced: store.synced,
        objects: store.size,
        bytes: store.bytes,
        heldBytes: store.heldBytes,
        resourceVersion: store.resourceVersion,
        state: reflector.state,
        counters: reflector.counters,
      })),

    async stop() {
      stopped = true;
      for (const [id, informer] of [...informers])
        for (const handle of [...informer.handles]) leave(id, informer, handle);
      await Promise.all(ended);
    },
  };
}

function idOf(
  resource: Resource,
  { namespace = "", labelSelector = "", fieldSelector = "", metadataOnly }: Selection,
): string {
  return JSON.stringify([
    apiVersionOf(resource),
    resource.plural,
    namespace,
    labelSelector,
    fieldSelector,
    metadataOnly,
  ]);
}

function abortable(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
