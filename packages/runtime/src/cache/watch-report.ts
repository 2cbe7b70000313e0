import type { Clock, KubeObject, Resource } from "@homeostat/api";
import type { Informer } from "./informer.ts";
import type { ReflectorCounters, ReflectorState } from "./reflector.ts";
import type { Selection } from "./selection.ts";

/** How one watch of the server fares. */
export interface WatchReport extends Selection {
  readonly resource: Resource;
  /** How many share it. */
  readonly handles: number;
  readonly synced: boolean;
  readonly objects: number;
  /** Bytes of the objects; and memory held for them. */
  readonly bytes: number;
  readonly heldBytes: number;
  readonly resourceVersion: string | undefined;
  readonly state: ReflectorState;
  readonly counters: Readonly<ReflectorCounters>;
  /**
   * Milliseconds since the server was last heard on it: how old what it shows may be. A healthy watch hears of the server
   * each minute. Undefined before the first answer.
   */
  readonly silentMs: number | undefined;
}

export function reportOf<T extends KubeObject>(
  { resource, selection, store, reflector }: Informer<T>,
  handles: number,
  clock: Clock,
): WatchReport {
  const { state, counters } = reflector;
  const heardAt = counters.lastHeardAt;
  return {
    resource,
    ...selection,
    handles,
    synced: store.synced,
    objects: store.size,
    bytes: store.bytes,
    heldBytes: store.heldBytes,
    resourceVersion: store.resourceVersion,
    state,
    counters,
    silentMs: heardAt === undefined ? undefined : clock.monotonic() - heardAt,
  };
}
