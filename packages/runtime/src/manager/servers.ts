import type { Registry } from "prom-client";
import type { HealthChecks } from "./health.ts";
import { type Answer, type HttpServer, listen } from "./http-server.ts";

export interface ManagerServersOptions {
  readonly registry: Registry;
  readonly healthy: HealthChecks;
  readonly ready: HealthChecks;
  readonly metricsAddress?: string | false;
  readonly healthAddress?: string | false;
}

/** What a manager serves: probes and metrics, on one address or two. They answer before anything else runs. */
export class ManagerServers {
  readonly #options: ManagerServersOptions;
  #servers: HttpServer[] = [];
  #metricsAddress: string | undefined;
  #healthAddress: string | undefined;

  constructor(options: ManagerServersOptions) {
    this.#options = options;
  }

  get metricsAddress(): string | undefined {
    return this.#metricsAddress;
  }

  get healthAddress(): string | undefined {
    return this.#healthAddress;
  }

  async start(): Promise<void> {
    const { metricsAddress, healthAddress, healthy, ready, registry } = this.#options;
    const health = async (path: string, query: URLSearchParams): Promise<Answer | undefined> => {
      const [, probe, name, ...rest] = path.split("/");
      if (rest.length > 0) return undefined;
      if (probe === "healthz") return healthy.answer(name || undefined, query);
      return probe === "readyz" ? ready.answer(name || undefined, query) : undefined;
    };
    const metrics = async (path: string): Promise<Answer | undefined> =>
      path === "/metrics"
        ? { status: 200, body: await registry.metrics(), contentType: registry.contentType }
        : undefined;
    const both = isOn(metricsAddress) && metricsAddress === healthAddress && !metricsAddress.endsWith(":0");
    if (isOn(healthAddress)) {
      const handler = both
        ? async (path: string, query: URLSearchParams) => (await metrics(path)) ?? health(path, query)
        : health;
      this.#healthAddress = await this.#serve(healthAddress, handler);
    }
    if (both) this.#metricsAddress = this.#healthAddress;
    else if (isOn(metricsAddress)) this.#metricsAddress = await this.#serve(metricsAddress, metrics);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.splice(0).map((server) => server.stop()));
  }

  async #serve(
    address: string,
    handler: (path: string, query: URLSearchParams) => Promise<Answer | undefined>,
  ): Promise<string> {
    const server = await listen(address, handler);
    this.#servers.push(server);
    return server.address;
  }
}

const isOn = (address: string | false | undefined): address is string =>
  address !== undefined && address !== false && address !== "0" && address !== "";
