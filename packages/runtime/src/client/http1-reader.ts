/**
 * Reads HTTP/1.1 responses from the bytes of a connection, as they come and however they are cut.
 *
 * It exists because the stream machinery around Node's own parser costs several times the parsing: a chunk handed to
 * `body` here is a view into the socket's read buffer, valid during the call only, and nothing is copied.
 *
 * Guarantees: framing follows RFC 9112 section 6 (no body for HEAD, 1xx, 204, 304; chunked before content-length;
 * otherwise until the connection closes); anything ambiguous is an error and ends the connection, because a
 * misread length would hand one request's answer to another.
 */

export interface ResponseHead {
  readonly status: number;
  /** Names in lower case; repeated headers are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the connection may carry another request once the body is read. */
  readonly reusable: boolean;
  /** Length of the body where the server said it. */
  readonly contentLength: number | undefined;
}

/** Told of a response as it arrives: `head` once, `body` any number of times, `end` once. */
export interface ResponseSink {
  head(head: ResponseHead): void;
  /** `chunk` is valid during the call only. */
  body(chunk: Uint8Array): void;
  end(): void;
}

export interface Http1Reader {
  /** A request was sent: the next bytes are its response. */
  expect(method: string): void;
  /** @throws HttpProtocolError when the bytes are no response, or come unasked */
  push(chunk: Uint8Array): void;
  /** The connection has ended. @throws HttpProtocolError when a response was cut off by it */
  close(): void;
  /** Whether a response is awaited or under way. */
  readonly busy: boolean;
  /** Whether any byte of the current response has arrived. */
  readonly started: boolean;
}

export interface Http1ReaderOptions {
  /** Most bytes a status line and its headers, or trailers, may have. Default 262144. */
  readonly maxHeadBytes?: number;
}

/** The connection does not speak HTTP/1.1 as expected, or broke off. */
export class HttpProtocolError extends Error {
  override readonly name = "HttpProtocolError";
  readonly code: "BAD_RESPONSE" | "HEAD_TOO_LARGE" | "CUT_OFF" | "UNASKED";
  constructor(code: HttpProtocolError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Where in a response the next byte belongs. */
type State =
  | { readonly type: "idle" }
  | { readonly type: "head"; readonly method: string }
  /** A body of known length, or the data of one chunk. */
  | { readonly type: "data"; left: number; readonly chunked: boolean }
  | { readonly type: "chunk-size"; size: number; digits: number; extension: boolean }
  | { readonly type: "chunk-end" }
  | { readonly type: "trailers" }
  | { readonly type: "until-close" };

const CR = 13;
const LF = 10;
const idle: State = { type: "idle" };

export function createHttp1Reader(sink: ResponseSink, options: Http1ReaderOptions = {}): Http1Reader {
  const maxHeadBytes = options.maxHeadBytes ?? 262_144;
  let state: State = idle;
  let started = false;
  // Lines that are not complete yet (head or trailers), copied because the chunk beneath them is reused.
  let partial: Buffer | undefined;

  const finish = (): void => {
    state = idle;
    sink.end();
  };

  /** Takes bytes up to the blank line that ends a head; undefined while it has not arrived. */
  const takeHead = (chunk: Buffer, from: number): { text: string; next: number } | undefined => {
    const before = partial?.length ?? 0;
    const all = partial ? Buffer.concat([partial, chunk.subarray(from)]) : chunk;
    const start = partial ? 0 : from;
    const end = endOfHead(all, start, Math.max(start, start + before - 3));
    if ((end < 0 ? all.length : end) - start > maxHeadBytes) {
      throw new HttpProtocolError(
        "HEAD_TOO_LARGE",
        `response headers exceed ${maxHeadBytes} bytes; raise maxHeadBytes`,
      );
    }
    if (end < 0) {
      // Something else that speaks first, and then waits for its own protocol, would be waited for without end.
      if (state.type === "head") refuseOtherProtocol(all, start);
      partial = Buffer.from(all.subarray(start));
      return undefined;
    }
    partial = undefined;
    return { text: all.toString("utf8", start, end), next: from + (end - start) - before };
  };

  const startBody = (method: string, head: ParsedHead): void => {
    const framing = framingOf(method, head);
    sink.head({
      status: head.status,
      headers: head.headers,
      reusable: framing.type !== "until-close" && isReusable(head),
      contentLength: framing.type === "length" ? framing.length : undefined,
    });
    if (framing.type === "none" || (framing.type === "length" && framing.length === 0)) finish();
    else if (framing.type === "length") state = { type: "data", left: framing.length, chunked: false };
    else if (framing.type === "chunked") state = { type: "chunk-size", size: 0, digits: 0, extension: false };
    else state = { type: "until-close" };
  };

  const readHead = (current: Extract<State, { type: "head" }>, chunk: Buffer, at: number): number => {
    // Some servers send a stray line end before a response; RFC 9112 section 2.2 lets it pass.
    if (!partial && (chunk[at] === CR || chunk[at] === LF)) return at + 1;
    const taken = takeHead(chunk, at);
    if (!taken) return chunk.length;
    const head = parseHead(taken.text);
    if (head.status === 101)
      throw new HttpProtocolError("BAD_RESPONSE", "server switched protocols though none was asked for");
    // 100 Continue and its like announce the real response.
    if (head.status >= 200) startBody(current.method, head);
    return taken.next;
  };

  const readData = (current: Extract<State, { type: "data" }>, chunk: Buffer, at: number): number => {
    const length = Math.min(current.left, chunk.length - at);
    current.left -= length;
    sink.body(chunk.subarray(at, at + length));
    if (current.left === 0) {
      if (current.chunked) state = { type: "chunk-end" };
      else finish();
    }
    return at + length;
  };

  const readChunkSize = (current: Extract<State, { type: "chunk-size" }>, chunk: Buffer, at: number): number => {
    for (let i = at; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (byte === LF) {
        if (current.digits === 0) throw new HttpProtocolError("BAD_RESPONSE", "chunk of the response has no size");
        state = current.size === 0 ? { type: "trailers" } : { type: "data", left: current.size, chunked: true };
        return i + 1;
      }
      const digit = current.extension ? -1 : hexDigit(byte);
      if (digit >= 0) {
        current.size = current.size * 16 + digit;
        if (++current.digits > 12) throw new HttpProtocolError("BAD_RESPONSE", "chunk of the response is too large");
      } else if (byte === 59 || byte === 32 || byte === 9) current.extension = true;
      else if (byte !== CR && !current.extension)
        throw new HttpProtocolError("BAD_RESPONSE", "size of a chunk of the response is no hexadecimal number");
    }
    return chunk.length;
  };

  const readChunkEnd = (chunk: Buffer, at: number): number => {
    if (chunk[at] === LF) state = { type: "chunk-size", size: 0, digits: 0, extension: false };
    else if (chunk[at] !== CR)
      throw new HttpProtocolError("BAD_RESPONSE", "chunk of the response is longer than its size says");
    return at + 1;
  };

  /** Trailers are read and dropped: nothing in the API is said there. */
  const readTrailers = (chunk: Buffer, at: number): number => {
    if (!partial) {
      if (chunk[at] === LF) {
        finish();
        return at + 1;
      }
      if (chunk[at] === CR && at + 1 < chunk.length && chunk[at + 1] === LF) {
        finish();
        return at + 2;
      }
    }
    const all = partial ? Buffer.concat([partial, chunk.subarray(at)]) : chunk.subarray(at);
    if (all[0] === CR && all[1] === LF) {
      const before = partial?.length ?? 0;
      partial = undefined;
      finish();
      return at + 2 - before;
    }
    const taken = takeHead(chunk, at);
    if (!taken) return chunk.length;
    finish();
    return taken.next;
  };

  const step = (chunk: Buffer, at: number): number => {
    switch (state.type) {
      case "idle":
        throw new HttpProtocolError("UNASKED", "server sent bytes nobody asked for");
      case "head":
        return readHead(state, chunk, at);
      case "data":
        return readData(state, chunk, at);
      case "chunk-size":
        return readChunkSize(state, chunk, at);
      case "chunk-end":
        return readChunkEnd(chunk, at);
      case "trailers":
        return readTrailers(chunk, at);
      case "until-close":
        sink.body(chunk.subarray(at));
        return chunk.length;
    }
  };

  return {
    expect(method) {
      state = { type: "head", method };
      started = false;
      partial = undefined;
    },
    push(chunk) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (bytes.length > 0 && state !== idle) started = true;
      for (let at = 0; at < bytes.length; ) at = step(bytes, at);
    },
    close() {
      if (state.type === "until-close") finish();
      else if (state.type !== "idle") {
        state = idle;
        throw new HttpProtocolError(
          "CUT_OFF",
          started ? "connection closed in the middle of the response" : "connection closed before the response",
        );
      }
    },
    get busy() {
      return state.type !== "idle";
    },
    get started() {
      return started;
    },
  };
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  if (byte >= 97 && byte <= 102) return byte - 87;
  if (byte >= 65 && byte <= 70) return byte - 55;
  return -1;
}

/** Index after the blank line that ends a head beginning at `start`, or -1. Lines may end in LF alone. */
function endOfHead(bytes: Buffer, start: number, searchFrom: number): number {
  for (let at = bytes.indexOf(LF, searchFrom); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
    if (at === start) return at + 1;
  }
  return -1;
}

/** The first five bytes already tell whether a response can become of it. */
function refuseOtherProtocol(bytes: Buffer, start: number): void {
  if (bytes.length - start < 5 || bytes.toString("latin1", start, start + 5) === "HTTP/") return;
  throw noHttp(bytes.toString("utf8", start, start + 40));
}

function noHttp(start: string): HttpProtocolError {
  return new HttpProtocolError(
    "BAD_RESPONSE",
    `server does not speak HTTP/1.1: answer starts with ${JSON.stringify(start)}; is the scheme of the server address right?`,
  );
}

interface ParsedHead {
  readonly version: "1.0" | "1.1";
  readonly status: number;
  readonly headers: Record<string, string>;
}

function parseHead(text: string): ParsedHead {
  const lines = text.split("\n");
  const match = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |\r|$)/.exec(lines[0] ?? "");
  if (!match) throw noHttp(text.slice(0, 40));
  const headers: Record<string, string> = {};
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    const colon = line.indexOf(":");
    if (colon <= 0) {
      if (line.trim() === "") continue;
      throw new HttpProtocolError("BAD_RESPONSE", "response has a header line without a name");
    }
    const name = line.slice(0, colon).toLowerCase();
    if (/[\s]/.test(name)) throw new HttpProtocolError("BAD_RESPONSE", "response has a header name with a space");
    const value = line.slice(colon + 1).trim();
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
  }
  return { version: match[1] === "1" ? "1.1" : "1.0", status: Number(match[2]), headers };
}

type Framing =
  | { readonly type: "none" }
  | { readonly type: "length"; readonly length: number }
  | { readonly type: "chunked" }
  | { readonly type: "until-close" };

function framingOf(method: string, head: ParsedHead): Framing {
  if (method === "HEAD" || head.status === 204 || head.status === 304) return { type: "none" };
  const coding = head.headers["transfer-encoding"];
  if (coding !== undefined) {
    if (coding.toLowerCase() === "chunked") return { type: "chunked" };
    throw new HttpProtocolError(
      "BAD_RESPONSE",
      `response has the transfer encoding ${JSON.stringify(coding)}; only chunked is understood`,
    );
  }
  const length = head.headers["content-length"];
  if (length === undefined) return { type: "until-close" };
  const values = new Set(length.split(",").map((value) => value.trim()));
  const [value] = values;
  if (values.size !== 1 || !/^\d{1,15}$/.test(value!))
    throw new HttpProtocolError("BAD_RESPONSE", `response has the content-length ${JSON.stringify(length)}`);
  return { type: "length", length: Number(value) };
}

function isReusable(head: ParsedHead): boolean {
  const connection = (head.headers["connection"] ?? "").toLowerCase();
  // Both framings at once smell of request smuggling (RFC 9112 section 6.3): read the answer, then hang up.
  if (head.headers["transfer-encoding"] !== undefined && head.headers["content-length"] !== undefined) return false;
  return head.version === "1.1" ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection);
}
