/** A read that the cache refuses. `code` tells why. */
export class CacheError extends Error {
  override readonly name = "CacheError";
  readonly code: CacheErrorCode;
  constructor(code: CacheErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * - `NOT_STARTED`: the cache was made with `autoStart: false` and is not started yet;
 * - `STOPPED`: it was stopped;
 * - `NOT_CACHED`: nobody watches the kind, and reading does not begin to (`unwatched: "fail"`);
 * - `UNKNOWN_NAMESPACE`: the namespace is not among those that are watched;
 * - `TIMEOUT`: the reader's signal was aborted before the first list had come;
 * - `UNANSWERABLE`: no cache can answer it: a field without index, a selector that is not exact, pages.
 */
export type CacheErrorCode =
  | "NOT_STARTED"
  | "STOPPED"
  | "NOT_CACHED"
  | "UNKNOWN_NAMESPACE"
  | "TIMEOUT"
  | "UNANSWERABLE";
