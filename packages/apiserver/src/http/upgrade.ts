import { ServerResponse as Http1Response, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Handler, ServerResponse, UpgradedConnection } from "./handler.ts";
import { type AnswerOptions, answer } from "./node-exchange.ts";
import { type NodeRequest, toServerRequest } from "./node-request.ts";

/** Whether a request asks for a protocol that some endpoint speaks. */
export function speaksUpgrade(request: Pick<IncomingMessage, "headers">): boolean {
  return /^(websocket|SPDY\/3\.1)$/i.test(request.headers.upgrade ?? "");
}

/**
 * Hands a request that asks for another protocol to the handler. It goes through the same stages as any other; only then
 * its endpoint may take the connection. Streams, such as watches, are sent over a WebSocket; everything else is
 * answered in HTTP, and the connection is closed.
 */
export async function answerUpgrade(
  handler: Handler,
  { request, socket, head }: { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer },
  options: AnswerOptions,
): Promise<void> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  socket.on("error", end).on("close", end);
  options.stopping.addEventListener("abort", end, { once: true });
  if (options.stopping.aborted) end();
  try {
    const asked = toServerRequest(request as NodeRequest, options, ending.signal);
    const result = await handler({ ...asked, upgradable: true });
    const connection: UpgradedConnection = { request, socket, head, signal: ending.signal };
    if (result.connect) await result.connect(connection);
    else if (typeof result.body === "function" && isWebSocket(request)) await stream(result, connection);
    else await refuse(result, request, socket, options);
  } catch (error) {
    options.log.error({ err: error, method: request.method, path: request.url }, "connection broke off");
    socket.destroy();
  } finally {
    options.stopping.removeEventListener("abort", end);
  }
}

export function isWebSocket(request: Pick<IncomingMessage, "headers">): boolean {
  return request.headers.upgrade?.toLowerCase() === "websocket";
}

async function stream({ headers, body }: ServerResponse, connection: UpgradedConnection): Promise<void> {
  if (typeof body !== "function") return;
  const { streamOverWebSocket } = await import("../endpoints/connect/stream-websocket.ts");
  await streamOverWebSocket(body, String(headers["content-type"] ?? ""), connection);
}

/** Node has let go of the connection: an answer needs a response that is tied to it anew. */
async function refuse(
  result: ServerResponse,
  request: IncomingMessage,
  socket: Duplex,
  options: AnswerOptions,
): Promise<void> {
  const response = new Http1Response(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as Socket);
  response.on("finish", () => socket.end());
  await answer(async () => result, request as NodeRequest, response, options);
}
