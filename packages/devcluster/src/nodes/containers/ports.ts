import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { finished } from "node:stream/promises";
import type { Container } from "@homeostat/api";
import type { ContainerProgram, RunningContainer } from "./container-program.ts";

/** A container that runs, and what it is made of. */
export interface Listening {
  readonly target: RunningContainer;
  readonly programs: readonly ContainerProgram[];
}

/**
 * Serves one connection to a port of a pod. By default the ports that a container declares answer any HTTP request with
 * the pod's name. @throws Error when nothing listens on the port
 */
export async function servePort(listening: readonly Listening[], port: number, connection: Duplex): Promise<void> {
  for (const { target, programs } of listening) {
    for (const program of programs) {
      if (!(program.ports?.includes(port) ?? declares(target.container, port))) continue;
      if (program.connect) return await program.connect(port, connection, target);
      if (program.http) return serveHttp(connection, target, program.http.bind(program));
    }
  }
  const declaring = listening.find(({ target }) => declares(target.container, port));
  if (declaring) return serveHttp(connection, declaring.target, answerName);
  throw new Error(`dial tcp4 127.0.0.1:${port}: connect: connection refused`);
}

function declares({ ports = [] }: Container, port: number): boolean {
  return ports.some(({ containerPort, protocol = "TCP" }) => containerPort === port && protocol === "TCP");
}

function answerName(_request: IncomingMessage, response: ServerResponse, { pod }: RunningContainer): void {
  response.setHeader("content-type", "text/plain").end(`${pod.metadata.name}\n`);
}

/** Node's server takes any stream of bytes for a connection. */
async function serveHttp(
  connection: Duplex,
  target: RunningContainer,
  handle: NonNullable<ContainerProgram["http"]>,
): Promise<void> {
  const server = createServer((request, response) => handle(request, response, target));
  server.emit("connection", connection);
  // How it ends is the client's affair.
  await finished(connection).catch(() => undefined);
}
