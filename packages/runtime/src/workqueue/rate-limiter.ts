import { ApiError, isConflict } from "@homeostat/api";
import { isTerminal } from "../controller/reconciler.ts";

/** How long a failure keeps a key from being tried again, by what went wrong. */
export type Retry =
  /** Not at all. */
  | { readonly class: "terminal" }
  /** `conflict`: our view was old, it will be fresh soon. `throttled`: the server said when. `failure`: anything else. */
  | { readonly class: "conflict" | "throttled" | "failure"; readonly delayMs: number };

export interface RetryOptions {
  /** Range of the first delay in milliseconds. Default 500. */
  readonly baseMs?: number;
  /** Largest range in milliseconds. Default 300000. */
  readonly maxMs?: number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Conflicts resolve with the next watch event, so their delays start and end lower. */
const CONFLICT_BASE_MS = 50;
const CONFLICT_MAX_MS = 5_000;

/**
 * Exponential backoff with full jitter: uniform between 0 and base·2ⁿ, capped. A fixed delay would make keys that
 * failed together come back together.
 *
 * @param failures how often the key failed before, 0 for its first failure
 */
export function retryAfter(error: unknown, failures: number, options: RetryOptions): Retry {
  if (isTerminal(error)) return { class: "terminal" };
  const asked = askedDelay(error);
  // Full jitter on top of what the server asks: never sooner, and not all at the same moment.
  if (asked !== undefined) return { class: "throttled", delayMs: asked + jittered(500, 0, asked, options.random) };
  // A conflict of apply names its fields: another manager holds them, and waiting briefly is of no use.
  if (isConflict(error) && (error.status.details?.causes?.length ?? 0) === 0) {
    return { class: "conflict", delayMs: jittered(CONFLICT_BASE_MS, failures, CONFLICT_MAX_MS, options.random) };
  }
  const { baseMs = 500, maxMs = 300_000 } = options;
  return { class: "failure", delayMs: jittered(baseMs, failures, maxMs, options.random) };
}

function askedDelay(error: unknown): number | undefined {
  if (!(error instanceof ApiError) || (error.code !== 429 && error.code !== 503)) return undefined;
  return error.retryAfterMs;
}

function jittered(baseMs: number, failures: number, maxMs: number, random: () => number): number {
  // Beyond 2^31 the cap has long been reached, whatever the base.
  return Math.max(1, random() * Math.min(maxMs, baseMs * 2 ** Math.min(failures, 31)));
}
