import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { UserInfo } from "../auth/user-info.ts";
import { notRelayed, relayed } from "../endpoints/connect/proxy.ts";
import { header, type ServerRequest, type ServerResponse, type UpgradedConnection } from "../http/handler.ts";
import { textResponse } from "../http/respond.ts";
import { remoteUserHeaders } from "./front-proxy.ts";
import { type ServiceClient, UnresolvedService } from "./service-client.ts";

/**
 * Passes a request on to another server, as it came: the other server trusts this one in who asks, and decides itself
 * what they may do. Watches are streamed, protocols such as WebSocket are handed through.
 *
 * Source: kube-aggregator, `proxyHandler`; its refusals are plain text.
 */
export async function relayRequest(
  client: ServiceClient,
  request: ServerRequest,
  user: UserInfo,
): Promise<ServerResponse> {
  const upgrade = request.upgradable ? header(request, "upgrade") : undefined;
  try {
    const body = await request.body();
    const answer = await client.send({
      method: request.method,
      path: request.path,
      headers: {
        ...passedOn(request),
        ...(upgrade ? { connection: "Upgrade", upgrade } : { "content-length": String(body.length) }),
        ...remoteUserHeaders(user),
      },
      ...(upgrade ? {} : { body }),
      signal: request.signal,
    });
    if (answer.type === "response") return relayed(answer.response);
    return { status: 101, headers: {}, connect: (connection) => handThrough(answer, connection) };
  } catch (error) {
    if (error instanceof UnresolvedService) return unavailable();
    return textResponse(503, `error trying to reach service: ${(error as Error).message}\n`);
  }
}

export function unavailable(): ServerResponse {
  return textResponse(503, "service unavailable\n");
}

/** Whoever asks must not say themselves who they are. */
function passedOn(request: ServerRequest): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || notRelayed.test(name) || name.startsWith("x-remote-")) continue;
    headers[name] = typeof value === "string" ? value : [...value];
  }
  const from = request.remoteAddress?.();
  if (from) headers["x-forwarded-for"] = [...[headers["x-forwarded-for"] ?? []].flat(), from].join(", ");
  return headers;
}

/** Bytes go both ways until one side ends. */
function handThrough(
  theirs: { readonly response: IncomingMessage; readonly socket: Duplex; readonly head: Buffer },
  ours: UpgradedConnection,
): Promise<void> {
  const { rawHeaders, statusMessage } = theirs.response;
  const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []));
  ours.socket.write(`HTTP/1.1 101 ${statusMessage ?? "Switching Protocols"}\r\n${lines.join("\r\n")}\r\n\r\n`);
  ours.socket.write(theirs.head);
  theirs.socket.write(ours.head);
  return new Promise((resolve) => {
    const end = (): void => {
      ours.socket.destroy();
      theirs.socket.destroy();
      resolve();
    };
    for (const socket of [ours.socket, theirs.socket]) socket.on("error", end).on("close", end);
    ours.signal.addEventListener("abort", end, { once: true });
    ours.socket.pipe(theirs.socket);
    theirs.socket.pipe(ours.socket);
  });
}
