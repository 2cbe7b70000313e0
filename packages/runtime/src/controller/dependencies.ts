import type { Clock } from "@homeostat/api";
import type { Cache } from "../cache/cache.ts";
import type { Client } from "../client/client.ts";
import type { Recorder } from "../events/recorder.ts";
import type { Leadership } from "../leader-election/leadership.ts";
import type { ReconcileLedger } from "../ledger/ledger.ts";
import type { Logger } from "../log.ts";
import type { ControllerMetrics } from "../metrics/controller-metrics.ts";
import type { Shard } from "../sharding/shard.ts";
import type { ReconcileInstrument } from "./instrument.ts";

/** What a manager gives to all its controllers. */
export interface ControllerDependencies {
  readonly client: Client;
  readonly cache: Cache;
  readonly recorder: Recorder;
  readonly ledger: ReconcileLedger;
  readonly metrics: ControllerMetrics;
  readonly log: Logger;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Watched where a watch names no namespace. Default: all. */
  readonly namespace?: string;
  /** Which keys are this replica's. Default: all. */
  readonly shard?: Shard;
  /** Whether this replica leads. Who starts controllers waits for it; they do not ask. */
  readonly leadership?: Leadership;
  /** Wrapped around each reconcile. Default: nothing. */
  readonly instrument?: ReconcileInstrument;
  /**
   * Told what a reconciler threw synchronously whose controller says `recoverPanic: false`: the process should end.
   * Default: an unhandled rejection.
   */
  readonly onPanic?: (error: unknown) => void;
}

/** A watch or source that was added to a controller. */
export interface ControllerWatch {
  /**
   * Resolves when everything known at the start was handled; rejects with what went wrong, or when it is stopped first.
   * Of a controller that is not started: when it is.
   */
  readonly synced: Promise<void>;
  /** No more requests come of it; those that are queued stay. The last handle of a kind ends its watch of the server. */
  stop(): void;
}
