import { HttpProtocolError } from "./http1-reader.ts";

/**
 * The body of a response between the socket and whoever asked for it. Chunks that arrive before the reader does are
 * copied; once `pipe` is called they are handed through without a copy.
 */
export interface ResponseBody {
  bytes(): Promise<Uint8Array>;
  pipe(sink: (chunk: Uint8Array) => void): Promise<void>;
  /** From the socket. Valid during the call only. Throws what the sink throws. */
  push(chunk: Uint8Array): void;
  end(): void;
  fail(error: unknown): void;
}

export interface ResponseBodyOptions {
  /** Length of the body where known: the whole is then collected without growing. */
  readonly contentLength: number | undefined;
  /** Bytes held for a reader that has not come yet before `pause` is called. Default 1048576. */
  readonly highWaterMark?: number;
  /** Stop and go for the socket, while nobody reads. */
  pause(): void;
  resume(): void;
  /** The reader cannot take what it was given, and nothing that may follow is of use. */
  hangUp(error: unknown): void;
}

/** Who takes the bytes; the ways a body can be read are told apart here and nowhere else. */
type Reader =
  | { readonly type: "none" }
  | { readonly type: "bytes"; readonly resolve: (bytes: Uint8Array) => void; readonly reject: (error: unknown) => void }
  | {
      readonly type: "pipe";
      readonly sink: (chunk: Uint8Array) => void;
      readonly resolve: () => void;
      readonly reject: (error: unknown) => void;
    };

type Outcome =
  | { readonly type: "open" }
  | { readonly type: "ended" }
  | { readonly type: "failed"; readonly error: unknown };

/** A length that a server merely claims is not allocated ahead beyond this. */
const maxAheadBytes = 16 * 1024 * 1024;

export function createResponseBody(options: ResponseBodyOptions): ResponseBody {
  const highWaterMark = options.highWaterMark ?? 1_048_576;
  let reader: Reader = { type: "none" };
  let outcome: Outcome = { type: "open" };
  let taken = false;
  let paused = false;
  let whole =
    options.contentLength !== undefined && options.contentLength <= maxAheadBytes
      ? Buffer.allocUnsafe(options.contentLength)
      : undefined;
  let held: Buffer[] = [];
  let heldBytes = 0;

  const hold = (chunk: Uint8Array): void => {
    if (whole) whole.set(chunk, heldBytes);
    else held.push(Buffer.from(chunk));
    heldBytes += chunk.length;
    if (reader.type === "none" && heldBytes > highWaterMark && !paused) {
      paused = true;
      options.pause();
    }
  };
  const collected = (): Uint8Array =>
    whole?.subarray(0, heldBytes) ?? (held.length === 1 ? held[0]! : Buffer.concat(held));
  const release = (): void => {
    whole = undefined;
    held = [];
  };
  const settle = (): void => {
    if (outcome.type === "open" || reader.type === "none") return;
    if (outcome.type === "failed") reader.reject(outcome.error);
    else if (reader.type === "bytes") reader.resolve(collected());
    else reader.resolve();
    release();
  };
  const take = (next: Reader): void => {
    reader = next;
    if (paused) {
      paused = false;
      options.resume();
    }
  };
  const tell = (sink: (chunk: Uint8Array) => void, chunk: Uint8Array): void => {
    try {
      sink(chunk);
    } catch (error) {
      if (outcome.type === "open") options.hangUp(error);
      throw error;
    }
  };
  const once = (): void => {
    if (taken) throw new Error("body of the response was read already; it can be read once, by bytes or by pipe");
    taken = true;
  };

  return {
    bytes: () =>
      new Promise((resolve, reject) => {
        once();
        take({ type: "bytes", resolve, reject });
        settle();
      }),
    pipe: (sink) =>
      new Promise((resolve, reject) => {
        once();
        if (heldBytes > 0 && outcome.type !== "failed") tell(sink, collected());
        release();
        take({ type: "pipe", sink, resolve, reject });
        settle();
      }),
    push(chunk) {
      if (outcome.type !== "open") return;
      if (reader.type === "pipe") reader.sink(chunk);
      else hold(chunk);
    },
    end() {
      if (outcome.type !== "open") return;
      if (whole && heldBytes < whole.length)
        outcome = {
          type: "failed",
          error: new HttpProtocolError("CUT_OFF", "response is shorter than its content-length"),
        };
      else outcome = { type: "ended" };
      settle();
    },
    fail(error) {
      if (outcome.type !== "open") return;
      outcome = { type: "failed", error };
      settle();
    },
  };
}
