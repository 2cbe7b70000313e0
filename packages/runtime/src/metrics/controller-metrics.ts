import type { Counter, Gauge, Histogram, Registry } from "prom-client";
import { promClient } from "../on-demand.ts";
import type { Workqueue, WorkqueueObserver } from "../workqueue/workqueue.ts";

/** Names, labels and buckets are controller-runtime's, because dashboards and alerts exist for them. */
const RECONCILE_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2,
  2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
const QUEUE_BUCKETS = Array.from({ length: 12 }, (_, power) => 1e-8 * 10 ** power);

/** Priorities of one queue that get a label of their own; whatever comes after them shares one. Upstream's figures. */
const PRIORITY_LABELS = 25;
const OTHER_PRIORITIES = "exceeded_cardinality_limit";

/** What a controller tells about one reconcile. */
export type ReconcileResult = "success" | "error" | "requeue" | "requeue_after";

/** The metrics of all controllers of one manager. */
export class ControllerMetrics {
  readonly #total: Counter<"controller" | "result">;
  readonly #errors: Counter<"controller">;
  readonly #terminal: Counter<"controller">;
  readonly #panics: Counter<"controller">;
  readonly #timeouts: Counter<"controller">;
  readonly #conflicts: Counter<"controller">;
  readonly #loops: Counter<"controller">;
  readonly #abandoned: Counter<"controller">;
  readonly #sourceFailures: Counter<"controller" | "source">;
  readonly #time: Histogram<"controller">;
  readonly #concurrency: Gauge<"controller">;
  readonly #workers: Gauge<"controller">;
  readonly #adds: Counter<"name" | "controller">;
  readonly #retries: Counter<"name" | "controller">;
  readonly #waited: Histogram<"name" | "controller">;
  readonly #worked: Histogram<"name" | "controller">;
  readonly #sources = new Map<string, MetricsSource & { readonly labels: Map<number, string> }>();

  constructor(registry: Registry) {
    const registers = [registry];
    const controller = ["controller"] as const;
    const queue = ["name", "controller"] as const;
    const counter = (name: string, help: string) =>
      new (promClient().Counter)({ name, help, labelNames: controller, registers });
    this.#total = new (promClient().Counter)({
      name: "controller_runtime_reconcile_total",
      help: "Reconciles per controller and result",
      labelNames: ["controller", "result"],
      registers,
    });
    this.#errors = counter(
      "controller_runtime_reconcile_errors_total",
      "Reconciles that failed, terminal failures included",
    );
    this.#terminal = counter(
      "controller_runtime_terminal_reconcile_errors_total",
      "Reconciles that failed in a way that is not tried again",
    );
    this.#panics = counter(
      "controller_runtime_reconcile_panics_total",
      "Reconciles that threw before their first await",
    );
    this.#timeouts = counter(
      "controller_runtime_reconcile_timeouts_total",
      "Reconciles that took longer than their timeout",
    );
    this.#conflicts = counter(
      "homeostat_reconcile_conflicts_total",
      "Reconciles that met an object newer than their view, part of the errors",
    );
    this.#loops = counter("homeostat_loop_guard_loops_total", "Reconcile loops found");
    this.#abandoned = counter(
      "homeostat_reconcile_abandoned_total",
      "Reconciles that went on after their timeout until their worker was given to other keys",
    );
    this.#sourceFailures = new (promClient().Counter)({
      name: "homeostat_source_failures_total",
      help: "Failures that sources of events told of",
      labelNames: ["controller", "source"],
      registers,
    });
    this.#time = new (promClient().Histogram)({
      name: "controller_runtime_reconcile_time_seconds",
      help: "Time of one reconcile",
      labelNames: controller,
      buckets: RECONCILE_BUCKETS,
      registers,
    });
    this.#concurrency = new (promClient().Gauge)({
      name: "controller_runtime_max_concurrent_reconciles",
      help: "Workers of a controller",
      labelNames: controller,
      registers,
    });
    this.#workers = new (promClient().Gauge)({
      name: "controller_runtime_active_workers",
      help: "Workers that are reconciling",
      labelNames: controller,
      registers,
    });
    this.#adds = new (promClient().Counter)({
      name: "workqueue_adds_total",
      help: "Keys that became ready",
      labelNames: queue,
      registers,
    });
    this.#retries = new (promClient().Counter)({
      name: "workqueue_retries_total",
      help: "Keys added with a delay",
      labelNames: queue,
      registers,
    });
    this.#waited = new (promClient().Histogram)({
      name: "workqueue_queue_duration_seconds",
      help: "Time a key was ready before it was taken",
      labelNames: queue,
      buckets: QUEUE_BUCKETS,
      registers,
    });
    this.#worked = new (promClient().Histogram)({
      name: "workqueue_work_duration_seconds",
      help: "Time of the work on a key",
      labelNames: queue,
      buckets: QUEUE_BUCKETS,
      registers,
    });
    this.#addGauges(registry);
  }

  /** Registers a controller; all its series exist from now on, with 0. */
  add(controller: string, concurrency: number, source: MetricsSource): void {
    this.#sources.set(controller, { ...source, labels: new Map([[0, "0"]]) });
    for (const result of ["success", "error", "requeue", "requeue_after"]) this.#total.inc({ controller, result }, 0);
    const counters = [
      this.#errors,
      this.#terminal,
      this.#panics,
      this.#timeouts,
      this.#conflicts,
      this.#loops,
      this.#abandoned,
    ];
    for (const counter of counters) counter.inc({ controller }, 0);
    this.#time.zero({ controller });
    this.#concurrency.set({ controller }, concurrency);
    this.#workers.set({ controller }, 0);
    const labels = { name: controller, controller };
    this.#adds.inc(labels, 0);
    this.#retries.inc(labels, 0);
    this.#waited.zero(labels);
    this.#worked.zero(labels);
  }

  queueObserver(controller: string): WorkqueueObserver {
    const labels = { name: controller, controller };
    return {
      added: () => this.#adds.inc(labels),
      retried: () => this.#retries.inc(labels),
      waited: (seconds) => this.#waited.observe(labels, seconds),
      worked: (seconds) => this.#worked.observe(labels, seconds),
    };
  }

  started(controller: string): void {
    this.#workers.inc({ controller });
  }

  ended(controller: string, result: ReconcileResult, seconds: number, failure: FailureKinds): void {
    this.#workers.dec({ controller });
    this.#total.inc({ controller, result });
    this.#time.observe({ controller }, seconds);
    if (result === "error") this.#errors.inc({ controller });
    if (failure.terminal) this.#terminal.inc({ controller });
    if (failure.panic) this.#panics.inc({ controller });
    if (failure.timeout) this.#timeouts.inc({ controller });
    if (failure.conflict) this.#conflicts.inc({ controller });
  }

  /** Besides `ended`: for that, an abandoned reconcile has ended with a timeout. */
  abandoned(controller: string): void {
    this.#abandoned.inc({ controller });
  }

  /** A source of a controller exists; its series is there from now on, with 0. */
  sourceAdded(controller: string, source: string): void {
    this.#sourceFailures.inc({ controller, source }, 0);
  }

  sourceFailed(controller: string, source: string): void {
    this.#sourceFailures.inc({ controller, source });
  }

  loopFound(controller: string): void {
    this.#loops.inc({ controller });
  }

  /** Gauges are read when somebody scrapes; nothing is kept up to date for nobody. */
  #addGauges(registry: Registry): void {
    const sources = this.#sources;
    const gauge = (name: string, help: string, read: (source: MetricsSource) => number, queue: boolean) =>
      new (promClient().Gauge)({
        name,
        help,
        labelNames: queue ? ["name", "controller"] : ["controller"],
        registers: [registry],
        collect() {
          for (const [controller, source] of sources) {
            this.set(queue ? { name: controller, controller } : { controller }, read(source));
          }
        },
      });
    gauge(
      "workqueue_unfinished_work_seconds",
      "Time that running work has taken so far, summed",
      (s) => s.queue.running().totalSeconds,
      true,
    );
    gauge(
      "workqueue_longest_running_processor_seconds",
      "Time the longest running work has taken so far",
      (s) => s.queue.running().longestSeconds,
      true,
    );
    gauge(
      "homeostat_loop_guard_slowed_keys",
      "Keys held back because they reconcile in a loop",
      (s) => s.slowed(),
      false,
    );
    gauge("homeostat_paused_objects", "Objects whose reconciling is paused", (s) => s.paused(), false);
    new (promClient().Gauge)({
      name: "homeostat_daemons",
      help: "Work in the background that sources of a controller run for its objects",
      labelNames: ["controller", "source"],
      registers: [registry],
      collect() {
        this.reset();
        for (const [controller, { background }] of sources)
          for (const [source, count] of background?.() ?? []) this.inc({ controller, source }, count);
      },
    });
    new (promClient().Gauge)({
      name: "workqueue_depth",
      help: "Keys that are ready",
      labelNames: ["name", "controller", "priority"],
      registers: [registry],
      collect() {
        for (const [controller, { queue, labels }] of sources) {
          const depths = new Map<string, number>();
          // Priorities seen before are told as 0 when they are empty now.
          for (const label of labels.values()) depths.set(label, 0);
          if (labels.size >= PRIORITY_LABELS) depths.set(OTHER_PRIORITIES, 0);
          for (const [priority, depth] of queue.depths()) {
            const label = labels.get(priority) ?? newLabel(labels, priority);
            depths.set(label, (depths.get(label) ?? 0) + depth);
          }
          for (const [priority, depth] of depths) this.set({ name: controller, controller, priority }, depth);
        }
      },
    });
  }
}

function newLabel(labels: Map<number, string>, priority: number): string {
  if (labels.size >= PRIORITY_LABELS) return OTHER_PRIORITIES;
  labels.set(priority, `${priority}`);
  return `${priority}`;
}

/** What the gauges of a controller are read from. */
export interface MetricsSource {
  readonly queue: Pick<Workqueue<never>, "depths" | "running">;
  slowed(): number;
  paused(): number;
  /** Work in the background, by source. Default: none. */
  background?(): Iterable<readonly [source: string, count: number]>;
}

export interface FailureKinds {
  readonly terminal?: boolean;
  readonly panic?: boolean;
  readonly timeout?: boolean;
  readonly conflict?: boolean;
}
