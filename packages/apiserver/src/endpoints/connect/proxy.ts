import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { duplexPair } from "node:stream";
import { badRequest, statusError } from "@homeostat/api";
import type { ServerRequest, ServerResponse } from "../../http/handler.ts";
import type { PortServer } from "./pod-connections.ts";

/** Headers that speak about one connection, or about who asks the API. */
export const notRelayed =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|authorization|impersonate-.*|http2-settings|content-length)$/;

/** What a name in the URL of a proxy asks for: `[http:]NAME[:PORT]`. Source: apimachinery `SplitSchemeNamePort`. */
export interface ProxyTarget {
  readonly name: string;
  /** Undefined: the first one declared. */
  readonly port: string | undefined;
}

/** @param of `pod` or `service`, for messages. @throws ApiError 400 for what is no such name, and for https */
export function proxyTarget(text: string, of: string): ProxyTarget {
  const parts = text.split(":");
  const [scheme, name = "", port = ""] = parts.length === 3 ? parts : ["", ...parts];
  if (parts.length > 3 || name === "") throw badRequest(`invalid ${of} request ${JSON.stringify(text)}`);
  if (scheme !== "" && scheme !== "http")
    throw badRequest(`invalid ${of} request ${JSON.stringify(text)}: only http is relayed here`);
  return { name, port: port === "" ? undefined : port };
}

/** What follows `/proxy`, with the query. */
export function relayedPath(path: string): string {
  const rest = /\/(?:pods|services)\/[^/?]+\/proxy(?=[/?]|$)(.*)$/.exec(path)?.[1] ?? "";
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/**
 * Relays an HTTP request to a port.
 * @param path with query, as the other side sees it
 * @throws ApiError 503 when nothing listens, or what listens does not answer
 */
export async function relay(
  open: PortServer,
  port: number,
  path: string,
  request: ServerRequest,
): Promise<ServerResponse> {
  const body = await request.body();
  const [ours, theirs] = duplexPair();
  const failed = new Promise<never>((_, reject) => {
    theirs.on("error", () => undefined);
    open(port, theirs).catch(reject);
  });
  // Who waits for it may have its answer already.
  failed.catch(() => theirs.destroy());
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    const headers: OutgoingHttpHeaders = { host: `localhost:${port}`, "content-length": body.length };
    for (const [name, value] of Object.entries(request.headers)) {
      if (value !== undefined && !notRelayed.test(name)) headers[name] = typeof value === "string" ? value : [...value];
    }
    // An agent would make connections of its own, to the machine's ports.
    const sent = httpRequest({ method: request.method, path, headers, createConnection: () => ours });
    request.signal.addEventListener("abort", () => sent.destroy(), { once: true });
    sent.on("response", resolve).on("error", reject).end(body);
  });
  try {
    return relayed(await Promise.race([answered, failed]));
  } catch (error) {
    ours.destroy();
    const reason = error instanceof Error ? error.message : String(error);
    throw statusError(503, "ServiceUnavailable", `error trying to reach service: ${reason}`);
  }
}

/** The answer of another server, as it comes. */
export function relayed(response: IncomingMessage): ServerResponse {
  const headers = Object.entries(response.headers).flatMap(([name, value]): [string, string | string[]][] =>
    value === undefined || notRelayed.test(name) ? [] : [[name, value]],
  );
  return {
    status: response.statusCode ?? 200,
    headers: Object.fromEntries(headers),
    async body(stream) {
      const stop = (): void => void response.destroy();
      stream.signal.addEventListener("abort", stop, { once: true });
      try {
        for await (const chunk of response) stream.write(chunk as Uint8Array);
      } catch (error) {
        if (!stream.signal.aborted) throw error;
      }
    },
  };
}
