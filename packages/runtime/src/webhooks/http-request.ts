import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { type Clock, parseDuration } from "@homeostat/api";

/**
 * The body of a request.
 *
 * @returns undefined where it has `limit` bytes or more; the rest is read and thrown away, so that a reply arrives
 * @throws Error where it does not arrive within `timeoutMs`; the request is cut off then
 */
export async function requestBody(
  request: Http2ServerRequest,
  { limit, timeoutMs, clock }: { readonly limit: number; readonly timeoutMs: number; readonly clock: Clock },
): Promise<Uint8Array | undefined> {
  const late = (): void => void request.destroy(new Error(`the body did not arrive within ${timeoutMs} ms`));
  const cancel = clock.setTimer(late, timeoutMs, { keepAlive: false });
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size < limit) chunks.push(chunk);
      else chunks.length = 0;
    }
  } finally {
    cancel();
  }
  return size < limit ? Buffer.concat(chunks) : undefined;
}

/**
 * When an answer is of no use any more: the caller has hung up, or the time it waits (`?timeout=10s`, which API servers
 * send) is over.
 */
export function requestDeadline(
  response: Http2ServerResponse,
  timeout: string | null,
  clock: Clock,
): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const waitMs = timeout === null ? undefined : durationMs(timeout);
  const cancel =
    waitMs === undefined
      ? () => {}
      : clock.setTimer(() => controller.abort(new Error(`the caller waits ${timeout} only`)), waitMs, {
          keepAlive: false,
        });
  const hungUp = (): void => {
    if (!response.writableEnded) controller.abort(new Error("the caller has hung up"));
  };
  response.on("close", hungUp);
  return {
    signal: controller.signal,
    end() {
      cancel();
      response.off("close", hungUp);
    },
  };
}

function durationMs(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}

/** Connects to a TLS server of one's own. @throws Error where there is no handshake within 10 seconds */
export async function dial(address: { readonly host: string; readonly port: number }, clock: Clock): Promise<void> {
  const { connect } = await import("node:tls");
  const { port } = address;
  // A server on every interface is asked on loopback.
  const host = address.host === "::" || address.host === "0.0.0.0" ? "localhost" : address.host;
  await new Promise<void>((resolve, reject) => {
    // Whether the certificate is good is the callers' question; this asks whether there is a server at all.
    const socket = connect({ host, port, rejectUnauthorized: false });
    const cancel = clock.setTimer(() => end(new Error("no TLS handshake within 10 seconds")), 10_000, {
      keepAlive: false,
    });
    const end = (error?: Error): void => {
      cancel();
      socket.destroy();
      if (error) reject(new Error(`webhook server ${host}:${port}: ${error.message}`, { cause: error }));
      else resolve();
    };
    socket.once("secureConnect", () => end());
    socket.once("error", end);
  });
}
