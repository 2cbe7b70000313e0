import type { StreamBody, UpgradedConnection } from "../../http/handler.ts";
import { acceptWebSocket } from "./websocket.ts";

const newline = 0x0a;

/**
 * Sends the stream of a watch over a WebSocket: each event a text message, without the end of its line. Other streams,
 * such as logs, are sent as they come, in binary messages. The socket is closed at the end of the stream.
 */
export async function streamOverWebSocket(
  body: StreamBody,
  contentType: string,
  connection: UpgradedConnection,
): Promise<void> {
  const lines = !contentType.startsWith("text/plain");
  const webSocket = await acceptWebSocket(connection, undefined);
  const ending = new AbortController();
  webSocket.on("close", () => ending.abort());
  let rest: Buffer = Buffer.alloc(0);
  await body({
    write(chunk) {
      if (webSocket.readyState !== webSocket.OPEN) return;
      if (!lines) return webSocket.send(chunk);
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
        webSocket.send(rest.subarray(0, end).toString());
        rest = rest.subarray(end + 1);
      }
    },
    buffered: () => webSocket.bufferedAmount,
    signal: AbortSignal.any([connection.signal, ending.signal]),
  });
  webSocket.close(1000);
}
