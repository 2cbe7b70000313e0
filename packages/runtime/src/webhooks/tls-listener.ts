import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import type { Clock } from "@homeostat/api";
import type { CertificateAndKey } from "@homeostat/api/certificates";

export interface TlsListenerOptions {
  /** Undefined: all of the machine. */
  readonly host: string | undefined;
  readonly port: number;
  readonly certificate: CertificateAndKey;
  /** In PEM. Given, clients without a certificate of it are refused in the handshake. */
  readonly clientCa: string | undefined;
  readonly http2: boolean;
  readonly tls: TlsSettings;
  /** How long a request may take to arrive, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** How long stopping waits for requests under way, in milliseconds. */
  readonly stopTimeoutMs: number;
  readonly clock: Clock;
  onRequest(request: Http2ServerRequest, response: Http2ServerResponse): void;
  onError(error: Error): void;
}

/** What of Node's TLS a server lets one choose. */
export type TlsSettings = Pick<
  TlsOptions,
  "minVersion" | "maxVersion" | "ciphers" | "ecdhCurve" | "sigalgs" | "honorCipherOrder"
>;

/** HTTPS with HTTP/2 and HTTP/1.1 on one port, whose certificate can be changed while it runs. */
export interface TlsListener {
  readonly host: string;
  readonly port: number;
  /** For connections from now on; those that are open keep theirs. */
  setCertificate(certificate: CertificateAndKey): void;
  /** Accepts nothing more, lets requests under way finish, then closes. */
  stop(): Promise<void>;
}

/** @throws Error naming the address where it cannot be listened on */
export async function listenTls(options: TlsListenerOptions): Promise<TlsListener> {
  const { host, port, clientCa } = options;
  const context = ({ certificate, key }: CertificateAndKey) => ({
    ...options.tls,
    cert: certificate,
    key,
    ...(clientCa === undefined ? {} : { ca: clientCa }),
  });
  const server = await createServer(options.http2, {
    ...context(options.certificate),
    requestCert: clientCa !== undefined,
    rejectUnauthorized: clientCa !== undefined,
    noDelay: true,
  });
  // A header takes at most 32 seconds to arrive and an idle connection is kept for 90, as in controller-runtime.
  Object.assign(server, { headersTimeout: 32_000, requestTimeout: options.requestTimeoutMs, keepAliveTimeout: 90_000 });
  const connections = trackConnections(server, 90_000);
  server.on("request", options.onRequest);
  // Scanners, probes that only connect, and clients that do not trust us.
  for (const event of ["tlsClientError", "sessionError"] as const) server.on(event, options.onError);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(new Error(`listen on ${host ?? ""}:${port}: ${error.message}; choose another address`, { cause: error })),
    );
    const listening = (): void => {
      server.removeAllListeners("error");
      server.on("error", options.onError);
      resolve();
    };
    if (host === undefined) server.listen(port, listening);
    else server.listen(port, host, listening);
  });
  const bound = server.address() as AddressInfo;
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    connections.finish();
    const cancel = options.clock.setTimer(() => connections.cut(), options.stopTimeoutMs);
    await closed;
    cancel();
  };
  return {
    host: bound.address,
    port: bound.port,
    setCertificate: (certificate) => server.setSecureContext(context(certificate)),
    stop: () => (stopped ??= stop()),
  };
}

async function createServer(http2: boolean, options: TlsOptions & { noDelay: boolean }): Promise<Http2SecureServer> {
  // Node's HTTP/2 server always offers HTTP/2; that of HTTPS takes the same options, events and requests otherwise.
  if (!http2) return (await import("node:https")).createServer(options) as unknown as Http2SecureServer;
  // More streams than an API server has under way with one webhook.
  const settings = { maxConcurrentStreams: 1000 };
  return (await import("node:http2")).createSecureServer({ ...options, allowHTTP1: true, settings });
}

/** Node closes neither idle HTTP/2 sessions nor idle HTTP/1.1 connections of such a server by itself. */
function trackConnections(server: Http2SecureServer, idleMs: number): { finish(): void; cut(): void } {
  const open = new Map<Socket, number>();
  const sessions = new Set<ServerHttp2Session>();
  let finishing = false;
  server.on("secureConnection", (socket) => {
    open.set(socket, 0);
    socket.on("close", () => open.delete(socket));
  });
  server.on("session", (session) => {
    sessions.add(session);
    session.setTimeout(idleMs, () => session.close());
    session.on("close", () => sessions.delete(session));
  });
  server.on("request", (request: Http2ServerRequest, response: Http2ServerResponse) => {
    // HTTP/2 sessions end themselves when their streams have.
    if (request.httpVersionMajor > 1) return;
    const { socket } = request;
    open.set(socket, (open.get(socket) ?? 0) + 1);
    response.on("close", () => {
      const left = (open.get(socket) ?? 1) - 1;
      if (open.has(socket)) open.set(socket, left);
      if (finishing && left === 0) socket.destroy();
    });
  });
  return {
    finish() {
      finishing = true;
      const ofSessions = new Set<unknown>([...sessions].map((session) => session.socket));
      for (const session of sessions) session.close();
      for (const [socket, requests] of open) {
        const http2 = socket as { alpnProtocol?: unknown };
        if (requests === 0 && http2.alpnProtocol !== "h2" && !ofSessions.has(socket)) socket.destroy();
      }
    },
    cut() {
      for (const session of sessions) session.destroy();
      for (const socket of open.keys()) socket.destroy();
    },
  };
}
