import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type LedgerSource, lookUp } from "./ledger-lookup.ts";

export interface LedgerServer {
  /** `http://127.0.0.1:41234` */
  readonly url: string;
  stop(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Lets other processes of the same user read the ledgers: on loopback, on any free port, reading only, and for those
 * who know the token. What the ledgers hold are names and field paths, never values.
 */
export async function serveLedger(sources: () => readonly LedgerSource[], token: string): Promise<LedgerServer> {
  const server = createServer((request, response) => {
    const { status, body } = answer(request, sources, token);
    response.writeHead(status, { "content-type": "application/json", "x-content-type-options": "nosniff" });
    response.end(`${JSON.stringify(body)}\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => close(server) };
}

function answer(request: IncomingMessage, sources: () => readonly LedgerSource[], token: string): Answer {
  if (!isToken(request.headers.authorization, token)) return failure(401, "the token is missing or wrong");
  if (request.method !== "GET") return failure(405, "only GET is answered");
  const url = new URL(request.url ?? "/", "http://localhost");
  if (url.pathname !== "/ledger") return failure(404, "there is only /ledger");
  const { kind, name, namespace = "default" } = Object.fromEntries(url.searchParams);
  if (!kind || !name) return failure(400, "kind and name are needed");
  const known = sources();
  const report = lookUp(known, { kind, name, namespace });
  if (report.entries.length > 0) return { status: 200, body: report };
  const kinds = [...new Set(known.map(({ resource }) => resource.kind))];
  return failure(
    404,
    `nothing is remembered about ${kind} ${namespace}/${name}: ${
      kinds.length === 0 ? "no operators run" : `reconciled are objects of kind ${kinds.join(", ")}`
    }`,
  );
}

const failure = (status: number, error: string): Answer => ({ status, body: { error } });

/** Compared in constant time, as tokens are. */
function isToken(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? "");
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
