import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { UserInfo } from "../auth/user-info.ts";

/**
 * What stands between the ways a request comes in (a socket, or a call in the process) and the server behind them.
 * Plain objects, for the reason given at `Transport`.
 */
export type Handler = (request: ServerRequest) => Promise<ServerResponse>;

/** Largest body of a request, in bytes: 3 MiB, as upstream. */
export const defaultMaxBodyBytes = 3 * 1024 * 1024;

export interface ServerRequest {
  /** Upper case. */
  readonly method: string;
  /** Path with query, starting with `/`. */
  readonly path: string;
  /** Names in lower case; repeated headers are joined by `, `, but for those whose values are kept in a list. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The whole body; empty when there is none. @throws ApiError 413 when it is larger than the server allows */
  body(): Promise<Uint8Array>;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  /** Address at the other end of the connection; absent in process. */
  readonly remoteAddress?: () => string | undefined;
  /** Who the connection belongs to; absent in process. */
  readonly peer?: Peer;
  /** Identity of a caller in the process, who needs no credentials. */
  readonly user?: UserInfo;
  /** Whether it asks for another protocol and the connection can be given to it; see {@link ServerResponse.connect}. */
  readonly upgradable?: boolean;
}

export interface Peer {
  /** Subject of the client's certificate, when it has one signed by our CA and valid now. */
  readonly clientCertificate?: { readonly commonName: string; readonly organizations: readonly string[] };
  /** Why a certificate that was presented is not accepted. */
  readonly certificateProblem?: string;
}

export interface ServerResponse {
  readonly status: number;
  /** Names in lower case. A list is sent as repeated headers. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array | StreamBody;
  /**
   * Takes the connection over and speaks another protocol on it, from the handshake to the end. Given only to requests
   * that are {@link ServerRequest.upgradable}; the rest of the response is then not sent.
   */
  readonly connect?: (connection: UpgradedConnection) => Promise<void>;
}

/** A connection that leaves HTTP. */
export interface UpgradedConnection {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What has been read beyond the request. */
  readonly head: Buffer;
  /** Aborts when the client goes away or the server stops. */
  readonly signal: AbortSignal;
}

/** Writes a body piece by piece and resolves at its end. A throw breaks the connection rather than ending it cleanly. */
export type StreamBody = (stream: ResponseStream) => Promise<void>;

export interface ResponseStream {
  /** Sends a chunk at once. Never blocks; what the reader does not take is buffered. The chunk must not be changed. */
  write(chunk: Uint8Array): void;
  /** Bytes that are written but not taken yet: how far the reader lags behind. */
  buffered(): number;
  /** Aborts when the client goes away or the server stops: finish soon, without an error. */
  readonly signal: AbortSignal;
}

/** One value of a header, the first of a list. */
export function header(request: Pick<ServerRequest, "headers">, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : value?.[0];
}

/** All values of a header. */
export function headerValues(request: Pick<ServerRequest, "headers">, name: string): readonly string[] {
  const value = request.headers[name];
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}
