import { type Clock, type Interceptor, sleep, systemClock, type TransportResponse } from "@homeostat/api";
import { ConnectionError } from "./connection.ts";
import { retryAfter } from "./status-error.ts";

export interface RetryOptions {
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** How often one request is made again. Default 10. */
  readonly maxRetries?: number;
  /** Told before each wait. */
  readonly onRetry?: (retry: RequestRetry) => void;
}

/** A request that is made again. */
export interface RequestRetry {
  readonly method: string;
  readonly path: string;
  /** From 1 on. */
  readonly attempt: number;
  /** How long it waits first. */
  readonly delayMs: number;
  /** What the one before was answered with; undefined: nothing, its connection broke. */
  readonly status: number | undefined;
  /** The same for people. */
  readonly why: string;
}

/**
 * Makes requests again where the server asks for it: any verb on 429 or 5xx with a whole number of seconds in
 * Retry-After; GET also after a lost connection, a second later. Everything else is the caller's to judge: a 500
 * without Retry-After may have done its work.
 *
 * Source: client-go, rest/with_retry.go.
 */
export function retry(options: RetryOptions = {}): Interceptor {
  const clock = options.clock ?? systemClock;
  const maxRetries = options.maxRetries ?? 10;
  return (next) => async (request) => {
    for (let attempt = 1; ; attempt++) {
      let response: TransportResponse | undefined;
      let delayMs: number;
      let why: string;
      try {
        response = await next(request);
        const seconds = response.status === 429 || response.status >= 500 ? retryAfter(response.headers) : undefined;
        if (seconds === undefined || attempt > maxRetries) return response;
        delayMs = seconds * 1000;
        why = `status ${response.status}`;
        // The connection is free only once its answer is read.
        await response.bytes();
      } catch (error) {
        const again =
          request.method === "GET" && isConnectionLost(error) && attempt <= maxRetries && !request.signal?.aborted;
        if (!again) throw error;
        delayMs = 1000;
        why = (error as Error).message;
      }
      options.onRetry?.({
        method: request.method,
        path: request.path,
        attempt,
        delayMs,
        status: response?.status,
        why,
      });
      await sleep(clock, delayMs, request.signal);
    }
  };
}

/** Whether the connection broke under a request (rather than could not be made). */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof ConnectionError) return error.code !== "ECONNABORTED";
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === "ECONNRESET" || code === "EPIPE" || code === "CUT_OFF";
}
