import { Readable } from "node:stream";
import type { RawData } from "ws";
import type { UpgradedConnection } from "../../http/handler.ts";
import type { Process, TerminalSize } from "./pod-connections.ts";
import { type CommandStreams, runCommand, terminalSize } from "./remote-command.ts";
import { acceptWebSocket, sendMessage } from "./websocket.ts";

/** v5 adds one thing: a client can close a stream, and so end its input. */
export const commandProtocols: readonly string[] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/** First byte of each message. */
const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** Runs a command over a WebSocket: each message belongs to the channel its first byte names. */
export async function commandOverWebSocket(
  process: Process,
  wanted: CommandStreams,
  protocol: string,
  connection: UpgradedConnection,
): Promise<void> {
  const webSocket = await acceptWebSocket(connection, protocol);
  const ending = new AbortController();
  let size: TerminalSize | undefined;
  const stdin = new Readable({ read: () => webSocket.resume() });
  const endInput = (): void => void (stdin.readableEnded || stdin.push(null));
  let inputOver = !wanted.stdin;
  if (inputOver) endInput();
  webSocket.on("message", (data: RawData) => {
    const message = data as Buffer;
    const payload = message.subarray(1);
    if (message[0] === channel.resize) size = terminalSize(payload.toString()) ?? size;
    const closes = message[0] === channel.close && payload[0] === channel.stdin && protocol.startsWith("v5");
    if (inputOver) return;
    if (closes) {
      inputOver = true;
      endInput();
    } else if (message[0] === channel.stdin && payload.length > 0 && !stdin.push(payload)) {
      // What the process does not read stays with the client.
      webSocket.pause();
    }
  });
  webSocket.on("close", () => {
    ending.abort();
    if (!inputOver) endInput();
    inputOver = true;
  });
  const send = (number: number, data: Uint8Array): Promise<void> =>
    sendMessage(webSocket, Buffer.concat([Buffer.of(number), data]));
  // Clients wait for a first message, even an empty one, before they take the connection for working.
  await send(wanted.stdout ? channel.stdout : wanted.stderr ? channel.stderr : channel.error, Buffer.alloc(0));
  await runCommand(
    process,
    {
      stdin,
      size: () => size,
      write: (name, data) => send(channel[name], data),
      async finish(status) {
        await send(channel.error, Buffer.from(JSON.stringify(status)));
        webSocket.resume();
        webSocket.close(1000);
      },
      signal: AbortSignal.any([connection.signal, ending.signal]),
    },
    wanted,
  );
}
