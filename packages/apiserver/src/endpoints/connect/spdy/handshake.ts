import type { UpgradedConnection } from "../../../http/handler.ts";
import { type SpdySession, type SpdyStream, serveSpdy } from "./session.ts";

/** Switches a connection to SPDY/3.1. */
export function acceptSpdy(
  { socket, head, signal }: UpgradedConnection,
  protocol: string,
  onStream: (stream: SpdyStream) => void,
): SpdySession {
  if (head.length > 0) socket.unshift(head);
  const lines = ["Connection: Upgrade", "Upgrade: SPDY/3.1", `X-Stream-Protocol-Version: ${protocol}`];
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
  const session = serveSpdy(socket, onStream);
  signal.addEventListener("abort", () => session.close(), { once: true });
  return session;
}
