import type { IncomingMessage } from "node:http";
import { constants, createSecureServer, type Http2SecureServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type Clock, systemClock } from "@homeostat/api";
import type { CertificateAndKey } from "@homeostat/api/certificates";
import { type ServerLog, silentLog } from "../log.ts";
import { defaultMaxBodyBytes, type Handler } from "./handler.ts";
import { answer, type NodeResponse } from "./node-exchange.ts";
import type { NodeRequest } from "./node-request.ts";
import { createPeers } from "./node-request.ts";
import { answerUpgrade, speaksUpgrade } from "./upgrade.ts";

export interface ListenOptions {
  /** Address to listen on; default 127.0.0.1, so that nobody else on the network can connect. */
  readonly host?: string;
  /** Default 0, which takes a free port. */
  readonly port?: number;
  readonly server: CertificateAndKey;
  /** Certificates in PEM of the authorities whose client certificates are accepted. */
  readonly clientAuthorities: string;
  /** Largest request body in bytes; default 3 MiB. */
  readonly maxBodyBytes?: number;
  /** How long a stop waits for requests under way before it cuts connections, in milliseconds; default 150. */
  readonly graceMs?: number;
  /** Time of the sockets, which is never virtual. Default: the machine's. */
  readonly clock?: Clock;
  readonly log?: ServerLog;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  /** `https://127.0.0.1:6443`. */
  readonly url: string;
  /** Accepts nothing more, ends streams cleanly, lets requests finish for a moment, closes all connections. */
  stop(): Promise<void>;
}

/** Go's clients keep idle connections for 90 seconds; closing earlier would reset requests they cannot repeat. */
const keepAliveMs = 125_000;

/**
 * Serves the handler over HTTPS, with HTTP/2 and HTTP/1.1 on one port. A client certificate is asked for and not
 * demanded: tokens do as well.
 *
 * @throws Error that says what to do when the address cannot be listened on
 */
export async function listen(handler: Handler, options: ListenOptions): Promise<Listener> {
  const {
    host = "127.0.0.1",
    port = 0,
    clock = systemClock,
    log = silentLog,
    maxBodyBytes = defaultMaxBodyBytes,
  } = options;
  const stopping = new AbortController();
  const server = createSecureServer({
    allowHTTP1: true,
    ...{ key: options.server.key, cert: options.server.certificate, ca: options.clientAuthorities },
    requestCert: true,
    rejectUnauthorized: false,
    // Small frames leave at once. Otherwise the first event of each watch waits for the client's delayed acknowledgement
    // (measured: 45 ms instead of 5).
    noDelay: true,
    // Informers of a whole program share one session: the default of 10 MB for all their answers together would have
    // their requests refused.
    maxSessionMemory: 1024,
    settings: { maxConcurrentStreams: 1000 },
  });
  // Whoever asks for a protocol that is not spoken here is answered as if they had not asked.
  Object.assign(server, { shouldUpgradeCallback: speaksUpgrade });
  // The timers of HTTP/1.1 are off: watches last for hours.
  Object.assign(server, { keepAliveTimeout: keepAliveMs, headersTimeout: 0, requestTimeout: 0 });

  const connections = trackConnections(server);
  const requestOptions = { maxBodyBytes, peers: createPeers() };
  server.on("request", (request: NodeRequest, response: NodeResponse) => {
    answer(handler, request, response, { ...requestOptions, stopping: stopping.signal, log });
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    answerUpgrade(handler, { request, socket, head }, { ...requestOptions, stopping: stopping.signal, log });
  });
  // Port scanners and clients that do not trust us are not worth more than this.
  server.on("tlsClientError", (error: Error) => log.debug({ err: error }, "TLS handshake failed"));
  server.on("sessionError", (error: Error) => log.debug({ err: error }, "HTTP/2 session failed"));

  await start(server, host, port);
  const address = server.address() as AddressInfo;
  const printed = address.family === "IPv6" ? `[${address.address}]` : address.address;
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    stopping.abort();
    connections.finish();
    const cancel = clock.setTimer(() => connections.cut(), options.graceMs ?? 150);
    await closed;
    cancel();
  };
  return {
    host: address.address,
    port: address.port,
    url: `https://${printed}:${address.port}`,
    stop: () => (stopped ??= stop()),
  };
}

function start(server: Http2SecureServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(new Error(`cannot listen on ${host} port ${port}: ${explanation(error)}`, { cause: error }));
    });
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      server.on("error", () => undefined);
      resolve();
    });
  });
}

function explanation(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "EADDRINUSE":
      return "another program uses the port; stop it, choose another port, or 0 for a free one";
    case "EACCES":
      return "this user may not use the port; choose one above 1023, or 0 for a free one";
    case "EADDRNOTAVAIL":
      return "this machine does not have the address; choose one of its own, such as 127.0.0.1";
    default:
      return error.message;
  }
}

/** Node closes neither idle HTTP/2 sessions nor idle HTTP/1.1 connections of such a server by itself. */
function trackConnections(server: Http2SecureServer): { finish(): void; cut(): void } {
  const sockets = new Map<Socket, number>();
  const sessions = new Set<ServerHttp2Session>();
  let finishing = false;
  server.on("secureConnection", (socket) => {
    sockets.set(socket, 0);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  server.on("request", (request: NodeRequest, response: NodeResponse) => {
    if (request.httpVersionMajor === 2) return;
    const { socket } = request;
    sockets.set(socket, (sockets.get(socket) ?? 0) + 1);
    response.on("close", () => {
      const left = (sockets.get(socket) ?? 1) - 1;
      if (!socket.destroyed) sockets.set(socket, left);
      if (finishing && left === 0) socket.end();
    });
  });
  return {
    finish() {
      finishing = true;
      for (const session of sessions) session.close();
      for (const [socket, requests] of sockets) {
        if (requests === 0 && (socket as { alpnProtocol?: string }).alpnProtocol !== "h2") socket.end();
      }
    },
    cut() {
      // Without a code, answers cut in two would look whole.
      for (const session of sessions) session.destroy(undefined, constants.NGHTTP2_CANCEL);
      for (const socket of sockets.keys()) socket.destroy();
    },
  };
}
