import { Duplex } from "node:stream";
import { badRequest } from "@homeostat/api";
import type { RawData, WebSocket } from "ws";
import type { UpgradedConnection } from "../../http/handler.ts";
import type { PortServer } from "./pod-connections.ts";
import { forward } from "./port-forward.ts";
import { acceptWebSocket, sendMessage } from "./websocket.ts";

/** Channels of a WebSocket, as clients in Python and JavaScript have them; one connection for each port. */
export const portForwardChannels = "v4.channel.k8s.io";

/** Ports of the query: `ports=80&ports=443`, or `ports=80,443`. @throws ApiError 400 where there are none, or other things */
export function wantedPorts(query: URLSearchParams): readonly number[] {
  const ports = query.getAll("ports").flatMap((text) => text.split(",").map(Number));
  if (ports.length === 0)
    throw badRequest("a WebSocket of channels must say which ports it is for: give the parameter ports");
  const wrong = ports.find((port) => !Number.isInteger(port) || port < 1 || port > 65_535);
  if (wrong === undefined) return ports;
  throw badRequest(
    `the parameter ports holds ${JSON.stringify(query.getAll("ports").join(","))}: a port is a number from 1 to 65535`,
  );
}

/**
 * Forwards one connection for each port. Port n of the list has channel 2n for its bytes and 2n+1 for what goes wrong;
 * each begins with the number of the port, low byte first. No channel can be closed by itself, so a connection that has
 * ended closes the WebSocket when it was the last. Source: kubelet, `portforward/websocket.go`.
 */
export async function forwardOverChannels(
  open: PortServer,
  name: string,
  ports: readonly number[],
  connection: UpgradedConnection,
): Promise<void> {
  const webSocket = await acceptWebSocket(connection, portForwardChannels);
  const send = (channel: number, data: Uint8Array): Promise<void> =>
    sendMessage(webSocket, Buffer.concat([Buffer.of(channel), data]));
  const streams = ports.map((_, index) => channelStream(webSocket, (data) => send(2 * index, data)));
  webSocket.on("message", (data: RawData) => {
    const message = data as Buffer;
    const channel = message[0] ?? 255;
    // What a client says on a channel of errors has no meaning.
    const stream = channel % 2 === 0 ? streams[channel / 2] : undefined;
    if (!stream || stream.destroyed || message.length < 2) return;
    // What is not read stays with the client, and with it what comes after on other channels.
    if (!stream.push(message.subarray(1))) webSocket.pause();
  });
  webSocket.on("close", () => {
    for (const stream of streams) if (!stream.destroyed) stream.push(null);
  });
  for (const [index, port] of ports.entries()) {
    const number = Buffer.of(port & 0xff, port >> 8);
    await send(2 * index, number);
    await send(2 * index + 1, number);
  }
  const served = ports.map((port, index) => {
    const tell = (message: string): void =>
      void send(2 * index + 1, Buffer.from(`error forwarding port ${port} to pod ${name}: ${message}`));
    return serve(open, port, streams[index]!, tell);
  });
  await Promise.all(served);
  webSocket.close(1000);
}

/** Bytes of one channel. */
function channelStream(webSocket: WebSocket, send: (data: Uint8Array) => Promise<void>): Duplex {
  return new Duplex({
    read: () => webSocket.resume(),
    write: (data: Uint8Array, _encoding, done) => void send(data).then(() => done()),
  });
}

/** Resolves when the other side has ended the connection, which ends it here too: no client can close half of it. */
async function serve(open: PortServer, port: number, stream: Duplex, tell: (message: string) => void): Promise<void> {
  const finished = new Promise<void>((resolve) => void stream.once("finish", resolve).once("close", resolve));
  void forward(open, port, stream, tell);
  await finished;
  stream.destroy();
}
