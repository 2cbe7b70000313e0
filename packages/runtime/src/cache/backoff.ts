import { type Clock, sleep } from "@homeostat/api";

/**
 * Delays between attempts to list or watch: 800 ms, doubling up to 30 s, each stretched by up to its double again so
 * that many clients do not come at once; back to the start after two minutes without an attempt. That is at most 0.22
 * requests a second. Source: client-go, tools/cache/reflector.go.
 */
export interface Backoff {
  /** Milliseconds to wait before the next attempt. */
  next(): number;
  wait(signal: AbortSignal): Promise<void>;
}

const firstMs = 800;
const longestMs = 30_000;
const resetMs = 120_000;

/** @param random in [0, 1) */
export function createBackoff(clock: Clock, random: () => number): Backoff {
  let delayMs = firstMs;
  let last = Number.NEGATIVE_INFINITY;
  const next = (): number => {
    const now = clock.monotonic();
    if (now - last > resetMs) delayMs = firstMs;
    last = now;
    const chosen = delayMs * (1 + random());
    delayMs = Math.min(delayMs * 2, longestMs);
    return chosen;
  };
  return { next, wait: (signal) => sleep(clock, next(), signal) };
}
