import type net from "node:net";
import type { TransportRequest, TransportResponse } from "@homeostat/api";
import { wordsOf } from "./dial.ts";
import { createHttp1Reader, HttpProtocolError, type ResponseHead } from "./http1-reader.ts";
import { createResponseBody, type ResponseBody } from "./response-body.ts";

/**
 * One connection to the server: sends a request, reads its response, and again, never two at once (pipelining writes
 * is not safe behind proxies).
 */
export interface Connection {
  /** @throws ConnectionError when the connection breaks first */
  send(
    method: string,
    bytes: { readonly head: string; readonly body: TransportRequest["body"] },
    signal?: AbortSignal,
  ): Promise<TransportResponse>;
  /** Whether it is open and free for another request. */
  readonly usable: boolean;
  /** How many requests it has carried. */
  readonly requests: number;
  close(): void;
  ref(): void;
  unref(): void;
}

/** The connection broke under a request. `code` is the system's; `ENOTSENT` where nothing of the request had left. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly code: string;
  /** Whether any byte of the response had arrived. */
  readonly responseStarted: boolean;
  constructor(message: string, code: string, responseStarted: boolean, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.responseStarted = responseStarted;
  }
}

/** The request on a connection, from sending to the last byte. */
interface Exchange {
  readonly resolve: (response: TransportResponse) => void;
  readonly reject: (error: unknown) => void;
  readonly detach: () => void;
  head: ResponseHead | undefined;
  body: ResponseBody | undefined;
}

export interface ConnectionOptions {
  /** Told when the connection is free for another request. */
  readonly onIdle?: () => void;
  /** Told once, when the connection is gone. */
  readonly onClose?: () => void;
  readonly maxHeadBytes?: number;
}

export interface OpeningConnection {
  /** For `dial`: reads land here. */
  readonly onRead: (length: number) => void;
  /** Hands over the socket once it is ready. */
  opened(socket: net.Socket): Connection;
}

/** @param buffer where the socket's reads land */
export function prepareConnection(buffer: Buffer, options: ConnectionOptions = {}): OpeningConnection {
  let socket: net.Socket | undefined;
  let exchange: Exchange | undefined;
  let requests = 0;
  let closed = false;
  let reusable = true;

  const reader = createHttp1Reader(
    {
      head(head) {
        const current = exchange!;
        const body = createResponseBody({
          contentLength: head.contentLength,
          pause: () => socket?.pause(),
          resume: () => socket?.resume(),
          hangUp: (error) => close(error),
        });
        current.head = head;
        current.body = body;
        reusable = head.reusable;
        current.resolve({ status: head.status, headers: head.headers, bytes: body.bytes, pipe: body.pipe });
      },
      body: (chunk) => exchange!.body!.push(chunk),
      end() {
        const current = exchange!;
        exchange = undefined;
        current.detach();
        current.body!.end();
        if (!reusable) close();
      },
    },
    options,
  );

  /** Ends the connection; what waits on it fails with `error`. */
  const close = (error?: unknown): void => {
    const current = exchange;
    exchange = undefined;
    if (current) {
      current.detach();
      if (current.body) current.body.fail(error);
      else current.reject(error);
    }
    if (closed) return;
    closed = true;
    socket?.destroy();
    options.onClose?.();
  };

  const broken = (error: NodeJS.ErrnoException): void =>
    close(new ConnectionError(wordsOf(error), error.code ?? "UNKNOWN", reader.started, { cause: error }));

  const onRead = (length: number): void => {
    if (closed) return;
    const wasBusy = exchange !== undefined;
    try {
      reader.push(buffer.subarray(0, length));
    } catch (error) {
      // The reader's findings, and whatever a sink throws, which is its owner's own: either way the rest of the stream
      // is of no use.
      if (error instanceof HttpProtocolError) broken(error);
      else close(error);
      return;
    }
    // Only now: bytes left over after the response would have been an error above.
    if (wasBusy && !exchange && !closed) options.onIdle?.();
  };

  const onEnd = (): void => {
    const waiting = exchange !== undefined;
    try {
      reader.close();
      close();
    } catch (error) {
      if (waiting) close(new ConnectionError((error as Error).message, "ECONNRESET", reader.started, { cause: error }));
      else close();
    }
  };

  const connection: Connection = {
    send: (method, bytes, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        if (closed)
          return reject(new ConnectionError("connection closed before the request was sent", "ENOTSENT", false));
        const onAbort = (): void => close(signal?.reason);
        exchange = {
          resolve,
          reject,
          detach: () => signal?.removeEventListener("abort", onAbort),
          head: undefined,
          body: undefined,
        };
        signal?.addEventListener("abort", onAbort, { once: true });
        requests++;
        reader.expect(method);
        write(socket!, bytes);
      }),
    get usable() {
      return !closed && exchange === undefined && reusable && !socket!.destroyed && !socket!.readableEnded;
    },
    get requests() {
      return requests;
    },
    close: () => close(new ConnectionError("transport was closed", "ECONNABORTED", reader.started)),
    ref: () => socket!.ref(),
    unref: () => socket!.unref(),
  };

  return {
    onRead,
    opened(ready) {
      socket = ready;
      ready.on("error", broken);
      ready.on("end", onEnd);
      ready.on("close", onEnd);
      // It may have ended before anybody could be told.
      if (closed) ready.destroy();
      else if (ready.destroyed || ready.readableEnded) onEnd();
      return connection;
    },
  };
}

/** Head and body leave in one packet where they can. */
function write(
  socket: net.Socket,
  { head, body }: { readonly head: string; readonly body: TransportRequest["body"] },
): void {
  if (body === undefined) socket.write(head, "latin1");
  else {
    socket.cork();
    socket.write(head, "latin1");
    socket.write(body);
    socket.uncork();
  }
}
