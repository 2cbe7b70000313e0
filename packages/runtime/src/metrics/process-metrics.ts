import { readdir, readFile } from "node:fs/promises";
import { monitorEventLoopDelay, PerformanceObserver, performance } from "node:perf_hooks";
import type { Histogram, Registry } from "prom-client";
import { promClient } from "../on-demand.ts";

/** How late the event loop was, in nanoseconds: Node's `monitorEventLoopDelay`. */
export type LoopDelay = Pick<
  ReturnType<typeof monitorEventLoopDelay>,
  "enable" | "disable" | "reset" | "count" | "mean" | "max" | "percentile"
>;

/** How often the loop's lateness is looked at; the histogram counts this pause as lateness, so it is taken off. */
const RESOLUTION_MS = 20;

/** By the number that V8 gives its kinds of collection. */
const gcKinds: Readonly<Record<number, string>> = { 1: "minor", 4: "major", 8: "incremental", 16: "weakcb" };

/**
 * The process as Prometheus knows processes (`process_*`) and as prom-client knows Node (`nodejs_*`), and how late the
 * event loop runs: in Node the first sign of trouble. Values are read at a scrape; only lag and garbage collection are
 * measured all the time, from `start` to `stop`. The lag told is that since the scrape before.
 *
 * `process_open_fds`, `process_max_fds` and `process_virtual_memory_bytes` exist on Linux only.
 */
export class ProcessMetrics {
  readonly #gc: Histogram<"kind">;
  readonly #measureLag: () => LoopDelay;
  #lag: LoopDelay | undefined;
  #observer: PerformanceObserver | undefined;

  /** @param measureLag what measures the loop, made at the start. Default: Node's own probe */
  constructor(registry: Registry, measureLag = (): LoopDelay => monitorEventLoopDelay({ resolution: RESOLUTION_MS })) {
    this.#measureLag = measureLag;
    processGauges(registry);
    nodeGauges(registry);
    this.#lagGauges(registry);
    this.#gc = new (promClient().Histogram)({
      name: "nodejs_gc_duration_seconds",
      help: "Time of garbage collections by kind: minor, major, incremental or weakcb",
      labelNames: ["kind"],
      buckets: [0.001, 0.01, 0.1, 1, 2, 5],
      registers: [registry],
    });
  }

  start(): void {
    this.#lag ??= this.#measureLag();
    this.#lag.enable();
    this.#observer ??= new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { kind } = (entry as { detail?: { kind?: number } }).detail ?? {};
        this.#gc.observe({ kind: gcKinds[kind ?? 0] ?? "other" }, entry.duration / 1000);
      }
    });
    this.#observer.observe({ entryTypes: ["gc"] });
  }

  stop(): void {
    this.#lag?.disable();
    this.#observer?.disconnect();
  }

  #lagGauges(registry: Registry): void {
    const read: readonly (readonly [name: string, help: string, of: (lags: LoopDelay) => number])[] = [
      ["mean", "Mean lateness of the event loop since the last scrape", (lags) => lags.mean],
      ["p99", "99th percentile of the event loop's lateness since the last scrape", (lags) => lags.percentile(99)],
      ["max", "Longest lateness of the event loop since the last scrape", (lags) => lags.max],
    ];
    for (const [index, [name, help, of]] of read.entries()) {
      const histogram = (): LoopDelay | undefined => this.#lag;
      new (promClient().Gauge)({
        name: `nodejs_eventloop_lag_${name}_seconds`,
        help,
        registers: [registry],
        collect() {
          const lags = histogram();
          // Nothing was measured yet: the histogram's mean is not a number then.
          this.set(lags && lags.count > 0 ? Math.max(0, of(lags) - RESOLUTION_MS * 1e6) / 1e9 : 0);
          // Registered last, read last: a registry asks its metrics in order.
          if (index === read.length - 1) lags?.reset();
        },
      });
    }
  }
}

function processGauges(registry: Registry): void {
  const gauge = gauges(registry);
  gauge("process_resident_memory_bytes", "Resident memory size in bytes", () => process.memoryUsage.rss());
  gauge("process_start_time_seconds", "Start of the process in seconds since the epoch", () =>
    Math.round(performance.timeOrigin / 1000),
  );
  new (promClient().Counter)({
    name: "process_cpu_seconds_total",
    help: "User and system CPU time spent in seconds",
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  if (process.platform !== "linux") return;
  gauge("process_open_fds", "Open file descriptors", async () => (await readdir("/proc/self/fd")).length);
  gauge("process_max_fds", "Most file descriptors that may be open", async () => {
    const limits = await readFile("/proc/self/limits", "utf8");
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  });
  gauge("process_virtual_memory_bytes", "Virtual memory size in bytes", async () => {
    const status = await readFile("/proc/self/status", "utf8");
    return Number(/^VmSize:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  });
}

function nodeGauges(registry: Registry): void {
  const gauge = gauges(registry);
  gauge("nodejs_heap_size_used_bytes", "Heap in use in bytes", () => process.memoryUsage().heapUsed);
  gauge("nodejs_heap_size_total_bytes", "Heap taken from the system in bytes", () => process.memoryUsage().heapTotal);
  gauge("nodejs_external_memory_bytes", "Memory off the heap, buffers included, in bytes", () => {
    return process.memoryUsage().external;
  });
  const [major = "", minor = "", patch = ""] = process.versions.node.split(".");
  const labels = { version: process.version, major, minor, patch };
  new (promClient().Gauge)({
    name: "nodejs_version_info",
    help: "Version of Node",
    labelNames: Object.keys(labels),
    registers: [registry],
  }).set(labels, 1);
}

const gauges =
  (registry: Registry) =>
  (name: string, help: string, read: () => number | Promise<number>): void => {
    new (promClient().Gauge)({
      name,
      help,
      registers: [registry],
      async collect() {
        this.set(await read());
      },
    });
  };
