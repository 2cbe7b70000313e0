import { ApiError, isConflict, type KubeObject } from "@homeostat/api";
import {
  type ControllerDefinition,
  exponentialBackoff,
  isTerminal,
  type NewRateLimiter,
  type ReconcileContext,
  requestKey,
  TerminalError,
} from "@homeostat/runtime";

/** `spec.reconciliation` of an object, as far as it is about failures. */
export interface RetryPolicy {
  readonly retryBackoff?: "exponential" | "linear" | "constant" | undefined;
  readonly maxRetries?: number | undefined;
}

/** Step of the linear and constant waits, and the longest wait, in milliseconds. */
const STEP_MS = 1_000;
const LONGEST_MS = 300_000;

interface Failures {
  /** Which object, and which state of it: a namesake and a changed one start anew. */
  readonly what: string;
  readonly count: number;
}

/**
 * Lets each object say how its failures are tried again: how the wait grows, and how often at most. What the server asks
 * for (Retry-After) is kept all the same, and conflicts, which pass by themselves, do not count.
 */
export function withRetryPolicy<T extends KubeObject>(
  definition: ControllerDefinition<T>,
  policyOf: (object: T) => RetryPolicy | undefined,
): ControllerDefinition<T> {
  const failures = new Map<string, Failures>();
  /** By the error that it is asked about: a limiter knows keys and errors, no objects. */
  const policies = new WeakMap<object, RetryPolicy>();

  const reconcile = async (context: ReconcileContext<T>) => {
    const key = requestKey(context.request);
    try {
      const result = await definition.reconcile(context);
      failures.delete(key);
      return result;
    } catch (error) {
      const policy = policyOf(context.object) ?? {};
      if (typeof error === "object" && error !== null) policies.set(error, policy);
      if (isTerminal(error) || isConflict(error) || context.signal.aborted) throw error;
      const { uid, generation } = context.object.metadata;
      const what = `${uid}/${generation}`;
      const before = failures.get(key);
      const count = (before?.what === what ? before.count : 0) + 1;
      const { maxRetries = Number.POSITIVE_INFINITY } = policy;
      if (count <= maxRetries) {
        failures.set(key, { what, count });
        throw error;
      }
      failures.delete(key);
      const why = `gave up after ${maxRetries} ${maxRetries === 1 ? "retry" : "retries"} (spec.reconciliation.maxRetries); a change starts anew`;
      context.events.warning("GaveUp", why);
      throw new TerminalError(`${why}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  };
  const rateLimiter = byPolicy((error) => (typeof error === "object" && error ? policies.get(error) : undefined));
  return { ...definition, reconcile, options: { ...definition.options, rateLimiter } };
}

function byPolicy(policyOf: (error: unknown) => RetryPolicy | undefined): NewRateLimiter {
  return (parts) => {
    const usual = exponentialBackoff()(parts);
    return {
      when(key, error) {
        const wait = usual.when(key, error);
        const { retryBackoff = "exponential" } = policyOf(error) ?? {};
        const isAsked = error instanceof ApiError && error.status.details?.retryAfterSeconds !== undefined;
        if (retryBackoff === "exponential" || isAsked || isConflict(error)) return wait;
        const steps = retryBackoff === "linear" ? usual.failures(key) : 1;
        return Math.min(steps * STEP_MS, LONGEST_MS);
      },
      forget: (key) => usual.forget(key),
      failures: (key) => usual.failures(key),
    };
  };
}
