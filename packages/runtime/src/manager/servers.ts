import type { Registry } from "prom-client";
import type { AccessFilterOptions } from "../metrics/access-filter.ts";
import { certificateOf, type MetricsServerOptions, metricsHandler } from "../metrics/metrics-endpoint.ts";
import type { DebugHandlerOptions } from "../profiling/debug-handler.ts";
import { isLoopback } from "../profiling/loopback.ts";
import type { HealthChecks } from "./health.ts";
import { type HttpHandler, type HttpServer, type ListenOptions, listen, parseAddress } from "./http-server.ts";

export interface ManagerServersOptions {
  readonly registry: Registry;
  readonly healthy: HealthChecks;
  readonly ready: HealthChecks;
  readonly metricsAddress?: string | false;
  readonly healthAddress?: string | false;
  readonly profilingAddress?: string | false;
  /** How metrics are served; its address goes before `metricsAddress`. */
  readonly metrics?: MetricsServerOptions;
  /** Asked who may read the metrics. */
  readonly review: AccessFilterOptions;
  /** What the profiling address tells. */
  readonly debug: DebugHandlerOptions;
  /** How long open requests may take once it stops, in milliseconds. Default 60000. */
  readonly stopMs?: number;
}

/** What a manager serves: probes, metrics and profiles. They answer before anything else runs. */
export class ManagerServers {
  readonly #options: ManagerServersOptions;
  readonly #metrics: HttpHandler;
  readonly #metricsAt: string | undefined;
  readonly #healthAt: string | undefined;
  readonly #profilingAt: string | undefined;
  #servers: HttpServer[] = [];
  readonly #stopped = new AbortController();
  #metricsAddress: string | undefined;
  #healthAddress: string | undefined;
  #profilingAddress: string | undefined;

  /** @throws for addresses and paths that cannot be served */
  constructor(options: ManagerServersOptions) {
    this.#options = options;
    const { metrics = {}, registry, review, debug } = options;
    this.#metrics = metricsHandler(registry, metrics, review);
    this.#metricsAt = given(metrics.address ?? options.metricsAddress);
    this.#healthAt = given(options.healthAddress);
    this.#profilingAt = given(options.profilingAddress);
    for (const address of [this.#metricsAt, this.#healthAt, this.#profilingAt]) if (address) parseAddress(address);
    if (this.#together && metrics.secure) {
      throw new Error(
        `metrics are to be served over TLS and probes over plain HTTP, both at ${this.#healthAt}: give them two addresses`,
      );
    }
    if (this.#profilingAt && !debug.allowRemote && !isLoopback(parseAddress(this.#profilingAt).host)) {
      throw new Error(
        `profilingAddress ${this.#profilingAt} is open to other machines, and profiles hold what memory holds: use 127.0.0.1, or set profilingRemote`,
      );
    }
  }

  get metricsAddress(): string | undefined {
    return this.#metricsAddress;
  }

  get healthAddress(): string | undefined {
    return this.#healthAddress;
  }

  get profilingAddress(): string | undefined {
    return this.#profilingAddress;
  }

  async start(): Promise<void> {
    await this.#startHealth();
    await this.#startMetrics();
    await this.#startProfiling();
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new Error("the manager is stopping"));
    await Promise.all(this.#servers.splice(0).map((server) => server.stop()));
  }

  /** Whether one address serves metrics and probes. */
  get #together(): boolean {
    return this.#metricsAt !== undefined && this.#metricsAt === this.#healthAt && !this.#metricsAt.endsWith(":0");
  }

  async #startHealth(): Promise<void> {
    if (!this.#healthAt) return;
    const { healthy, ready } = this.#options;
    const probes: HttpHandler = async ({ path, query }) => {
      const [, probe, name, ...rest] = path.split("/");
      if (rest.length > 0) return undefined;
      if (probe === "healthz") return healthy.answer(name || undefined, query);
      return probe === "readyz" ? ready.answer(name || undefined, query) : undefined;
    };
    const handler: HttpHandler = this.#together
      ? async (request) => (await this.#metrics(request)) ?? probes(request)
      : probes;
    this.#healthAddress = (await this.#serve(this.#healthAt, handler)).address;
    if (this.#together) this.#metricsAddress = this.#healthAddress;
  }

  async #startMetrics(): Promise<void> {
    if (!this.#metricsAt || this.#together) return;
    let server: HttpServer | undefined;
    let certificate = await certificateOf(
      this.#options.metrics?.secure,
      (pair) => {
        certificate = pair;
        server?.useCertificate(pair);
      },
      this.#stopped.signal,
    );
    const first = certificate;
    server = await this.#serve(this.#metricsAt, this.#metrics, first ? { certificate: first } : {});
    // A source may have brought another one meanwhile.
    if (certificate && certificate !== first) server.useCertificate(certificate);
    this.#metricsAddress = server.address;
    if (this.#options.metrics?.auth && !certificate && !isLoopback(parseAddress(server.address).host)) {
      const fields = { address: server.address };
      this.#options.review.log.warn(fields, "Tokens of scrapes are read over plain HTTP, set metrics.secure");
    }
  }

  async #startProfiling(): Promise<void> {
    if (!this.#profilingAt) return;
    // The inspector is loaded where profiles are wanted, nowhere else.
    const { debugHandler } = await import("../profiling/debug-handler.ts");
    this.#profilingAddress = (await this.#serve(this.#profilingAt, debugHandler(this.#options.debug))).address;
  }

  async #serve(address: string, handler: HttpHandler, options: ListenOptions = {}): Promise<HttpServer> {
    const { stopMs } = this.#options;
    const { clock } = this.#options.debug;
    const server = await listen(address, handler, { ...options, clock, ...(stopMs === undefined ? {} : { stopMs }) });
    this.#servers.push(server);
    return server;
  }
}

/** Undefined where nothing is to be served. */
const given = (address: string | false | undefined): string | undefined =>
  address === undefined || address === false || address === "0" || address === "" ? undefined : address;
