import type { Clock, Json, JsonObject } from "@homeostat/api";
import { isJsonObject } from "../custom-resources/json-schema-props.ts";
import { callFailure, statusFailure } from "./call-failure.ts";
import type { ResolveService } from "./service-resolver.ts";

/** Where a webhook is. Source: admissionregistration.k8s.io/v1 and apiextensions.k8s.io/v1 `WebhookClientConfig`. */
export interface WebhookClientConfig {
  readonly url?: string;
  readonly service?: {
    readonly namespace: string;
    readonly name: string;
    readonly path?: string;
    readonly port?: number;
  };
  /** PEM in base64 that the webhook's certificate is checked with; default the machine's own authorities. */
  readonly caBundle?: string;
}

export interface WebhookCall {
  readonly timeoutMs: number;
  /** Whether the webhook is told how long it is waited for: `?timeout=10s`. */
  readonly tellTimeout?: boolean;
}

/** Calls webhooks, as a server outside of this process would: over TLS, checked by the caBundle, kept alive. */
export interface WebhookClient {
  /** Posts a review and reads the answer. @throws Error whose message tells what was called and how it failed */
  post(config: WebhookClientConfig, review: JsonObject, call: WebhookCall): Promise<JsonObject>;
  /** Closes idle connections. */
  stop(): void;
}

export interface WebhookClientOptions {
  readonly clock: Clock;
  /** Where a service of the cluster can be reached from here. */
  readonly resolveService: ResolveService;
}

/** A webhook that answers more than this is out of its mind. */
const maxAnswerBytes = 64 << 20;

export function createWebhookClient(options: WebhookClientOptions): WebhookClient {
  let agent: Promise<HttpsAgent> | undefined;
  return {
    async post(config, review, call) {
      agent ??= openAgent();
      const { request, connections } = await agent;
      const target = targetOf(config, call);
      const describe = (reason: string): Error => new Error(`Post ${JSON.stringify(target.text)}: ${reason}`);
      const address = config.service
        ? await options
            .resolveService({ ...config.service, port: config.service.port ?? 443 })
            .catch((error: Error) => {
              throw describe(error.message);
            })
        : undefined;
      const body = Buffer.from(JSON.stringify(review));
      const once = (): Promise<Answer> =>
        exchange(request, connections, { target, address, config, body, call, clock: options.clock }, describe);
      const answer = await once().catch((error: unknown) => {
        // The other side closed an idle connection at the moment it was used: that says nothing about the webhook.
        if (error instanceof StaleConnection) return once();
        throw error;
      });
      return reviewOf(answer);
    },
    stop() {
      void agent?.then(({ connections }) => connections.destroy());
    },
  };
}

interface HttpsAgent {
  readonly request: typeof import("node:https").request;
  readonly connections: import("node:https").Agent;
}

/** Imported late: most servers call no webhook. */
async function openAgent(): Promise<HttpsAgent> {
  const { Agent, request } = await import("node:https");
  return { request, connections: new Agent({ keepAlive: true, maxFreeSockets: 25 }) };
}

interface Target {
  readonly url: URL;
  /** The same as Go writes it: with the port of a service, whatever it is. */
  readonly text: string;
  /** Name in the webhook's certificate. */
  readonly serverName: string;
}

function targetOf({ url, service }: WebhookClientConfig, { timeoutMs, tellTimeout }: WebhookCall): Target {
  const parsed = service ? serviceUrl(service) : new URL(url ?? "");
  if (tellTimeout) parsed.searchParams.set("timeout", `${Math.round(timeoutMs / 1000)}s`);
  const text = service ? parsed.href.replace(parsed.host, `${parsed.hostname}:${service.port ?? 443}`) : parsed.href;
  return { url: parsed, text, serverName: service ? `${service.name}.${service.namespace}.svc` : parsed.hostname };
}

function serviceUrl({ name, namespace, port = 443, path = "" }: NonNullable<WebhookClientConfig["service"]>): URL {
  const url = new URL(`https://${name}.${namespace}.svc:${port}/`);
  url.pathname = path;
  return url;
}

interface Exchange {
  readonly target: Target;
  readonly address: { readonly host: string; readonly port: number } | undefined;
  readonly config: WebhookClientConfig;
  readonly body: Uint8Array;
  readonly call: WebhookCall;
  readonly clock: Clock;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

class StaleConnection extends Error {}

function exchange(
  open: HttpsAgent["request"],
  agent: HttpsAgent["connections"],
  { target, address, config, body, call, clock }: Exchange,
  describe: (reason: string) => Error,
): Promise<Answer> {
  const { url, serverName } = target;
  const host = address?.host ?? url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = address?.port ?? Number(url.port || 443);
  return new Promise((resolve, reject) => {
    const request = open({
      agent,
      host,
      port,
      method: "POST",
      path: url.pathname + url.search,
      // An address has no name that could be sent.
      servername: /^[\d.]+$|:/.test(serverName) ? "" : serverName,
      ...(config.caBundle ? { ca: Buffer.from(config.caBundle, "base64").toString() } : {}),
      headers: {
        host: url.port || !config.service ? url.host : `${url.host}:443`,
        "content-type": "application/json",
        accept: "application/json, */*",
        "user-agent": "kube-apiserver-admission",
        "content-length": body.length,
      },
    });
    const cancel = clock.setTimer(() => request.destroy(new Error("context deadline exceeded")), call.timeoutMs, {
      keepAlive: false,
    });
    const fail = (error: NodeJS.ErrnoException): void => {
      cancel();
      const isStale = request.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
      reject(isStale ? new StaleConnection() : describe(callFailure(error, { host, port, serverName })));
    };
    request.on("error", fail);
    request.on("response", (response) => {
      const parts: Buffer[] = [];
      let length = 0;
      response.on("data", (part: Buffer) => {
        length += part.length;
        if (length > maxAnswerBytes) request.destroy(new Error(`the answer is larger than ${maxAnswerBytes} bytes`));
        parts.push(part);
      });
      response.on("error", fail);
      response.on("end", () => {
        cancel();
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() });
      });
    });
    request.end(body);
  });
}

function reviewOf({ status, text }: Answer): JsonObject {
  if (status < 200 || status > 299) throw new Error(statusFailure(status, text));
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw new Error(`the answer is no JSON: ${JSON.stringify(text.slice(0, 200))}`);
  }
  if (!isJsonObject(value)) throw new Error(`the answer is no object: ${text.slice(0, 200)}`);
  return value;
}
