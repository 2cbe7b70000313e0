import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a path is answered with; undefined: not found. */
export type Handler = (path: string, query: URLSearchParams) => Promise<Answer | undefined>;

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Default plain text. */
  readonly contentType?: string;
}

export interface HttpServer {
  /** `host:port` it listens on. */
  readonly address: string;
  stop(): Promise<void>;
}

/**
 * A small server for probes and metrics.
 * @param address `host:port`; without a host it listens on loopback only; port 0 takes any
 * @throws what the system says, naming the address (`EADDRINUSE` …)
 */
export async function listen(address: string, handler: Handler): Promise<HttpServer> {
  const { host, port } = parseAddress(address);
  // A header takes at most 32 seconds to arrive and an idle connection is kept for 90, as in controller-runtime.
  const options = { maxHeaderSize: 1 << 20, headersTimeout: 32_000, keepAliveTimeout: 90_000 };
  const server = createServer(options, (request, response) => void answer(handler, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(new Error(`listen on ${address}: ${error.message}; choose another address`, { cause: error })),
    );
    server.listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  const name = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
  return { address: `${name}:${bound.port}`, stop: () => close(server) };
}

function parseAddress(address: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(address);
  if (!match) throw new Error(`address "${address}" must be host:port, as 127.0.0.1:8080 or :8080`);
  return { host: match[1] ?? (match[2] || "127.0.0.1"), port: Number(match[3]) };
}

async function answer(handler: Handler, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  let found: Answer | undefined;
  if (request.method === "GET" || request.method === "HEAD") {
    try {
      found = await handler(url.pathname, url.searchParams);
    } catch (error) {
      found = { status: 500, body: `${error instanceof Error ? error.message : String(error)}\n` };
    }
    found ??= { status: 404, body: "404 page not found\n" };
  } else {
    found = { status: 405, body: "only GET and HEAD are answered\n" };
  }
  const { status, body, contentType = "text/plain; charset=utf-8" } = found;
  response.writeHead(status, { "content-type": contentType, "x-content-type-options": "nosniff" });
  response.end(request.method === "HEAD" ? undefined : body);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
