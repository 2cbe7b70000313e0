import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { type Clock, systemClock } from "@homeostat/api";
import type { CertificateAndKey } from "@homeostat/api/certificates";
import type { Registry } from "prom-client";
import { type Logger, silentLogger } from "../log.ts";
import type { HealthCheck, Runnable } from "../manager/manager.ts";
import type { AdmissionWebhook } from "./admission.ts";
import { admissionReview } from "./admission-review.ts";
import { type AuthenticationWebhook, tokenReview } from "./authentication.ts";
import type { CertificateSource } from "./certificate-source.ts";
import type { Conversion } from "./conversion.ts";
import { ConversionReviews, conversionPath } from "./conversion-review.ts";
import type { WebhookHandler, WebhookReply } from "./http-handler.ts";
import { dial, requestBody, requestDeadline } from "./http-request.ts";
import { listenTls, type TlsListener, type TlsSettings } from "./tls-listener.ts";
import { WebhookMetrics } from "./webhook-metrics.ts";

export type Webhook = AdmissionWebhook | AuthenticationWebhook | Conversion;

export interface WebhookServerOptions {
  /** The server's certificate: `selfManagedCertificates`, or `certificateFiles` where something else provides it. */
  readonly certificates: CertificateSource;
  /**
   * `host:port`. Without a host it is loopback only; port 0 takes any free one. Default: port 9443 on every interface,
   * because API servers call from outside the pod.
   */
  readonly address?: string;
  /**
   * Certificates in PEM of the authorities that callers must have a certificate of. Default: anyone may call; reviews
   * change nothing by themselves. Upstream: `ClientCAName`.
   */
  readonly clientCa?: string;
  /** Bodies of this size or larger are refused, in bytes. Default 7 MiB. */
  readonly maxBodyBytes?: number;
  /** How long a request may take to arrive, in milliseconds. Default 30000. */
  readonly requestTimeoutMs?: number;
  /** How long stopping waits for requests under way, in milliseconds. Default 60000. */
  readonly stopTimeoutMs?: number;
  /** Offer HTTP/2. Default true. */
  readonly http2?: boolean;
  /** TLS versions, ciphers and curves. Default: Node's, TLS 1.2 at least. Upstream: `TLSOpts`. */
  readonly tls?: TlsSettings;
  /** Where the metrics of webhooks are registered. Default: nowhere. */
  readonly registry?: Registry;
  readonly log?: Logger;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Unique within the manager. Default `webhook-server`. */
  readonly name?: string;
}

/** Serves webhooks over HTTPS. A runnable on every replica: give it to a manager, which starts it before caches. */
export interface WebhookServer extends Runnable {
  readonly group: "webhooks";
  /**
   * Serves webhooks at their own paths; conversions of all kinds share `/convert`. Also while it runs.
   * @throws Error where a path is taken, or a kind has a conversion already
   */
  add(...webhooks: readonly Webhook[]): void;
  /** Serves something else at a path. @throws Error where it is taken */
  handle(path: string, handler: WebhookHandler): void;
  /** What was added, for `webhookManifests`. */
  readonly webhooks: readonly Webhook[];
  /** `host:port` once it listens. */
  readonly address: string | undefined;
  /** A readiness check: whether it takes TLS connections. Name it `webhook`, say. */
  readonly started: HealthCheck;
  /** Serves until `signal` is aborted and open requests are answered. @throws Error where it cannot listen */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when it listens; rejects where it cannot. */
  ready(signal?: AbortSignal): Promise<void>;
}

/** Nothing is opened before `run`. */
export function createWebhookServer(options: WebhookServerOptions): WebhookServer {
  return new Server(options);
}

class Server implements WebhookServer {
  readonly name: string;
  readonly group = "webhooks";
  readonly webhooks: Webhook[] = [];
  readonly #options: WebhookServerOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #metrics: WebhookMetrics | undefined;
  readonly #handlers = new Map<string, WebhookHandler>();
  readonly #listening = Promise.withResolvers<void>();
  #conversions: ConversionReviews | undefined;
  #listener: TlsListener | undefined;

  constructor(options: WebhookServerOptions) {
    this.#options = options;
    this.name = options.name ?? "webhook-server";
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
    this.#metrics = options.registry && new WebhookMetrics(options.registry);
    if (options.address !== undefined) parseAddress(options.address);
    // Who does not ask for readiness learns of a failure from `run`.
    this.#listening.promise.catch(() => {});
  }

  get address(): string | undefined {
    if (!this.#listener) return undefined;
    const { host, port } = this.#listener;
    return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  }

  add(...webhooks: readonly Webhook[]): void {
    for (const webhook of webhooks) {
      if (webhook.type === "conversion") this.#addConversion(webhook);
      else if (webhook.type === "authentication") this.handle(webhook.path, tokenReview(webhook));
      else
        this.handle(
          webhook.path,
          admissionReview(webhook, () => this.#metrics?.admissionPanicked()),
        );
      this.webhooks.push(webhook);
    }
  }

  handle(path: string, handler: WebhookHandler): void {
    if (this.#handlers.has(path)) throw new Error(`webhook path ${path} is taken already: give this one another path`);
    this.#handlers.set(path, handler);
    this.#metrics?.register(path);
  }

  #addConversion(conversion: Conversion): void {
    const reviews = this.#conversions ?? new ConversionReviews(() => this.#metrics?.conversionPanicked());
    reviews.add(conversion);
    if (!this.#conversions) this.handle(conversionPath, reviews.handle);
    this.#conversions = reviews;
  }

  readonly started: HealthCheck = async () => {
    if (!this.#listener) throw new Error("the webhook server does not listen yet");
    await dial(this.#listener, this.#clock);
  };

  async ready(): Promise<void> {
    return this.#listening.promise;
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#listen(signal);
    } catch (error) {
      const failure = signal.aborted ? signal.reason : error;
      this.#listening.reject(failure);
      if (signal.aborted) return;
      throw error;
    }
    this.#listening.resolve();
    this.#log.info({ address: this.address }, "Webhook server listens");
    if (!signal.aborted)
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    await this.#listener?.stop();
    this.#listener = undefined;
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const { certificates, address, clientCa, http2 = true, tls = {} } = this.#options;
    // A certificate that changes while the first is being set up must not get lost.
    let latest: CertificateAndKey | undefined;
    const first = await certificates.start((certificate) => {
      latest = certificate;
      this.#use(certificate);
    }, signal);
    const begun = latest ?? first;
    this.#listener = await listenTls({
      ...(address === undefined ? { host: undefined, port: 9443 } : parseAddress(address)),
      certificate: begun,
      clientCa,
      http2,
      tls,
      requestTimeoutMs: this.#options.requestTimeoutMs ?? 30_000,
      stopTimeoutMs: this.#options.stopTimeoutMs ?? 60_000,
      clock: this.#clock,
      onRequest: (request, response) => void this.#serve(request, response),
      onError: (error) => this.#log.debug({ err: error }, "Connection to the webhook server failed"),
    });
    if (latest && latest !== begun) this.#use(latest);
  }

  #use(certificate: CertificateAndKey): void {
    try {
      this.#listener?.setCertificate(certificate);
    } catch (error) {
      this.#log.error({ err: error }, "Serving certificate cannot be used, the old one stays in use");
    }
  }

  async #serve(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    const url = URL.parse(request.url, "https://localhost");
    const path = url?.pathname ?? "";
    const handler = this.#handlers.get(path);
    if (!url || !handler)
      return send(response, { status: 404, body: "404 page not found\n", contentType: "text/plain" });
    const startedAt = this.#clock.monotonic();
    this.#metrics?.started(path);
    const deadline = requestDeadline(response, url.searchParams.get("timeout"), this.#clock);
    let reply: WebhookReply;
    try {
      const { maxBodyBytes: limit = 7 * 1024 * 1024, requestTimeoutMs: timeoutMs = 30_000 } = this.#options;
      const body = await requestBody(request, { limit, timeoutMs, clock: this.#clock });
      const { method, headers } = request;
      const contentType = headers["content-type"];
      reply = await handler({ method, path, headers, contentType, body, signal: deadline.signal, log: this.#log });
    } catch (error) {
      if (!deadline.signal.aborted) this.#log.error({ err: error, path }, "Webhook failed");
      reply = { status: 500, body: "internal error\n", contentType: "text/plain" };
    }
    deadline.end();
    this.#metrics?.ended(path, reply.status, (this.#clock.monotonic() - startedAt) / 1000);
    send(response, reply);
  }
}

function send(response: Http2ServerResponse, { status, body, contentType = "application/json" }: WebhookReply): void {
  if (response.destroyed || response.writableEnded) return;
  response.writeHead(status, { "content-type": contentType });
  response.end(body);
}

function parseAddress(address: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(address);
  if (!match) throw new Error(`webhook address "${address}" must be host:port, as 0.0.0.0:9443 or 127.0.0.1:0`);
  return { host: match[1] ?? (match[2] || "127.0.0.1"), port: Number(match[3]) };
}
