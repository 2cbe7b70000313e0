import net from "node:net";
import type { SecureContext } from "node:tls";
import type { Clock } from "@homeostat/api";
import { httpModule, httpsModule, tlsModule } from "../on-demand.ts";

/**
 * Opens the connection beneath a transport: TCP or TLS, straight or through an HTTP proxy. Only the proxy's CONNECT
 * goes through Node's own http modules; the bytes after it take the same path as everywhere.
 */

export interface DialOptions {
  /** `https://host:port` or `http://host:port`. */
  readonly server: URL;
  /** `http://…` or `https://…`, with user and password where it wants them. Default: none. */
  readonly proxy?: URL;
  readonly clock: Clock;
  /** Longest wait for a TCP connection. Default 30000. */
  readonly dialTimeoutMs?: number;
  /** Longest wait for the TLS handshake. Default 10000. */
  readonly tlsTimeoutMs?: number;
  /** Name the server's certificate must carry. Default: the host of `server`. */
  readonly serverName?: string;
  readonly insecureSkipTlsVerify?: boolean;
}

/** What one connection needs beyond the options. */
export interface DialRequest {
  readonly secureContext: SecureContext | undefined;
  /** Every read lands in this buffer and is told to `onRead`, until the connection closes. */
  readonly buffer: Uint8Array;
  readonly onRead: (length: number) => void;
  readonly signal?: AbortSignal;
}

/** No connection: nothing was sent, so a request may safely be made again. `code` is the system's, or ours. */
export class DialError extends Error {
  override readonly name = "DialError";
  readonly code: string;
  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** @throws DialError, or the signal's reason */
export async function dial(options: DialOptions, request: DialRequest): Promise<net.Socket> {
  const onread = {
    buffer: request.buffer,
    callback: (length: number): boolean => {
      request.onRead(length);
      return true;
    },
  };
  const { server } = options;
  const secure = server.protocol === "https:";
  const port = Number(server.port || (secure ? 443 : 80));
  const host = server.hostname.replace(/^\[|\]$/g, "");
  const base =
    options.proxy && secure
      ? await tunnel(options, options.proxy, `${server.hostname}:${port}`, request.signal)
      : undefined;
  if (!secure) {
    const to = options.proxy ?? server;
    const overTls = to.protocol === "https:";
    const at = { host: to.hostname.replace(/^\[|\]$/g, ""), port: Number(to.port || (overTls ? 443 : 80)) };
    const socket = overTls
      ? tlsModule().connect({ ...at, ...(net.isIP(at.host) ? {} : { servername: at.host }), ...({ onread } as object) })
      : net.connect({ ...at, noDelay: true, onread });
    const event = overTls ? "secureConnect" : "connect";
    await ready(socket, event, options, options.dialTimeoutMs ?? 30_000, request.signal);
    return keepAlive(socket);
  }
  const name = options.serverName ?? host;
  // The types know `onread` of plain sockets only. TLS sockets take it as well (measured: halves the cost of a stream),
  // except those that are laid over another socket.
  const tls = tlsModule();
  const socket = tls.connect({
    ...(base ? { socket: base } : { host, port, ...({ onread } as object) }),
    // SNI carries no addresses (RFC 6066).
    ...(net.isIP(name) ? {} : { servername: name }),
    checkServerIdentity: (_, certificate) => tls.checkServerIdentity(name, certificate),
    rejectUnauthorized: options.insecureSkipTlsVerify !== true,
    ALPNProtocols: ["http/1.1"],
    ...(request.secureContext ? { secureContext: request.secureContext } : {}),
  });
  // A timer for each: a dead host and a host that does not speak TLS are different faults.
  if (!base) await ready(socket, "connect", options, options.dialTimeoutMs ?? 30_000, request.signal);
  await ready(socket, "secureConnect", options, options.tlsTimeoutMs ?? 10_000, request.signal);
  if (base) socket.on("data", (chunk: Buffer) => copyThrough(chunk, request));
  return keepAlive(socket);
}

/** Reads as `onread` would have delivered them. */
function copyThrough(chunk: Buffer, { buffer, onRead }: DialRequest): void {
  for (let at = 0; at < chunk.length; at += buffer.length) {
    const part = chunk.subarray(at, at + buffer.length);
    buffer.set(part);
    onRead(part.length);
  }
}

function keepAlive(socket: net.Socket): net.Socket {
  // Until its new owner listens, an error would end the process; that it is destroyed tells enough.
  socket.on("error", () => {});
  socket.setNoDelay(true);
  return socket.setKeepAlive(true, 30_000);
}

function ready(
  socket: net.Socket,
  event: "connect" | "secureConnect",
  options: DialOptions,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (act: () => void): void => {
      cancel();
      socket.off(event, onReady).off("error", onError).off("close", onClose);
      signal?.removeEventListener("abort", onAbort);
      act();
    };
    const refuse = (error: unknown): void =>
      done(() => {
        // Late errors of a socket nobody wants any more.
        socket.on("error", () => {});
        socket.destroy();
        reject(error);
      });
    const onReady = (): void => done(resolve);
    const onError = (error: NodeJS.ErrnoException): void => refuse(dialError(options, error));
    const onClose = (): void =>
      refuse(
        new DialError(
          `connect to ${options.server.origin}: server hung up before the connection was ready`,
          "ECONNRESET",
        ),
      );
    const onAbort = (): void => refuse(signal?.reason);
    const what = event === "connect" ? "connection" : "TLS handshake";
    const cancel = options.clock.setTimer(
      () =>
        refuse(new DialError(`connect to ${options.server.origin}: no ${what} within ${timeoutMs} ms`, "ETIMEDOUT")),
      timeoutMs,
    );
    if (signal?.aborted) return onAbort();
    socket.on(event, onReady).on("error", onError).on("close", onClose);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

const certificateHelp: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "; the certificate authority is missing: set certificate-authority-data",
  SELF_SIGNED_CERT_IN_CHAIN: "; the certificate authority is missing or another one: check certificate-authority-data",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "; the certificate authority is missing or another one: check certificate-authority-data",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "; the certificate authority is missing or another one: check certificate-authority-data",
  CERT_HAS_EXPIRED: "; the server's certificate is out of date, or this machine's clock is wrong",
  ERR_SSL_WRONG_VERSION_NUMBER: "; the server speaks no TLS at this port: is the server address right?",
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: "; the server does not speak HTTP/1.1",
  ERR_TLS_CERT_ALTNAME_INVALID: "; the certificate is for another name: set tls-server-name",
};

function dialError(options: DialOptions, error: NodeJS.ErrnoException): DialError {
  const code = error.code ?? "UNKNOWN";
  // Several addresses tried give an AggregateError without a message.
  return new DialError(
    `connect to ${options.server.origin}: ${wordsOf(error) || code}${certificateHelp[code] ?? ""}`,
    code,
    { cause: error },
  );
}

/** OpenSSL's messages are for its developers: a thread's number, a file of its source, a line end. */
export function wordsOf(error: Error & { readonly reason?: unknown }): string {
  return error.message.includes(":SSL routines:") && typeof error.reason === "string" ? error.reason : error.message;
}

/** A tunnel to `target` through an HTTP proxy. */
function tunnel(options: DialOptions, proxy: URL, target: string, signal?: AbortSignal): Promise<net.Socket> {
  if (proxy.protocol !== "http:" && proxy.protocol !== "https:") {
    throw new DialError(
      `proxy ${proxy.protocol}//${proxy.host}: only http and https proxies are supported`,
      "EPROTONOSUPPORT",
    );
  }
  return new Promise((resolve, reject) => {
    const request = (proxy.protocol === "https:" ? httpsModule() : httpModule()).request({
      host: proxy.hostname,
      port: Number(proxy.port || (proxy.protocol === "https:" ? 443 : 80)),
      method: "CONNECT",
      path: target,
      agent: false,
      headers: { host: target, ...proxyAuthorization(proxy) },
    });
    const timeoutMs = options.dialTimeoutMs ?? 30_000;
    const finish = (): void => {
      cancel();
      signal?.removeEventListener("abort", onAbort);
    };
    const refuse = (error: unknown): void => {
      finish();
      request.destroy();
      reject(error);
    };
    const onAbort = (): void => refuse(signal?.reason);
    const cancel = options.clock.setTimer(
      () => refuse(new DialError(`connect through proxy ${proxy.host}: no answer within ${timeoutMs} ms`, "ETIMEDOUT")),
      timeoutMs,
    );
    if (signal?.aborted) return onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    request.on("error", (error: NodeJS.ErrnoException) =>
      refuse(
        new DialError(`connect through proxy ${proxy.host}: ${error.message}`, error.code ?? "UNKNOWN", {
          cause: error,
        }),
      ),
    );
    const refused = (status: number | undefined): void =>
      refuse(new DialError(`connect through proxy ${proxy.host}: it refused with status ${status}`, "EPROXY"));
    request.on("response", (response) => refused(response.statusCode));
    request.on("connect", (response, socket: net.Socket) => {
      if (response.statusCode !== 200) return refused(response.statusCode);
      finish();
      resolve(socket);
    });
    request.end();
  });
}

/** Basic credentials a proxy's URL carries. */
export function proxyAuthorization(proxy: URL): Record<string, string> {
  if (!proxy.username) return {};
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}
