import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { TLSSocket } from "node:tls";
import { requestEntityTooLarge } from "@homeostat/api";
import type { Peer, ServerRequest } from "./handler.ts";

export type NodeRequest = (IncomingMessage & { httpVersionMajor: 1 }) | (Http2ServerRequest & { httpVersionMajor: 2 });

export interface NodeRequestOptions {
  /** Larger bodies are refused. */
  readonly maxBodyBytes: number;
  /** Who is at the other end. */
  readonly peers: Peers;
}

/** A request of Node's as the handler sees it. */
export function toServerRequest(
  request: NodeRequest,
  { maxBodyBytes, peers }: NodeRequestOptions,
  signal: AbortSignal,
): ServerRequest {
  const peer = peers(request);
  let body: Promise<Uint8Array> | undefined;
  return {
    method: request.method ?? "GET",
    path: pathOf(request.url ?? "/"),
    headers: headersOf(request),
    body: () => (body ??= readBody(request, maxBodyBytes)),
    signal,
    // A connection that is gone has none.
    remoteAddress: () => request.socket.remoteAddress,
    ...(peer ? { peer } : {}),
  };
}

/** Proxies write the whole URL into the request line. */
function pathOf(url: string): string {
  if (url.startsWith("/")) return url;
  const parsed = URL.parse(url);
  return parsed ? parsed.pathname + parsed.search : "/";
}

/** Headers whose values may hold commas, so that joining repeated ones would lose where each ends. */
const listed = /^impersonate-(group|extra-)/;

function headersOf(request: NodeRequest): ServerRequest["headers"] {
  const headers: Record<string, string | readonly string[] | undefined> = { ...request.headers };
  for (const name of Object.keys(headers)) {
    if (name.startsWith(":")) delete headers[name];
    else if (listed.test(name)) headers[name] = rawValues(request.rawHeaders, name);
  }
  return headers;
}

/** Raw headers are a flat list of names and values. */
function rawValues(raw: readonly string[], name: string): string[] {
  return raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name);
}

function readBody(request: NodeRequest, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const tooLarge = (): void => {
      request.removeAllListeners("data");
      request.resume();
      reject(requestEntityTooLarge(`limit is ${maxBytes}`));
    };
    if (Number(request.headers["content-length"] ?? 0) > maxBytes) return tooLarge();
    request.on("data", (chunk: Uint8Array) => {
      size += chunk.length;
      if (size > maxBytes) return tooLarge();
      chunks.push(chunk);
    });
    request.on("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.on("error", reject);
    request.on("aborted", () => reject(new Error("the client went away while it sent the body")));
  });
}

/** The client's certificate, as the TLS layer judged it. */
export type Peers = (request: NodeRequest) => Peer | undefined;

/**
 * Reads the certificate of a connection once: Node takes it apart anew each time it is asked, which was a seventh of
 * the work of a small request. A connection keeps the certificate of its handshake for life.
 */
export function createPeers(): Peers {
  const known = new WeakMap<TLSSocket, Peer | "none">();
  return (request) => {
    const socket = (request.httpVersionMajor === 2 ? request.stream.session?.socket : request.socket) as
      | TLSSocket
      | undefined;
    if (!socket) return undefined;
    let peer = known.get(socket);
    if (peer === undefined) known.set(socket, (peer = peerOf(socket) ?? "none"));
    return peer === "none" ? undefined : peer;
  };
}

function peerOf(socket: TLSSocket): Peer | undefined {
  const certificate = socket.getPeerCertificate?.();
  if (!certificate?.subject) return undefined;
  if (!socket.authorized) return { certificateProblem: String(socket.authorizationError ?? "not trusted") };
  const { CN, O } = certificate.subject as { CN?: string | string[]; O?: string | string[] };
  return { clientCertificate: { commonName: [CN ?? ""].flat()[0] ?? "", organizations: [O ?? []].flat() } };
}
