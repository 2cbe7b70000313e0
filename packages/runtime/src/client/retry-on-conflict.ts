import { type Clock, isConflict, sleep, systemClock } from "@homeostat/api";

/** Options of {@link retryOnConflict}; all have defaults. */
export interface RetryOnConflictOptions {
  /** How often it is tried in all. Default 5. */
  readonly attempts?: number;
  /** Wait before another attempt, in milliseconds; up to a tenth is added at random. Default 10. */
  readonly delayMs?: number;
  /** Ends the waiting with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** In [0, 1). Default Math.random. */
  readonly random?: () => number;
}

/**
 * Tries again what failed because the object had changed meanwhile. `attempt` has to read the object each time, and from
 * the server (`{ from: "live" }`): a cache may not know the change yet that was in the way. Within a reconcile there is
 * rarely a need: let the conflict be thrown, and the key comes again.
 *
 * Source: client-go, util/retry `RetryOnConflict` with `DefaultRetry`.
 *
 * @throws what `attempt` throws: at once where that is no conflict, else after the last
 */
export async function retryOnConflict<R>(attempt: () => Promise<R>, options: RetryOnConflictOptions = {}): Promise<R> {
  const { attempts = 5, delayMs = 10, signal, clock = systemClock, random = Math.random } = options;
  for (let made = 1; ; made++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isConflict(error) || made >= attempts) throw error;
    }
    await sleep(clock, delayMs * (1 + 0.1 * random()), signal);
  }
}
