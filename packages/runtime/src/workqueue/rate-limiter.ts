import { ApiError, type Clock, isConflict } from "@homeostat/api";

/**
 * Says how long a failed key waits before it is tried again, and counts failures for that. A limiter belongs to one
 * queue; limiters are described by values that make one (`exponentialBackoff({ … })`), so that a controller that runs
 * twice, in two managers, shares nothing.
 *
 * Source: client-go `util/workqueue` `default_rate_limiters.go`.
 */
export interface RateLimiter {
  /** Counts a failure of the key. @returns milliseconds until it may be tried again; 0: at once */
  when(key: string, error?: unknown): number;
  /** The key has succeeded or is gone: its failures do not count any more. */
  forget(key: string): void;
  /** How often the key has failed since it was last forgotten. */
  failures(key: string): number;
}

/** Makes a limiter for one queue. To share one between controllers, write `() => shared`. */
export type NewRateLimiter = (parts: RateLimiterParts) => RateLimiter;

/** What limiters may need of the world. */
export interface RateLimiterParts {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/** How delays grow with the failures of a key. */
export interface ExponentialBackoffOptions {
  /** First delay, or its range with jitter, in milliseconds. Default 500. */
  readonly baseMs?: number;
  /** Largest delay, or its range with jitter, in milliseconds. Default 300000. */
  readonly maxMs?: number;
  /**
   * `full`: uniform between 0 and base·2ⁿ, so that keys that failed together do not come back together. `none`: exactly
   * base·2ⁿ. Default `full`.
   */
  readonly jitter?: "full" | "none";
  /**
   * Look at what went wrong: conflicts are tried again soon (range 50 to 5000 ms), and never before the time the server
   * asks for (429 and 503 with Retry-After). Default true.
   */
  readonly errorClasses?: boolean;
}

/** Conflicts resolve with the next watch event, so their delays start and end lower. */
const CONFLICT_BASE_MS = 50;
const CONFLICT_MAX_MS = 5_000;

/**
 * Twice the delay after each failure of a key: base·2ⁿ, capped. controller-runtime's default is
 * `exponentialBackoff({ baseMs: 5, maxMs: 1_000_000, jitter: "none", errorClasses: false })`.
 */
export function exponentialBackoff(options: ExponentialBackoffOptions = {}): NewRateLimiter {
  return ({ random }) => {
    const counts = new Map<string, number>();
    return {
      when(key, error) {
        const before = counts.get(key) ?? 0;
        counts.set(key, before + 1);
        return backoff(error, before, options, random);
      },
      forget: (key) => void counts.delete(key),
      failures: (key) => counts.get(key) ?? 0,
    };
  };
}

function backoff(error: unknown, before: number, options: ExponentialBackoffOptions, random: () => number): number {
  const { baseMs = 500, maxMs = 300_000, jitter = "full", errorClasses = true } = options;
  const spread = (ms: number): number => (jitter === "full" ? Math.max(1, random() * ms) : ms);
  if (errorClasses) {
    const asked = askedDelay(error);
    // On top of what the server asks: never sooner, and not all at the same moment.
    if (asked !== undefined) return asked + spread(Math.min(asked, 500));
    if (isOldView(error)) return spread(doubled(CONFLICT_BASE_MS, before, CONFLICT_MAX_MS));
  }
  return spread(doubled(baseMs, before, maxMs));
}

/** How often anything may be tried again, over all keys. */
export interface TokenBucketOptions {
  /** Tokens that come back in a second. Above 0. */
  readonly perSecond: number;
  /** Tokens there are at most, and at the start. */
  readonly burst: number;
}

/**
 * A limit of all keys of a queue together: each takes a token, and where none is left waits for the time at which its
 * own comes. A token is spent even if the key then runs earlier for another reason.
 */
export function tokenBucket({ perSecond, burst }: TokenBucketOptions): NewRateLimiter {
  if (!(perSecond > 0)) throw new RangeError(`token bucket: perSecond is ${perSecond}: give a number above 0`);
  return ({ clock }) => {
    let tokens = burst;
    let at = clock.monotonic();
    return {
      when() {
        const now = clock.monotonic();
        tokens = Math.min(burst, tokens + ((now - at) * perSecond) / 1000) - 1;
        at = now;
        return tokens >= 0 ? 0 : (-tokens / perSecond) * 1000;
      },
      forget() {},
      failures: () => 0,
    };
  };
}

/** The longest delay of several limiters, all of which count the failure. */
export function maxOf(...limiters: readonly NewRateLimiter[]): NewRateLimiter {
  return (parts) => {
    const all = limiters.map((limiter) => limiter(parts));
    const largest = (values: readonly number[]): number => Math.max(0, ...values);
    return {
      when: (key, error) => largest(all.map((limiter) => limiter.when(key, error))),
      forget: (key) => all.forEach((limiter) => void limiter.forget(key)),
      failures: (key) => largest(all.map((limiter) => limiter.failures(key))),
    };
  };
}

function doubled(baseMs: number, failures: number, maxMs: number): number {
  // Beyond 2^31 the cap has long been reached, whatever the base.
  return Math.min(maxMs, baseMs * 2 ** Math.min(failures, 31));
}

function askedDelay(error: unknown): number | undefined {
  if (!(error instanceof ApiError) || (error.code !== 429 && error.code !== 503)) return undefined;
  return error.retryAfterMs;
}

/** A conflict of apply names its fields: another manager holds them, and waiting briefly is of no use. */
const isOldView = (error: unknown): boolean =>
  isConflict(error) && ((error as ApiError).status.details?.causes?.length ?? 0) === 0;
