import { requestEntityTooLarge, type Transport, type TransportRequest, type TransportResponse } from "@homeostat/api";
import type { UserInfo } from "../auth/user-info.ts";
import { defaultMaxBodyBytes, type Handler, type ServerResponse, type StreamBody } from "./handler.ts";

const never = new AbortController().signal;
const empty = new Uint8Array(0);
/** Some hundredths of a second of requests, as a rule. */
const requestsInARow = 100;

/**
 * The handler as a transport without sockets.
 *
 * Pieces of a stream are handed on in a microtask of their own, never inside the write that makes them: a reader may
 * write in turn, and sees the world after the write, as over a network. Until it reads, pieces wait and count as
 * buffered, so the server ends a watch nobody reads just as it ends a slow one.
 *
 * Requests need neither timers nor sockets, so callers that never rest would keep everything else in the process waiting.
 * Every so many of them the event loop gets its turn: counted, not timed, so that runs in virtual time repeat exactly.
 *
 * @param user who the caller is; without it the caller needs credentials like everyone else
 * @param maxBodyBytes largest body of a request, in bytes; the same as over the network by default
 */
export function inProcessTransport(handler: Handler, user?: UserInfo, maxBodyBytes = defaultMaxBodyBytes): Transport {
  let inARow = 0;
  return async (request) => {
    request.signal?.throwIfAborted();
    if (++inARow >= requestsInARow) {
      inARow = 0;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    request.beforeSend?.();
    const bytes = bodyBytes(request.body);
    const answer = handler({
      method: request.method,
      path: request.path,
      headers: request.headers ?? {},
      async body() {
        if (bytes.length > maxBodyBytes) throw requestEntityTooLarge(`limit is ${maxBodyBytes}`);
        return bytes;
      },
      signal: request.signal ?? never,
      ...(user ? { user } : {}),
    });
    const response = request.signal ? await untilAborted(answer, request.signal) : await answer;
    return toTransport(response, request);
  };
}

function bodyBytes(body: TransportRequest["body"]): Uint8Array {
  if (body === undefined) return empty;
  return typeof body === "string" ? Buffer.from(body) : body;
}

/** Settles as the promise does, or rejects with the signal's reason if that comes first. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

function toTransport(response: ServerResponse, request: TransportRequest): TransportResponse {
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [
      name,
      typeof value === "string" ? value : value.join(", "),
    ]),
  );
  const { status, body = empty } = response;
  if (typeof body !== "function") {
    return {
      status,
      headers,
      bytes: async () => body,
      pipe: async (sink) => (body.length > 0 ? sink(body) : undefined),
    };
  }
  const pipe = startStream(body, request.signal);
  return {
    status,
    headers,
    pipe,
    async bytes() {
      const chunks: Uint8Array[] = [];
      await pipe((chunk) => void chunks.push(chunk.slice()));
      return Buffer.concat(chunks);
    },
  };
}

/** Runs the body at once, as a server with a socket does, and gives the function that reads it. */
function startStream(body: StreamBody, callerSignal: AbortSignal | undefined): TransportResponse["pipe"] {
  const ending = new AbortController();
  const queue: Uint8Array[] = [];
  let buffered = 0;
  let sink: ((chunk: Uint8Array) => void) | undefined;
  let scheduled = false;
  const read = Promise.withResolvers<void>();
  // A stream that breaks before anyone reads it is reported to the reader, if one comes.
  read.promise.catch(() => undefined);

  const fail = (error: unknown): void => {
    read.reject(error);
    queue.length = 0;
    sink = undefined;
    if (!ending.signal.aborted) ending.abort(error);
  };
  const flush = (): void => {
    scheduled = false;
    try {
      for (let chunk = sink && queue.shift(); chunk; chunk = sink && queue.shift()) {
        buffered -= chunk.length;
        sink?.(chunk);
      }
    } catch (error) {
      fail(error);
    }
  };
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(flush);
  };
  const onAbort = (): void => fail(callerSignal?.reason);
  if (callerSignal?.aborted) onAbort();
  else callerSignal?.addEventListener("abort", onAbort, { once: true });

  const write = (chunk: Uint8Array): void => {
    if (ending.signal.aborted || chunk.length === 0) return;
    queue.push(chunk);
    buffered += chunk.length;
    if (sink) schedule();
  };
  const ended = body({ write, buffered: () => buffered, signal: ending.signal }).then(
    () => true,
    (error: unknown) => {
      fail(error);
      return false;
    },
  );
  ended.finally(() => callerSignal?.removeEventListener("abort", onAbort));

  return (reader) => {
    sink = reader;
    schedule();
    ended.then((clean) => {
      // What was written last is handed on before the end is.
      flush();
      if (clean) read.resolve();
    });
    return read.promise;
  };
}
