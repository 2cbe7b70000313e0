import type { Duplex } from "node:stream";
import type { UpgradedConnection } from "../../http/handler.ts";
import type { PortServer } from "./pod-connections.ts";
import { acceptSpdy } from "./spdy/handshake.ts";
import { type SpdyStream, serveSpdy } from "./spdy/session.ts";
import { acceptWebSocket } from "./websocket.ts";

/** Over SPDY itself. */
export const portForwardProtocol = "portforward.k8s.io";
/** SPDY in the binary messages of a WebSocket. */
export const tunnelProtocol = "SPDY/3.1+portforward.k8s.io";

/** Forwards connections that come as pairs of streams, one for data and one for errors. */
export async function forwardOverSpdy(open: PortServer, name: string, connection: UpgradedConnection): Promise<void> {
  const session = acceptSpdy(connection, portForwardProtocol, pairing(open, name));
  await session.closed;
}

export async function forwardOverTunnel(open: PortServer, name: string, connection: UpgradedConnection): Promise<void> {
  const webSocket = await acceptWebSocket(connection, tunnelProtocol);
  const { createWebSocketStream } = await import("ws");
  const session = serveSpdy(createWebSocketStream(webSocket), pairing(open, name));
  connection.signal.addEventListener("abort", () => session.close(), { once: true });
  await session.closed;
}

/** Streams of one forwarded connection share a `requestid`; the error stream comes first. */
function pairing(open: PortServer, name: string): (stream: SpdyStream) => void {
  const errors = new Map<string, SpdyStream>();
  return (stream) => {
    const id = stream.headers.get("requestid") ?? "";
    const type = stream.headers.get("streamtype");
    if (type === "error") {
      errors.set(id, stream.resume());
      stream.on("close", () => errors.delete(id));
      return;
    }
    const error = errors.get(id);
    errors.delete(id);
    const port = Number(stream.headers.get("port"));
    if (type !== "data" || !error || !Number.isInteger(port)) {
      stream.destroy();
      return;
    }
    stream.on("close", () => error.end());
    forward(open, port, stream, (message) => error.end(`error forwarding port ${port} to pod ${name}: ${message}`));
  };
}

/** Serves one connection; what goes wrong is told, then the connection ends. */
export async function forward(
  open: PortServer,
  port: number,
  data: Duplex,
  tell: (message: string) => void,
): Promise<void> {
  data.on("error", () => undefined);
  try {
    await open(port, data);
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    data.resume().end();
  }
}
