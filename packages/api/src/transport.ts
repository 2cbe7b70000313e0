/**
 * The seam between a client and an API server: one function. Over the network it is an HTTP client; in process it is
 * the server's own handler, called without a socket. Interceptors wrap it: `next => request => next(request)`.
 *
 * These are plain objects rather than the web's Request and Response because those cost more than the rest of a
 * request put together (measured: `fetch` 235 µs of CPU a request, plain HTTP/1.1 keep-alive 14–60).
 */
export interface TransportRequest {
  /** Upper case: `GET`, `POST` … */
  readonly method: string;
  /** Path with query, starting with `/`. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Aborting ends the request, and the body of its answer, with the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * Called right before the request leaves, in the same turn: after waiting for credentials or a free connection, and
   * again where it is sent again. What it throws is what the request fails with, and nothing is sent.
   */
  readonly beforeSend?: () => void;
}

export interface TransportResponse {
  readonly status: number;
  /** Names in lower case; repeated headers are joined by `, ` (each `warning` value is kept whole). */
  readonly headers: Readonly<Record<string, string>>;
  /** The whole body. A body is read once, by `bytes` or by `pipe`. Throws if the connection breaks before its end. */
  bytes(): Promise<Uint8Array>;
  /**
   * Hands the body to `sink` as it arrives and resolves at its clean end. A chunk is valid only during the call: the
   * buffer beneath it is used again. Rejects if the connection breaks, the request is aborted, or `sink` throws.
   */
  pipe(sink: (chunk: Uint8Array) => void): Promise<void>;
}

export type Transport = (request: TransportRequest) => Promise<TransportResponse>;

/** Wraps a transport: retries, logging, tracing, fault injection, recording. */
export type Interceptor = (next: Transport) => Transport;

/** Applies interceptors so that the first listed sees a request first. */
export function intercept(transport: Transport, ...interceptors: readonly Interceptor[]): Transport {
  return interceptors.reduceRight((next, interceptor) => interceptor(next), transport);
}
