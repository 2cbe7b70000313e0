import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { isIP, type LookupFunction, type Socket } from "node:net";
import type { AlertMessage } from "./message.ts";

/** Where to post. */
export interface PostTarget {
  readonly url: URL;
  /** The address that was checked, to connect to just that; a name might have another by now. Default: as it resolves. */
  readonly address?: string | undefined;
}

/** Posts, without following redirects. @returns the status code */
export type Post = (target: PostTarget, message: AlertMessage, signal: AbortSignal) => Promise<number>;

/**
 * Posts over HTTP and HTTPS.
 *
 * @param proxy an HTTP proxy that everything goes through. It resolves names itself, as its own rules are about names:
 *   addresses are not pinned then. Over https nothing is lost by that: before a byte of the alert is sent, who answers
 *   must prove to be the host, which an address inside cannot. Default: none
 */
export function createPost(proxy?: URL): Post {
  return async ({ url, address }, { contentType, body }, signal) => {
    const headers = { "content-type": contentType, "content-length": String(Buffer.byteLength(body)) };
    const options: RequestOptions = { method: "POST", headers, signal, agent: false };
    const request = proxy ? await through(proxy, url, options) : await direct(url, address, options);
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      request.once("response", resolve);
      request.once("error", reject);
    });
    request.end(body);
    const response = await answer;
    // Nobody reads it, and who answers without end holds up nobody.
    response.on("error", () => {});
    response.destroy();
    return response.statusCode ?? 0;
  };
}

/** Only who posts needs them: the operator starts without. */
const http = () => import("node:http");
const https = () => import("node:https");

async function direct(url: URL, address: string | undefined, options: RequestOptions): Promise<ClientRequest> {
  const { request } = url.protocol === "https:" ? await https() : await http();
  return request(url, address === undefined ? options : { ...options, lookup: always(address) });
}

/** Answers every question for a name with one address. */
function always(address: string): LookupFunction {
  const family = isIP(address);
  return (_, { all }, done) => (all ? done(null, [{ address, family }]) : done(null, address, family));
}

async function through(proxy: URL, url: URL, options: RequestOptions): Promise<ClientRequest> {
  const authorization = authorizationOf(proxy);
  const { request } = await http();
  const base = { host: hostOf(proxy), port: proxy.port || 80, agent: false } as const;
  if (url.protocol === "http:") {
    const headers = { ...options.headers, host: url.host, ...authorization };
    return request({ ...options, ...base, path: url.href, headers });
  }
  const where = `${url.hostname}:${url.port || 443}`;
  const connecting = request({
    ...base,
    method: "CONNECT",
    path: where,
    headers: authorization,
    signal: options.signal!,
  });
  const socket = await new Promise<Socket>((resolve, reject) => {
    connecting.once("connect", (response: IncomingMessage, socket: Socket) => {
      if (response.statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new Error(`the proxy ${proxy.host} answered ${response.statusCode}`));
    });
    connecting.once("error", reject);
    connecting.end();
  });
  const [{ connect }, secure] = await Promise.all([import("node:tls"), https()]);
  const host = hostOf(url);
  // With `host`, or the certificate of an address would be looked up under the name localhost.
  const createConnection = () => connect({ socket, host, ...(isIP(host) ? {} : { servername: host }) });
  return secure.request(url, { ...options, createConnection });
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, "$1");

function authorizationOf({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {};
  const words = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(words).toString("base64")}` };
}
