import type { WebSocket } from "ws";
import type { UpgradedConnection } from "../../http/handler.ts";

/** Protocols a client offers, in its order of preference. */
export function offeredProtocols(header: string | undefined): readonly string[] {
  return (header ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/**
 * Completes the handshake.
 * @param protocol one the client offered; undefined where it offered none
 * @throws Error when the client's handshake is malformed; it has been answered then
 */
export async function acceptWebSocket(
  { request, socket, head, signal }: UpgradedConnection,
  protocol: string | undefined,
): Promise<WebSocket> {
  const { WebSocketServer } = await import("ws");
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: 4 << 20,
  });
  // The tunnel's protocol has a slash in its name, which the library takes for an error: the choice is made without it.
  delete request.headers["sec-websocket-protocol"];
  server.on("headers", (headers) => void (protocol && headers.push(`Sec-WebSocket-Protocol: ${protocol}`)));
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error("the client left during the WebSocket handshake"));
    signal.addEventListener("abort", gone, { once: true });
    server.handleUpgrade(request, socket, head, (webSocket) => {
      signal.removeEventListener("abort", gone);
      // A broken connection closes it too, and that is what matters.
      webSocket.on("error", () => undefined);
      const close = (): void => webSocket.close(1001);
      signal.addEventListener("abort", close, { once: true });
      webSocket.on("close", () => signal.removeEventListener("abort", close));
      resolve(webSocket);
    });
  });
}

/** Resolves when the bytes have left. A client that is gone takes nothing, which is no error. */
export function sendMessage(webSocket: WebSocket, data: Uint8Array | string): Promise<void> {
  if (webSocket.readyState !== webSocket.OPEN) return Promise.resolve();
  return new Promise((resolve) => webSocket.send(data, () => resolve()));
}
