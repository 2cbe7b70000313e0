import type { Readable } from "node:stream";
import type { JsonObject } from "@homeostat/api";
import type { Process, TerminalSize } from "./pod-connections.ts";

/** Which streams the client wants. Source: core/v1 `PodExecOptions`, `PodAttachOptions`. */
export interface CommandStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** The streams of one command, whatever protocol carries them. */
export interface CommandChannels {
  readonly stdin: Readable;
  write(channel: "stdout" | "stderr", data: Uint8Array): Promise<void>;
  size(): TerminalSize | undefined;
  /** Tells how it ended and closes the connection. */
  finish(status: JsonObject): Promise<void>;
  readonly signal: AbortSignal;
}

/** Runs a process on the channels; its exit code goes to the client as a Status. */
export async function runCommand(process: Process, channels: CommandChannels, wanted: CommandStreams): Promise<void> {
  const { signal } = channels;
  const to =
    (channel: "stdout" | "stderr") =>
    async (data: string | Uint8Array): Promise<void> => {
      const bytes = typeof data === "string" ? Buffer.from(data) : data;
      if (wanted[channel] && bytes.length > 0 && !signal.aborted) await channels.write(channel, bytes);
    };
  let status: JsonObject;
  try {
    const exitCode = await process({
      // A process that stops reading leaves the stream as it is: the connection goes on to carry how it ends.
      stdin: channels.stdin.iterator({ destroyOnReturn: false }),
      stdout: to("stdout"),
      stderr: to(wanted.tty ? "stdout" : "stderr"),
      tty: wanted.tty,
      size: () => channels.size(),
      signal,
    });
    status = exitStatus(exitCode);
  } catch (error) {
    status = runtimeFailure(error instanceof Error ? error.message : String(error));
  }
  if (!signal.aborted) await channels.finish(status);
}

/** How a command ended, as the error stream tells it from v4 on. Source: client-go `remotecommand`. */
function exitStatus(exitCode: number): JsonObject {
  if (exitCode === 0) return { metadata: {}, status: "Success" };
  return {
    metadata: {},
    status: "Failure",
    message: `command terminated with non-zero exit code: command terminated with exit code ${exitCode}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
  };
}

function runtimeFailure(message: string): JsonObject {
  return {
    metadata: {},
    status: "Failure",
    message: `error executing command in container: ${message}`,
    reason: "InternalError",
    code: 500,
  };
}

/** What a client says on the resize stream, `{"Width":80,"Height":24}`; undefined for anything else. */
export function terminalSize(text: string): TerminalSize | undefined {
  try {
    const { Width: width, Height: height } = JSON.parse(text) as { Width?: unknown; Height?: unknown };
    return typeof width === "number" && typeof height === "number" ? { width, height } : undefined;
  } catch {
    return undefined;
  }
}
