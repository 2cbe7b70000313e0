import { type Clock, type KubeObject, type Resource, resourcePath, type Transport } from "@homeostat/api";
import type { Logger } from "../log.ts";
import { type ByteStore, createByteStore } from "./byte-store.ts";
import type { Projection } from "./projection.ts";
import { createReflector, type Reflector, type ServerAbilities } from "./reflector.ts";
import { type Selection, selectionId } from "./selection.ts";
import type { StoreEvent } from "./store.ts";

/** One watch of the server and the store it fills. */
export interface Informer<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  readonly selection: Selection;
  readonly store: ByteStore<T>;
  readonly reflector: Reflector;
  /** Called for each change of the store, after it was made, the first list included. */
  readonly listeners: Set<(event: StoreEvent<T>) => void>;
}

/** The watches of one server, one for each selection however many want it, from the first who does to the last. */
export interface InformerPool {
  acquire<T extends KubeObject>(resource: Resource<T>, selection: Selection): Informer<T>;
  /** Must be called once for each `acquire`. */
  release<T extends KubeObject>(informer: Informer<T>): void;
  all(): readonly Informer[];
  /** Lets watches be made; until then they are only remembered. */
  start(): void;
  /** Resolves when all that were released have ended. */
  ended(): Promise<void>;
}

export interface InformerPoolOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly userAgent: string;
  readonly abilities: ServerAbilities;
  readonly started: boolean;
  readonly idleMs?: number | undefined;
  readonly projection: <T extends KubeObject>(resource: Resource<T>) => Projection<T>;
  readonly untilServed: (resource: Resource) => ((signal: AbortSignal) => Promise<void>) | undefined;
  readonly onError: (resource: Resource, error: unknown) => void;
}

interface Pooled {
  readonly informer: Informer;
  readonly ending: AbortController;
  holders: number;
}

export function createInformerPool(options: InformerPoolOptions): InformerPool {
  const { transport, clock, random, log, userAgent, abilities } = options;
  const pool = new Map<string, Pooled>();
  const running = new Set<Promise<void>>();
  let started = options.started;

  const run = ({ informer, ending }: Pooled): void => {
    const ended = informer.reflector.run(ending.signal).finally(() => running.delete(ended));
    running.add(ended);
  };

  const make = <T extends KubeObject>(resource: Resource<T>, selection: Selection): Informer<T> => {
    const { namespace, labelSelector, fieldSelector, metadataOnly } = selection;
    const listeners = new Set<(event: StoreEvent<T>) => void>();
    const store = createByteStore<T>({
      ...options.projection(resource),
      resource,
      metadataOnly,
      onEvent(event) {
        for (const listener of listeners) listener(event);
      },
    });
    const untilServed = options.untilServed(resource);
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
      ...(options.idleMs === undefined ? {} : { idleMs: options.idleMs }),
      ...(untilServed ? { untilServed } : {}),
      onError: (error) => options.onError(resource, error),
    });
    return { resource, selection, store, reflector, listeners };
  };

  return {
    acquire<T extends KubeObject>(resource: Resource<T>, wanted: Selection): Informer<T> {
      // Whole objects serve those who want metadata just as well.
      const whole = wanted.metadataOnly && pool.has(selectionId(resource, { ...wanted, metadataOnly: false }));
      const selection = whole ? { ...wanted, metadataOnly: false } : wanted;
      const id = selectionId(resource, selection);
      let pooled = pool.get(id);
      if (!pooled) {
        const informer = make(resource, selection) as unknown as Informer;
        pooled = { informer, ending: new AbortController(), holders: 0 };
        pool.set(id, pooled);
        if (started) run(pooled);
      }
      pooled.holders++;
      return pooled.informer as unknown as Informer<T>;
    },
    release({ resource, selection }) {
      const id = selectionId(resource, selection);
      const pooled = pool.get(id);
      if (!pooled || --pooled.holders > 0) return;
      pool.delete(id);
      pooled.ending.abort(new Error(`watch of ${resource.plural} was stopped`));
    },
    all: () => [...pool.values()].map(({ informer }) => informer),
    start() {
      started = true;
      for (const pooled of pool.values()) run(pooled);
    },
    ended: async () => void (await Promise.all(running)),
  };
}
