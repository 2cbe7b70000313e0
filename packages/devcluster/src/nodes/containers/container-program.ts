import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Container, Pod, Stored } from "@homeostat/api";
import type { ProcessIo } from "@homeostat/apiserver";

/**
 * What containers do when someone connects to them: functions in place of programs. The first of the list that is for a
 * container and has an answer gives it; what none answers is done as by default: see `commands.ts` for the commands,
 * `logs.ts` for what is logged, `ports.ts` for what listens.
 */
export interface ContainerProgram {
  /** Image of the containers it is for, `*` standing for anything. Default: any. */
  readonly image?: string;
  /** Name of the containers it is for. Default: any. */
  readonly container?: string;
  /** Labels their pods have. Default: any. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Runs a command. @returns its exit code; undefined: this command is somebody else's */
  exec?(command: readonly string[], io: ContainerIo): number | undefined | Promise<number | undefined>;
  /** What `kubectl attach` talks to. @returns the exit code. Default: the log as it grows. */
  attach?(io: ContainerIo): number | Promise<number>;
  /** What each run of a container logs at its start, before anything else. */
  readonly logs?: string | ((container: RunningContainer) => string);
  /** Answers HTTP on {@link ports}. */
  http?(request: IncomingMessage, response: ServerResponse, container: RunningContainer): void;
  /** Serves a connection to one of {@link ports}, until it ends. Goes before `http`. */
  connect?(port: number, connection: Duplex, container: RunningContainer): void | Promise<void>;
  /** Default: the ports the container declares. */
  readonly ports?: readonly number[];
}

/** One run of a container. */
export interface RunningContainer {
  readonly pod: Stored<Pod>;
  readonly container: Container;
  /** By absolute path. They are gone when the container restarts. */
  readonly files: Map<string, Uint8Array>;
  /** Adds lines to the container's log. */
  log(text: string): void;
}

/** What a command of a container is given. */
export type ContainerIo = ProcessIo & RunningContainer;

/** Whether a program is for a container. */
export function isFor(program: ContainerProgram, pod: Stored<Pod>, container: Container): boolean {
  const { image, labels = {} } = program;
  if (program.container !== undefined && program.container !== container.name) return false;
  if (image !== undefined && !matchesPattern(image, container.image ?? "")) return false;
  return Object.entries(labels).every(([name, value]) => pod.metadata.labels?.[name] === value);
}

function matchesPattern(pattern: string, text: string): boolean {
  const escaped = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\/]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`).test(text);
}
