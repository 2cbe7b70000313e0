import { Duplex } from "node:stream";
import { createEmptyHeaderWriter, createHeaderReader, type HeaderReader } from "./headers.ts";

const type = { synStream: 1, synReply: 2, rstStream: 3, ping: 6 } as const;
const fin = 1;
/** Reasons of resets. */
const reset = { protocolError: 1, refused: 3, cancel: 5 } as const;

/** Clients send pieces of some ten kilobytes. */
const maxFrameBytes = 1 << 20;
const maxStreams = 1_000;
/** How much is put into one frame, so that streams take turns. */
const pieceBytes = 1 << 16;

/** The server's side of a SPDY/3.1 connection. */
export interface SpdySession {
  /** Aborts at its end. */
  readonly signal: AbortSignal;
  /** Resolves at its end, however it ends. */
  readonly closed: Promise<void>;
  /** Ends it after what has been written. */
  close(): void;
}

/**
 * Speaks SPDY/3.1 as Kubernetes uses it: the client opens streams, each is accepted, and both sides write until they
 * have ended it. Windows are not kept: the clients neither send nor heed them; what is not read here holds up the
 * connection. Source: the SPDY/3.1 draft, and apimachinery's `httpstream/spdy`.
 */
export function serveSpdy(socket: Duplex, onStream: (stream: SpdyStream) => void): SpdySession {
  const connection = new Connection(socket, onStream);
  const ending = new AbortController();
  const closed = connection
    .run()
    // A connection that breaks, or whose client makes no sense, is over; there is nobody left to tell.
    .catch(() => undefined)
    .then(() => {
      ending.abort();
      connection.dispose();
    });
  return { signal: ending.signal, closed, close: () => void socket.end() };
}

/** One stream; ending it ends our half. */
export class SpdyStream extends Duplex {
  readonly headers: ReadonlyMap<string, string>;
  readonly #id: number;
  readonly #connection: Connection;
  #remoteEnded = false;
  #localEnded = false;
  #taken: (() => void) | undefined;

  constructor(connection: Connection, id: number, headers: ReadonlyMap<string, string>) {
    super({ allowHalfOpen: true });
    this.#connection = connection;
    this.#id = id;
    this.headers = headers;
    // Streams that break are closed, which is what their users look at.
    this.on("error", () => undefined);
  }

  /** Resolves when there is room for more. */
  async receive(data: Uint8Array, last: boolean): Promise<void> {
    if (this.#remoteEnded || this.destroyed) return;
    const room = data.length === 0 || this.push(data);
    if (last) this.endInput();
    if (!room && !last) await new Promise<void>((resolve) => (this.#taken = resolve));
  }

  endInput(): void {
    this.#remoteEnded = true;
    this.push(null);
  }

  override _read(): void {
    this.#taken?.();
    this.#taken = undefined;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#connection.sendData(this.#id, chunk, 0).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#localEnded = true;
    this.#connection.sendData(this.#id, Buffer.alloc(0), fin).then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#taken?.();
    this.#connection.forget(this.#id, this.#remoteEnded && this.#localEnded);
    done(error);
  }
}

class Connection {
  readonly #socket: Duplex;
  readonly #onStream: (stream: SpdyStream) => void;
  readonly #reader: HeaderReader = createHeaderReader();
  readonly #emptyHeaders = createEmptyHeaderWriter();
  readonly #streams = new Map<number, SpdyStream>();

  constructor(socket: Duplex, onStream: (stream: SpdyStream) => void) {
    this.#socket = socket;
    this.#onStream = onStream;
    socket.on("error", () => undefined).on("close", () => this.#endStreams());
  }

  async run(): Promise<void> {
    let pending: Buffer = Buffer.alloc(0);
    for await (const chunk of this.#socket as AsyncIterable<Buffer>) {
      pending = pending.length > 0 ? Buffer.concat([pending, chunk]) : chunk;
      while (pending.length >= 8) {
        const length = pending.readUIntBE(5, 3);
        if (length > maxFrameBytes) throw new Error(`a frame of ${length} bytes is larger than ${maxFrameBytes}`);
        if (pending.length < 8 + length) break;
        await this.#frame(pending.subarray(0, 8), pending.subarray(8, 8 + length));
        pending = pending.subarray(8 + length);
      }
    }
  }

  dispose(): void {
    this.#endStreams();
    this.#reader.close();
    this.#socket.destroy();
  }

  #endStreams(): void {
    for (const stream of [...this.#streams.values()]) stream.destroy();
  }

  async sendData(id: number, data: Uint8Array, flags: number): Promise<void> {
    let at = 0;
    do {
      const piece = data.subarray(at, at + pieceBytes);
      at += piece.length;
      const head = Buffer.alloc(8);
      head.writeUInt32BE(id, 0);
      head.writeUInt32BE(((flags << 24) | piece.length) >>> 0, 4);
      await this.#send(Buffer.concat([head, piece]));
    } while (at < data.length);
  }

  /** @param ended whether both sides have, so that the client need not be told */
  forget(id: number, ended: boolean): void {
    if (this.#streams.delete(id) && !ended) this.#reset(id, reset.cancel);
  }

  async #frame(head: Buffer, payload: Buffer): Promise<void> {
    const first = head.readUInt32BE(0);
    const flags = head[4]!;
    if (first >>> 31 === 0) {
      const stream = this.#streams.get(first);
      if (stream) await stream.receive(Buffer.from(payload), (flags & fin) !== 0);
      return;
    }
    if (((first >>> 16) & 0x7fff) !== 3) throw new Error("frames are not of SPDY/3");
    switch (first & 0xffff) {
      case type.synStream:
        return this.#open(payload, flags);
      case type.rstStream:
        this.#streams.get(payload.readUInt32BE(0))?.destroy();
        return;
      case type.ping:
        // Even numbers are answers to ours, which are never sent.
        if (payload.readUInt32BE(0) % 2 === 1) this.#control(type.ping, payload);
        return;
      default:
    }
  }

  async #open(payload: Buffer, flags: number): Promise<void> {
    const id = payload.readUInt32BE(0) & 0x7fffffff;
    // Even of a stream that is refused: later blocks build on it.
    const headers = await this.#reader.read(payload.subarray(10));
    if (id % 2 === 0 || this.#streams.has(id)) return this.#reset(id, reset.protocolError);
    if (this.#streams.size >= maxStreams) return this.#reset(id, reset.refused);
    const stream = new SpdyStream(this, id, headers);
    this.#streams.set(id, stream);
    const streamId = Buffer.alloc(4);
    streamId.writeUInt32BE(id);
    this.#control(type.synReply, Buffer.concat([streamId, this.#emptyHeaders()]));
    if (flags & fin) stream.endInput();
    this.#onStream(stream);
  }

  #reset(id: number, reason: number): void {
    const payload = Buffer.alloc(8);
    payload.writeUInt32BE(id, 0);
    payload.writeUInt32BE(reason, 4);
    this.#control(type.rstStream, payload);
  }

  #control(kind: number, payload: Uint8Array): void {
    const head = Buffer.alloc(8);
    head.writeUInt32BE((0x80030000 | kind) >>> 0, 0);
    head.writeUInt32BE(payload.length, 4);
    void this.#send(Buffer.concat([head, payload]));
  }

  /** Resolves when it has left; on a connection that is gone, at once. */
  #send(bytes: Uint8Array): Promise<void> {
    if (!this.#socket.writable) return Promise.resolve();
    return new Promise((resolve) => this.#socket.write(bytes, () => resolve()));
  }
}
