import type { SecureContext } from "node:tls";
import { type Clock, systemClock, type Transport, type TransportRequest, type TransportResponse } from "@homeostat/api";
import { tlsModule } from "../on-demand.ts";
import { type Connection, ConnectionError, prepareConnection } from "./connection.ts";
import { createConnectionPool } from "./connection-pool.ts";
import {
  bearer,
  type CredentialSource,
  type Credentials,
  combineCredentials,
  type Impersonation,
  impersonationHeaders,
  staticCredentials,
} from "./credentials.ts";
import { type DialOptions, dial, proxyAuthorization } from "./dial.ts";

export interface HttpTransportOptions {
  /** `https://host:port`; a path is put before every request's. */
  readonly server: string;
  /** PEM of the authorities that may sign the server's certificate. Default: those of the system. */
  readonly ca?: string | Uint8Array;
  /** PEM of the client certificate, and its key. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** Bearer token. */
  readonly token?: string;
  /** Asked for a bearer token before every request. */
  readonly tokenProvider?: () => string | Promise<string>;
  /** Credentials that change (files, plugins). They win over the fixed ones above. */
  readonly credentials?: CredentialSource;
  readonly impersonate?: Impersonation;
  /** Believe any server. Never in production. Default false. */
  readonly insecureSkipTlsVerify?: boolean;
  /** Name the server's certificate must carry. Default: the host of `server`. */
  readonly serverName?: string;
  /** `http://…` or `https://…`, with user and password where it wants them; SOCKS is not supported. Default: none. */
  readonly proxyUrl?: string;
  /** Connections for requests; each watch has one of its own besides. Default 10. */
  readonly poolSize?: number;
  /** Longest wait for a TCP connection in milliseconds. Default 30000. */
  readonly dialTimeoutMs?: number;
  /** Longest wait for the TLS handshake in milliseconds. Default 10000. */
  readonly tlsTimeoutMs?: number;
  /** How long an unused connection is kept in milliseconds. Default 90000. */
  readonly idleMs?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** A transport over the network. */
export type HttpTransport = Transport & {
  /** Closes all connections; requests under way fail. */
  close(): void;
};

const requestBufferBytes = 64 * 1024;
const streamBufferBytes = 256 * 1024;

/**
 * Transport over HTTP/1.1 with keep-alive: about ten connections for requests, one more for each watch.
 *
 * No HTTP/2: in Node it costs two to six times as much for each request (measured). A request is made again, once, only
 * where it was sent on a connection that had been idle, nothing of an answer came, and it changes nothing (GET, HEAD,
 * OPTIONS): the server had hung up meanwhile. That is what Go's transport does; more is up to interceptors.
 */
export function createHttpTransport(options: HttpTransportOptions): HttpTransport {
  const clock = options.clock ?? systemClock;
  const server = parseServer(options.server);
  const proxy = options.proxyUrl ? parseProxy(options.proxyUrl) : undefined;
  const dialOptions: DialOptions = { ...options, server, clock, ...(proxy ? { proxy } : {}) };
  const source = credentialSource(options);
  const writeHead = headWriter(server, proxy, options.impersonate);
  const certificates = createCertificates(options, () => pool.renew());
  const streams = new Set<Connection>();
  let closed = false;

  const open = async (
    bufferBytes: number,
    callbacks: { onIdle(connection: Connection): void; onClose(connection: Connection): void },
    signal?: AbortSignal,
  ): Promise<Connection> => {
    const buffer = Buffer.allocUnsafeSlow(bufferBytes);
    // Undefined where it ends before it was handed over: then nobody has it to give back.
    let connection: Connection | undefined;
    const opening = prepareConnection(buffer, {
      onIdle: () => connection && callbacks.onIdle(connection),
      onClose: () => connection && callbacks.onClose(connection),
    });
    const secureContext = server.protocol === "https:" ? certificates.context : undefined;
    const socket = await dial(dialOptions, {
      secureContext,
      buffer,
      onRead: opening.onRead,
      ...(signal ? { signal } : {}),
    });
    connection = opening.opened(socket);
    return connection;
  };

  // A connection is given back once for each time it was taken, whichever comes first: free again, or gone.
  const leased = new Set<Connection>();
  const giveBack = (connection: Connection): void => {
    if (leased.delete(connection)) pool.release(connection);
  };
  const pool = createConnectionPool({
    clock,
    open: (signal) => open(requestBufferBytes, { onIdle: giveBack, onClose: giveBack }, signal),
    ...(options.poolSize === undefined ? {} : { size: options.poolSize }),
    ...(options.idleMs === undefined ? {} : { idleMs: options.idleMs }),
  });

  const acquire = async (signal: AbortSignal | undefined, fresh: boolean): Promise<Connection> => {
    const connection = await pool.acquire({ fresh, ...(signal ? { signal } : {}) });
    leased.add(connection);
    return connection;
  };

  const sendPooled = async (request: TransportRequest, head: string): Promise<TransportResponse> => {
    const connection = await acquire(request.signal, false);
    const reused = connection.requests > 0;
    try {
      return await sendOn(connection, request, head);
    } catch (error) {
      if (!reused || !mayRepeat(request.method, error)) throw error;
      return sendOn(await acquire(request.signal, true), request, head);
    }
  };

  const sendOn = async (
    connection: Connection,
    request: TransportRequest,
    head: string,
  ): Promise<TransportResponse> => {
    try {
      request.beforeSend?.();
      return await connection.send(request.method, { head, body: request.body }, request.signal);
    } catch (error) {
      connection.close();
      giveBack(connection);
      throw error;
    }
  };

  const sendStream = async (request: TransportRequest, head: string): Promise<TransportResponse> => {
    const forget = (connection: Connection): void => {
      streams.delete(connection);
      connection.close();
    };
    const connection = await open(streamBufferBytes, { onIdle: forget, onClose: forget }, request.signal);
    streams.add(connection);
    if (closed) connection.close();
    request.beforeSend?.();
    return connection.send(request.method, { head, body: request.body }, request.signal);
  };

  const send = async (request: TransportRequest): Promise<TransportResponse> => {
    if (closed) throw new Error(`${request.method} ${server.origin}${request.path}: transport was closed`);
    request.signal?.throwIfAborted();
    const credentials = source.get(request.signal);
    const resolved = credentials instanceof Promise ? await credentials : credentials;
    certificates.use(resolved);
    const head = writeHead(request, resolved);
    try {
      const response = await (isStream(request) ? sendStream(request, head) : sendPooled(request, head));
      if (response.status === 401) source.invalidate();
      return response;
    } catch (error) {
      if (error instanceof ConnectionError) {
        throw new ConnectionError(
          `${request.method} ${server.origin}${request.path}: ${error.message}`,
          error.code,
          error.responseStarted,
          { cause: error },
        );
      }
      throw error;
    }
  };

  return Object.assign(send, {
    close: () => {
      closed = true;
      pool.close();
      for (const connection of [...streams, ...leased]) connection.close();
    },
  });
}

function parseServer(server: string): URL {
  const url = URL.parse(server.includes("://") ? server : `https://${server}`);
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw new Error(`server ${JSON.stringify(server)} is no http or https address`);
  return url;
}

/** @throws here rather than at the first request: a proxy is there for a reason, and going round it is no choice */
function parseProxy(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  // Without what may be a password.
  throw new Error(
    `proxy ${url ? `${url.protocol}//${url.host}` : "address"}: only http:// and https:// proxies are supported, SOCKS is not`,
  );
}

function credentialSource(options: HttpTransportOptions): CredentialSource {
  const sources: CredentialSource[] = [];
  const { token, tokenProvider } = options;
  if (token !== undefined) sources.push(staticCredentials(bearer(token)));
  if (tokenProvider) sources.push({ get: async () => bearer(await tokenProvider()), invalidate() {} });
  if (options.credentials) sources.push(options.credentials);
  return sources.length === 0 ? staticCredentials({}) : combineCredentials(...sources);
}

/** The TLS settings, made once and again when the client certificate changes. */
function createCertificates(
  options: HttpTransportOptions,
  onChange: () => void,
): { readonly context: SecureContext; use(credentials: Credentials): void } {
  let current: Credentials["clientCertificate"];
  let context: SecureContext | undefined;
  const pem = (value: string | Uint8Array): string | Buffer => (typeof value === "string" ? value : Buffer.from(value));
  return {
    get context() {
      const cert = current?.cert ?? options.cert;
      const key = current?.key ?? options.key;
      context ??= tlsModule().createSecureContext({
        ...(options.ca === undefined ? {} : { ca: pem(options.ca) }),
        ...(cert === undefined ? {} : { cert: pem(cert) }),
        ...(key === undefined ? {} : { key: pem(key) }),
        minVersion: "TLSv1.2",
      });
      return context;
    },
    use({ clientCertificate: next }) {
      if (next?.cert === current?.cert && next?.key === current?.key) return;
      current = next;
      context = undefined;
      onChange();
    },
  };
}

/** Requests whose answer goes on for as long as it pleases the server. */
function isStream({ path }: TransportRequest): boolean {
  const query = path.indexOf("?");
  return query >= 0 && /[?&](?:watch|follow)=(?:true|1)(?:&|$)/.test(path.slice(query));
}

function mayRepeat(method: string, error: unknown): boolean {
  if (!(error instanceof ConnectionError) || error.responseStarted) return false;
  return error.code === "ENOTSENT" || method === "GET" || method === "HEAD" || method === "OPTIONS";
}

function headWriter(
  server: URL,
  proxy: URL | undefined,
  impersonate: Impersonation | undefined,
): (request: TransportRequest, credentials: Credentials) => string {
  const prefix = server.pathname.replace(/\/$/, "");
  // A plain-text request through a proxy names its target in full (RFC 9112 section 3.2.2).
  const absolute = proxy && server.protocol === "http:";
  let fixed = `host: ${server.host}\r\naccept-encoding: identity\r\n`;
  if (absolute) for (const [name, value] of Object.entries(proxyAuthorization(proxy))) fixed += headerLine(name, value);
  if (impersonate) for (const [name, value] of impersonationHeaders(impersonate)) fixed += headerLine(name, value);

  return ({ method, path, headers, body }, credentials) => {
    if (!/^[A-Z]+$/.test(method)) throw new Error(`method ${JSON.stringify(method)} is no HTTP method`);
    if (!/^\/[\x21-\x7e]*$/.test(path))
      throw new Error(`path ${JSON.stringify(path)} must start with / and be percent-encoded`);
    let head = `${method} ${absolute ? server.origin : ""}${prefix}${path} HTTP/1.1\r\n${fixed}`;
    for (const name in credentials.headers)
      if (headers?.[name] === undefined) head += headerLine(name, credentials.headers[name]!);
    for (const name in headers)
      if (name !== "host" && name !== "content-length") head += headerLine(name, headers[name]!);
    const length = body === undefined ? 0 : typeof body === "string" ? Buffer.byteLength(body) : body.length;
    if (body !== undefined || method === "POST" || method === "PUT" || method === "PATCH")
      head += `content-length: ${length}\r\n`;
    return `${head}\r\n`;
  };
}

function headerLine(name: string, value: string): string {
  // Never the value: it may be a token.
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value))
    throw new Error(`header ${JSON.stringify(name)} has characters HTTP does not allow`);
  return `${name}: ${value}\r\n`;
}
