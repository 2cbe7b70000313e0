import { once } from "node:events";
import { Readable } from "node:stream";
import type { UpgradedConnection } from "../../http/handler.ts";
import type { Process, TerminalSize } from "./pod-connections.ts";
import { type CommandStreams, runCommand, terminalSize } from "./remote-command.ts";
import { acceptSpdy } from "./spdy/handshake.ts";
import type { SpdyStream } from "./spdy/session.ts";

/** Older ones cannot tell exit codes; no client that is still in use speaks nothing newer. */
export const spdyCommandProtocols: readonly string[] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/** Runs a command over SPDY: the client opens a stream for each purpose, named in the header `streamtype`. */
export async function commandOverSpdy(
  process: Process,
  wanted: CommandStreams,
  protocol: string,
  connection: UpgradedConnection,
): Promise<void> {
  const streams = new Map<string, SpdyStream>();
  const expected = expectedStreams(wanted);
  const complete = Promise.withResolvers<void>();
  let size: TerminalSize | undefined;
  const session = acceptSpdy(connection, protocol, (stream) => {
    const type = stream.headers.get("streamtype") ?? "";
    streams.set(type, stream);
    if (type === "resize") stream.on("data", (data: Buffer) => (size = terminalSize(data.toString()) ?? size));
    else if (type !== "stdin") stream.resume();
    if (expected.every((name) => streams.has(name))) complete.resolve();
  });
  await Promise.race([complete.promise, session.closed]);
  if (!expected.every((name) => streams.has(name))) return;
  await runCommand(
    process,
    {
      stdin: streams.get("stdin") ?? Readable.from([]),
      size: () => size,
      write: (name, data) => writeTo(streams.get(name), data),
      async finish(status) {
        streams.get("stdin")?.resume();
        await writeTo(streams.get("error"), Buffer.from(JSON.stringify(status)));
        await Promise.all(["stdout", "stderr", "error"].map((name) => endOf(streams.get(name))));
        session.close();
      },
      signal: AbortSignal.any([connection.signal, session.signal]),
    },
    wanted,
  );
  await session.closed;
}

function expectedStreams({ stdin, stdout, stderr, tty }: CommandStreams): readonly string[] {
  const all = { error: true, stdin, stdout, stderr: stderr && !tty, resize: tty };
  return Object.entries(all).flatMap(([name, wanted]) => (wanted ? [name] : []));
}

/** Resolves when it has left, or cannot any more. */
function writeTo(stream: SpdyStream | undefined, data: Uint8Array): Promise<void> {
  if (!stream?.writable) return Promise.resolve();
  return new Promise((resolve) => stream.write(data, () => resolve()));
}

async function endOf(stream: SpdyStream | undefined): Promise<void> {
  if (!stream?.writable) return;
  stream.end();
  await once(stream, "finish").catch(() => undefined);
}
