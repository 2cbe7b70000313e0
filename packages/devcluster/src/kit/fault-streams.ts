import { type Clock, sleep, type TransportResponse } from "@homeostat/api";

/** The connection broke; no answer came. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
  /** By this clients know what happened, as with a real connection. */
  readonly code = "ECONNRESET";
}

/** A stream that breaks after its first part. */
export function dropping(response: TransportResponse, path: string): TransportResponse {
  return withPipe(response, async (sink) => {
    let first = true;
    await response.pipe((chunk) => {
      if (!first) throw new ConnectionLost(`watch of ${path}: connection lost (injected fault)`);
      first = false;
      sink(chunk);
    });
  });
}

/** A stream that stays open, and is silent after its first part. */
export function stalling(response: TransportResponse): TransportResponse {
  return withPipe(response, async (sink) => {
    let first = true;
    await response.pipe((chunk) => {
      if (first) sink(chunk);
      first = false;
    });
  });
}

/** A stream each part of which comes so much later, in order; its end, too. */
export function delaying(response: TransportResponse, clock: Clock, delayMs: number): TransportResponse {
  return withPipe(response, async (sink) => {
    const over = new AbortController();
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {});
    let last = Promise.resolve();
    const later = (act: () => void): void => {
      const due = sleep(clock, delayMs, over.signal);
      last = Promise.all([last, due]).then(act);
      last.catch(failed.reject);
    };
    try {
      const piping = response.pipe((chunk) => {
        over.signal.throwIfAborted();
        // The buffer beneath is used again when this returns.
        const copy = chunk.slice();
        later(() => sink(copy));
      });
      await Promise.race([piping, failed.promise]);
      later(() => {});
      await last;
    } finally {
      over.abort(new ConnectionLost("the stream is over"));
    }
  });
}

const withPipe = (response: TransportResponse, pipe: TransportResponse["pipe"]): TransportResponse => ({
  status: response.status,
  headers: response.headers,
  bytes: () => response.bytes(),
  pipe,
});
