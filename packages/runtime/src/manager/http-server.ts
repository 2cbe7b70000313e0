import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Clock, systemClock } from "@homeostat/api";
import type { CertificateAndKey } from "@homeostat/api/certificates";
import { httpModule, httpsModule } from "../on-demand.ts";

/** What a handler is asked. Bodies are not read. */
export interface HttpRequest {
  readonly method: "GET" | "HEAD";
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Aborted when whoever asks has hung up. */
  readonly signal: AbortSignal;
}

/** Answers a path; undefined: not found. What it throws is answered with 500 and the error's message. */
export type HttpHandler = (request: HttpRequest) => Promise<HttpAnswer | undefined>;

/** What a handler answers with. */
export interface HttpAnswer {
  readonly status: number;
  /** Streams are sent as they come. */
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array | string>;
  /** Default plain text. */
  readonly contentType?: string;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A server that listens. */
export interface HttpServer {
  /** `host:port` it listens on. */
  readonly address: string;
  /** From now on new connections are made with this. @throws when it serves plain HTTP, or the pair does not fit */
  useCertificate(pair: CertificateAndKey): void;
  /** Takes no more connections; open requests may end for `stopMs`. */
  stop(): Promise<void>;
}

export interface ListenOptions {
  /** Serve HTTPS with this. Default: plain HTTP. */
  readonly certificate?: CertificateAndKey;
  /** How long open requests may take once it stops, in milliseconds. Default 60000. */
  readonly stopMs?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * A small server for probes, metrics and profiles: it answers GET and HEAD, and reads no bodies.
 * @param address `host:port`; without a host it listens on loopback only; port 0 takes any
 * @throws what the system says, naming the address (`EADDRINUSE` …)
 */
export async function listen(address: string, handler: HttpHandler, options: ListenOptions = {}): Promise<HttpServer> {
  const { host, port } = parseAddress(address);
  const { certificate, stopMs = 60_000, clock = systemClock } = options;
  let stopping = false;
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    // A connection that is kept would outlast the stop.
    if (stopping) response.setHeader("connection", "close");
    // An answer that cannot be sent, for a header that is none: its handler's mistake must not end the process.
    answer(handler, request, response).catch(() => response.destroy());
  };
  // A header takes at most 32 seconds to arrive and an idle connection is kept for 90, as in controller-runtime.
  const limits = { maxHeaderSize: 1 << 20, headersTimeout: 32_000, keepAliveTimeout: 90_000 };
  const server = certificate
    ? httpsModule().createServer({ ...limits, minVersion: "TLSv1.2", ...pem(certificate) }, onRequest)
    : httpModule().createServer(limits, onRequest);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(new Error(`listen on ${address}: ${error.message}; choose another address`, { cause: error })),
    );
    server.listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  const name = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
  return {
    address: `${name}:${bound.port}`,
    useCertificate(pair) {
      if (!certificate) throw new Error(`${address} serves plain HTTP: give it a certificate when it starts`);
      (server as TlsServer).setSecureContext(pem(pair));
    },
    stop() {
      stopping = true;
      return close(server, clock, stopMs);
    },
  };
}

const pem = ({ certificate, key }: CertificateAndKey) => ({ cert: certificate, key });

/** @throws where it is not `host:port` or `:port` */
export function parseAddress(address: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(address);
  if (!match) throw new Error(`address "${address}" must be host:port, as 127.0.0.1:8080 or :8080`);
  return { host: match[1] ?? (match[2] || "127.0.0.1"), port: Number(match[3]) };
}

async function answer(handler: HttpHandler, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hungUp = new AbortController();
  response.once("close", () => hungUp.abort(new Error("whoever asked has hung up")));
  const { status, body, contentType, headers } = await ask(handler, request, hungUp.signal);
  response.writeHead(status, {
    "content-type": contentType ?? "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
    ...headers,
  });
  if (request.method === "HEAD") response.end();
  else if (typeof body === "string" || body instanceof Uint8Array) response.end(body);
  // Whoever hangs up in the middle, or a source that breaks, has the connection closed: there is nobody left to tell.
  else await pipeline(Readable.from(body), response).catch(() => {});
}

async function ask(handler: HttpHandler, request: IncomingMessage, signal: AbortSignal): Promise<HttpAnswer> {
  const { method, headers } = request;
  if (method !== "GET" && method !== "HEAD") {
    return { status: 405, body: "only GET and HEAD are answered\n", headers: { allow: "GET, HEAD" } };
  }
  if (!URL.canParse(request.url ?? "/", "http://localhost")) return { status: 400, body: "400 malformed path\n" };
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  try {
    const found = await handler({ method, path: pathname, query: searchParams, headers, signal });
    return found ?? { status: 404, body: "404 page not found\n" };
  } catch (error) {
    return { status: 500, body: `${error instanceof Error ? error.message : String(error)}\n` };
  }
}

function close(server: Server, clock: Clock, stopMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.setTimer(() => server.closeAllConnections(), stopMs, { keepAlive: false });
    server.close(() => {
      cancel();
      resolve();
    });
    server.closeIdleConnections();
  });
}
