import type { Counter, Gauge, Histogram, Metric, Registry } from "prom-client";
import { promClient } from "../on-demand.ts";

/** Metrics of webhooks under controller-runtime's names. Several servers may share a registry. */
export class WebhookMetrics {
  readonly #total: Counter<"webhook" | "code">;
  readonly #latency: Histogram<"webhook">;
  readonly #inFlight: Gauge<"webhook">;
  readonly #panics: Counter;
  readonly #conversionPanics: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#total = metricOf(registry, "controller_runtime_webhook_requests_total", (name) => {
      const help = "Requests to webhooks by path and HTTP status code";
      return new (promClient().Counter)({ name, help, labelNames: ["webhook", "code"], registers });
    });
    this.#latency = metricOf(registry, "controller_runtime_webhook_latency_seconds", (name) => {
      const buckets = Array.from({ length: 12 }, (_, power) => 10 ** (power - 8));
      return new (promClient().Histogram)({
        name,
        help: "Time to answer a webhook's request",
        labelNames: ["webhook"],
        buckets,
        registers,
      });
    });
    this.#inFlight = metricOf(registry, "controller_runtime_webhook_requests_in_flight", (name) => {
      return new (promClient().Gauge)({
        name,
        help: "Requests to webhooks being answered",
        labelNames: ["webhook"],
        registers,
      });
    });
    this.#panics = metricOf(registry, "controller_runtime_webhook_panics_total", (name) => {
      return new (promClient().Counter)({
        name,
        help: "Admission webhooks that failed rather than refused",
        registers,
      });
    });
    this.#conversionPanics = metricOf(registry, "controller_runtime_conversion_webhook_panics_total", (name) => {
      return new (promClient().Counter)({ name, help: "Converters that failed rather than refused", registers });
    });
  }

  /** Codes that alerts look at exist from the start. */
  register(webhook: string): void {
    for (const code of ["200", "500"]) this.#total.inc({ webhook, code }, 0);
    this.#inFlight.set({ webhook }, 0);
  }

  started(webhook: string): void {
    this.#inFlight.inc({ webhook });
  }

  ended(webhook: string, code: number, seconds: number): void {
    this.#inFlight.dec({ webhook });
    this.#total.inc({ webhook, code: String(code) });
    this.#latency.observe({ webhook }, seconds);
  }

  admissionPanicked(): void {
    this.#panics.inc();
  }

  conversionPanicked(): void {
    this.#conversionPanics.inc();
  }
}

/** The metric of a registry, made when it is first asked for. */
export function metricOf<M extends Metric>(registry: Registry, name: string, make: (name: string) => M): M {
  return (registry.getSingleMetric(name) as unknown as M | undefined) ?? make(name);
}
