import type { Duplex } from "node:stream";
import type { JsonObject } from "@homeostat/api";

/**
 * What runs behind pods, for the requests that connect to it. Each opens a process or refuses with an ApiError, which is
 * answered before the connection changes its protocol. What is missing is answered with 501.
 */
export interface PodConnections {
  /** Starts a command in a running container. */
  exec?(target: ContainerTarget, command: readonly string[]): Process | Promise<Process>;
  /** Joins what the container itself does. */
  attach?(target: ContainerTarget): Process | Promise<Process>;
  /** For port-forward and the proxy subresource. */
  ports?(pod: JsonObject): PortServer | Promise<PortServer>;
}

export interface ContainerTarget {
  readonly pod: JsonObject;
  readonly container: string;
}

/** Runs to its end. @returns the exit code. A throw is told to the client as an error of the container's runtime. */
export type Process = (io: ProcessIo) => Promise<number>;

/** Serves one connection to a port until it ends. @throws Error when nothing listens there */
export type PortServer = (port: number, connection: Duplex) => Promise<void>;

export interface ProcessIo {
  /** Ends when the client ends it; empty when the client sends none. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Resolves when the client has taken it. Output nobody asked for is dropped. */
  stdout(data: string | Uint8Array): Promise<void>;
  /** With a terminal it is the same as `stdout`. */
  stderr(data: string | Uint8Array): Promise<void>;
  readonly tty: boolean;
  /** Of the client's terminal; undefined until it has told. */
  size(): TerminalSize | undefined;
  /** Aborts when the client goes away or the server stops. */
  readonly signal: AbortSignal;
}

/** In characters. */
export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}
