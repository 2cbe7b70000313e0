import { monitorEventLoopDelay } from "node:perf_hooks";
import { Counter, Gauge, type Registry } from "prom-client";

type IntervalHistogram = ReturnType<typeof monitorEventLoopDelay>;

/** How often the loop's lateness is looked at; the histogram counts this pause as lateness, so it is taken off. */
const RESOLUTION_MS = 20;

/**
 * The process as Prometheus knows processes, and how late the event loop runs: in Node the first sign of trouble.
 * Values are read at a scrape; only the lag is measured all the time, from `start` to `stop`.
 */
export class ProcessMetrics {
  #lag: IntervalHistogram | undefined;

  constructor(registry: Registry) {
    const registers = [registry];
    new Gauge({
      name: "process_resident_memory_bytes",
      help: "Resident memory size in bytes",
      registers,
      collect() {
        this.set(process.memoryUsage.rss());
      },
    });
    new Gauge({
      name: "nodejs_heap_size_used_bytes",
      help: "Heap in use in bytes",
      registers,
      collect() {
        this.set(process.memoryUsage().heapUsed);
      },
    });
    new Counter({
      name: "process_cpu_seconds_total",
      help: "User and system CPU time spent in seconds",
      registers,
      collect() {
        const { user, system } = process.cpuUsage();
        this.reset();
        this.inc((user + system) / 1e6);
      },
    });
    const lag = (name: string, help: string, read: (histogram: IntervalHistogram) => number): void => {
      const histogram = (): IntervalHistogram | undefined => this.#lag;
      new Gauge({
        name,
        help,
        registers,
        collect() {
          const current = histogram();
          // Nothing was measured yet: the histogram's mean is not a number then.
          this.set(current && current.count > 0 ? Math.max(0, read(current) / 1e9 - RESOLUTION_MS / 1_000) : 0);
        },
      });
    };
    lag("nodejs_eventloop_lag_mean_seconds", "Mean lateness of the event loop since start", (lags) => lags.mean);
    lag("nodejs_eventloop_lag_p99_seconds", "99th percentile of the event loop's lateness", (lags) =>
      lags.percentile(99),
    );
    lag("nodejs_eventloop_lag_max_seconds", "Longest lateness of the event loop since start", (lags) => lags.max);
  }

  start(): void {
    this.#lag ??= monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#lag.enable();
  }

  stop(): void {
    this.#lag?.disable();
  }
}
