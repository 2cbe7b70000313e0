import type { Clock } from "@homeostat/api";
import type { Cause } from "../ledger/cause.ts";
import type { RateLimiter } from "./rate-limiter.ts";

export interface WorkqueueOptions<T> {
  readonly clock: Clock;
  /** The same string for the same item, always. */
  readonly keyOf: (item: T) => string;
  /** From when on a ready key is served out of turn, in milliseconds of waiting; Infinity: never. Default 10000. */
  readonly ageingMs?: number;
  readonly observer?: WorkqueueObserver;
  /** For adds that are `rateLimited`. Default: there are none. */
  readonly rateLimiter?: RateLimiter;
}

/** Told what a queue does; for metrics. Seconds, as Prometheus wants them. */
export interface WorkqueueObserver {
  /** A key became ready. */
  added(): void;
  /** A key was added with a delay. */
  retried(): void;
  /** A key was handed out after so long. */
  waited(seconds: number): void;
  /** Work on a key ended after so long. */
  worked(seconds: number): void;
}

export interface AddOptions {
  /** Milliseconds until the key is ready. Default 0, or what the rate limiter says. */
  readonly afterMs?: number;
  /** The key has failed: the rate limiter counts that and says how long it waits at most. Default false. */
  readonly rateLimited?: boolean;
  /** What it failed with, for rate limiters that look at it. */
  readonly error?: unknown;
  /** An integer. Default `Priority.normal`. */
  readonly priority?: number;
  readonly cause?: Cause;
  readonly causes?: readonly Cause[];
}

/** A key as it is handed out. */
export interface Taken<T> {
  readonly key: string;
  readonly item: T;
  readonly priority: number;
  readonly causes: readonly Cause[];
  readonly droppedCauses: number;
  /** How long it was ready, in milliseconds. */
  readonly waitedMs: number;
}
