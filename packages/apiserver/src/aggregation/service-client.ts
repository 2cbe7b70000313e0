import type { IncomingMessage } from "node:http";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import type { Duplex } from "node:stream";
import type { JsonObject } from "@homeostat/api";
import type { CertificateAndKey } from "@homeostat/api/certificates";
import { flag, integer, struct, text } from "../builtins/json-fields.ts";
import { callFailure } from "../webhooks/call-failure.ts";
import type { HostAndPort, ResolveService, ServicePort } from "../webhooks/service-resolver.ts";

export interface ServiceRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: Uint8Array;
  /** Ends the request at once. */
  readonly signal: AbortSignal;
}

export type ServiceAnswer =
  | { readonly type: "response"; readonly response: IncomingMessage }
  /** The other server has taken up the protocol that it was asked for. */
  | { readonly type: "upgraded"; readonly response: IncomingMessage; readonly socket: Duplex; readonly head: Buffer };

/** Speaks to the Service that an APIService points at. Its certificate is that of `NAME.NAMESPACE.svc`. */
export interface ServiceClient {
  readonly service: ServicePort;
  /** Host and port, as the Host header and messages have them. */
  readonly host: string;
  /** @throws UnresolvedService where the service is nowhere; Error in Go's words where it cannot be reached */
  send(request: ServiceRequest): Promise<ServiceAnswer>;
  /** Finds out where the service is. @throws UnresolvedService where it is nowhere */
  resolve(): Promise<HostAndPort>;
  stop(): void;
}

export interface ServiceClientOptions {
  /** Of the APIService. */
  readonly spec: JsonObject;
  readonly resolveService: ResolveService;
  readonly certificate: CertificateAndKey;
}

export function createServiceClient({ spec, resolveService, certificate }: ServiceClientOptions): ServiceClient {
  const given = struct(spec, "service");
  const service = {
    namespace: text(given, "namespace"),
    name: text(given, "name"),
    port: integer(given, "port") ?? 443,
  };
  const serverName = `${service.name}.${service.namespace}.svc`;
  const host = `${serverName}:${service.port}`;
  const bundle = text(spec, "caBundle");
  const tls = {
    ...{ servername: serverName, cert: certificate.certificate, key: certificate.key },
    ...(bundle ? { ca: Buffer.from(bundle, "base64").toString() } : {}),
    rejectUnauthorized: !flag(spec, "insecureSkipTLSVerify"),
  };
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 25 });
  const resolve = (): Promise<HostAndPort> =>
    resolveService(service).catch((error: Error) => {
      throw new UnresolvedService(error.message, { cause: error });
    });
  return {
    ...{ service, host, resolve },
    async send(request) {
      const address = await resolve();
      const options = { ...tls, ...address, agent };
      const headers = { ...request.headers, host };
      const once = (): Promise<ServiceAnswer> => exchange(options, { ...request, headers });
      try {
        // The other side closed an idle connection at the moment it was used: that says nothing about the service.
        return await once().catch((error: unknown) =>
          error instanceof StaleConnection ? once() : Promise.reject(error),
        );
      } catch (error) {
        throw new Error(callFailure(error as NodeJS.ErrnoException, { ...address, serverName }), { cause: error });
      }
    },
    stop: () => agent.destroy(),
  };
}

/** There is no way to the service. */
export class UnresolvedService extends Error {
  override readonly name = "UnresolvedService";
  readonly code = "UNRESOLVED_SERVICE";
}

class StaleConnection extends Error {}

function exchange(options: RequestOptions, { body, signal, ...request }: ServiceRequest): Promise<ServiceAnswer> {
  return new Promise((resolve, reject) => {
    const sent = httpsRequest({ ...options, ...request });
    const end = (): void => void sent.destroy(new Error("the client closed the connection"));
    if (signal.aborted) end();
    signal.addEventListener("abort", end, { once: true });
    sent.on("close", () => signal.removeEventListener("abort", end));
    sent.on("error", (error: NodeJS.ErrnoException) => {
      const isStale = sent.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
      reject(isStale ? new StaleConnection() : error);
    });
    sent.on("response", (response) => resolve({ type: "response", response }));
    sent.on("upgrade", (response, socket, head) => resolve({ type: "upgraded", response, socket, head }));
    sent.end(body);
  });
}

/** The whole body of a small answer. @throws Error where it is larger than `limit`, in bytes */
export async function readAnswer(response: IncomingMessage, limit: number): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > limit) throw new Error(`the answer is larger than ${limit} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
