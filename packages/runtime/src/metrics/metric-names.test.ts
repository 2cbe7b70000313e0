import { ConfigMap, createVirtualClock, intercept, Namespace, type TransportResponse } from "@homeostat/api";
import { createApiServer } from "@homeostat/apiserver";
import { Registry } from "prom-client";
import { afterEach, expect, test } from "vitest";
import { createClient } from "../client/api-client.ts";
import { controllerFor } from "../controller/builder.ts";
import { TerminalError } from "../controller/reconciler.ts";
import { silentLogger } from "../log.ts";
import { createManager } from "../manager/create-manager.ts";
import { certificateFiles } from "../webhooks/certificate-files.ts";
import { WebhookMetrics } from "../webhooks/webhook-metrics.ts";

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const seconds = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2,
  2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
const powers = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000];
const requests = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];
const sizes = [64, 256, 512, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216];

/** controller-runtime's metrics, as dashboards and alerts know them: type, labels, buckets. */
const table: Readonly<Record<string, readonly [type: string, labels: string, buckets?: readonly number[]]>> = {
  controller_runtime_reconcile_total: ["counter", "controller result"],
  controller_runtime_reconcile_errors_total: ["counter", "controller"],
  controller_runtime_terminal_reconcile_errors_total: ["counter", "controller"],
  controller_runtime_reconcile_panics_total: ["counter", "controller"],
  controller_runtime_reconcile_timeouts_total: ["counter", "controller"],
  controller_runtime_reconcile_time_seconds: ["histogram", "controller", seconds],
  controller_runtime_max_concurrent_reconciles: ["gauge", "controller"],
  controller_runtime_active_workers: ["gauge", "controller"],
  workqueue_depth: ["gauge", "controller name priority"],
  workqueue_adds_total: ["counter", "controller name"],
  workqueue_queue_duration_seconds: ["histogram", "controller name", powers],
  workqueue_work_duration_seconds: ["histogram", "controller name", powers],
  workqueue_unfinished_work_seconds: ["gauge", "controller name"],
  workqueue_longest_running_processor_seconds: ["gauge", "controller name"],
  workqueue_retries_total: ["counter", "controller name"],
  rest_client_requests_total: ["counter", "code host method"],
  rest_client_request_duration_seconds: ["histogram", "host verb", requests],
  rest_client_request_size_bytes: ["histogram", "host verb", sizes],
  rest_client_response_size_bytes: ["histogram", "host verb", sizes],
  rest_client_request_retries_total: ["counter", "code host verb"],
  leader_election_master_status: ["gauge", "name"],
  // Declared there and registered by nobody; here it is told.
  leader_election_slowpath_total: ["counter", "name"],
  controller_runtime_webhook_latency_seconds: ["histogram", "webhook", powers],
  controller_runtime_webhook_requests_total: ["counter", "code webhook"],
  controller_runtime_webhook_requests_in_flight: ["gauge", "webhook"],
  controller_runtime_webhook_panics_total: ["counter", ""],
  controller_runtime_conversion_webhook_panics_total: ["counter", ""],
  certwatcher_read_certificate_total: ["counter", ""],
  certwatcher_read_certificate_errors_total: ["counter", ""],
};

/** What controller-runtime's processes tell of themselves, as far as Node has it. */
const ofTheProcess = [
  "process_cpu_seconds_total",
  "process_resident_memory_bytes",
  "process_start_time_seconds",
  "nodejs_heap_size_used_bytes",
  "nodejs_heap_size_total_bytes",
  "nodejs_external_memory_bytes",
  "nodejs_eventloop_lag_mean_seconds",
  "nodejs_eventloop_lag_p99_seconds",
  "nodejs_eventloop_lag_max_seconds",
  "nodejs_gc_duration_seconds",
  "nodejs_version_info",
];

interface Exported {
  readonly type: string;
  readonly labels: Set<string>;
  readonly buckets: Set<number>;
}

/** What a scraper makes of the text. */
function parse(text: string): Map<string, Exported> {
  const metrics = new Map<string, Exported>();
  for (const line of text.split("\n")) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type) metrics.set(type[1]!, { type: type[2]!, labels: new Set(), buckets: new Set() });
    const sample = /^([a-z_]\w*)(?:\{(.*)\})? \S+$/i.exec(line);
    if (!sample) continue;
    const name = sample[1]!.replace(/_(bucket|sum|count)$/, "");
    const metric = metrics.get(sample[1]!) ?? metrics.get(name);
    for (const [, label, value] of (sample[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      if (label !== "le") metric!.labels.add(label!);
      else if (value !== "+Inf") metric!.buckets.add(Number(value));
    }
  }
  return metrics;
}

/** A manager that leads, has served webhooks, and whose controller has met all there is to meet. */
async function active(registry: Registry): Promise<void> {
  const clock = createVirtualClock();
  const server = await createApiServer({ clock });
  stops.push(() => server.stop());
  const admin = createClient({ transport: server.transport(), clock });
  await admin.create(Namespace, { metadata: { name: "demo" } });
  let refused = false;
  const transport = intercept(server.transport(), (next) => async (request) => {
    if (request.method !== "PATCH" || refused) return next(request);
    refused = true;
    return {
      ...(await next({ ...request, method: "GET" })),
      status: 429,
      headers: { "retry-after": "1" },
    } as TransportResponse;
  });
  const manager = createManager({
    transport,
    clock,
    registry,
    random: () => 0.5,
    log: silentLogger,
    leaderElection: { id: "widget", namespace: "demo", transport: server.transport() },
    metrics: { requestDetails: true },
  });
  stops.push(async () => {
    const stopped = manager.stop();
    // The slow one is given its time.
    await clock.advance(120_000);
    await stopped;
  });
  const outcomes: Readonly<Record<string, () => Promise<void | { requeueAfterMs: number }>>> = {
    success: async () => {},
    later: async () => ({ requeueAfterMs: 60_000 }),
    error: () => Promise.reject(new Error("no")),
    terminal: () => Promise.reject(new TerminalError("never")),
    panic: () => {
      throw new Error("at once");
    },
  };
  manager.add(
    controllerFor(ConfigMap, { name: "widget", timeoutMs: 10_000 }).reconcile((context) => {
      const { name } = context.request;
      if (name === "slow") {
        return new Promise((_, reject) => {
          context.signal.addEventListener("abort", () => reject(context.signal.reason));
        });
      }
      if (name === "writes") {
        return context.client.apply(ConfigMap, { metadata: { namespace: "demo", name: "made" } }).then(() => {});
      }
      return outcomes[name]?.() ?? Promise.resolve();
    }),
  );
  await manager.start();
  for (const name of [...Object.keys(outcomes), "slow", "writes"]) {
    await admin.create(ConfigMap, { metadata: { namespace: "demo", name } });
  }
  await clock.advance(30_000);

  const webhooks = new WebhookMetrics(registry);
  webhooks.register("/validate");
  webhooks.started("/validate");
  webhooks.ended("/validate", 200, 0.01);
  const files = certificateFiles({ certificate: "/nowhere/tls.crt", key: "/nowhere/tls.key", clock, registry });
  await expect(files.start(() => {}, AbortSignal.abort())).rejects.toThrow("/nowhere/tls.crt");
}

test("H14 exports controller-runtime's names with their types, labels and buckets, and no others like them", async () => {
  const registry = new Registry();
  await active(registry);
  const text = await registry.metrics();
  const exported = parse(text);
  const theirs = [...exported.keys()].filter((name) => !/^(homeostat|process|nodejs)_/.test(name));
  expect(theirs.sort()).toEqual(Object.keys(table).sort());
  for (const [name, [type, labels, buckets = []]] of Object.entries(table)) {
    const found = exported.get(name)!;
    expect([name, found.type, [...found.labels].sort().join(" ")]).toEqual([name, type, labels]);
    const bounds = [...found.buckets].sort((a, b) => a - b);
    expect([name, bounds.length]).toEqual([name, buckets.length]);
    for (const [index, bound] of buckets.entries()) expect(bounds[index]! / bound).toBeCloseTo(1, 9);
  }
  for (const name of ofTheProcess) expect([...exported.keys()]).toContain(name);
});

test("H14 counts what happened", async () => {
  const registry = new Registry();
  await active(registry);
  const values = new Map(
    (await registry.metrics()).split("\n").map((line) => line.split(/ (?=\S+$)/) as [string, string]),
  );
  const of = (name: string, labels = ""): number =>
    Number(
      values.get(`${name}{${labels ? `${labels},` : ""}controller="widget"}`) ??
        values.get(`${name}{controller="widget"${labels ? `,${labels}` : ""}}`),
    );
  expect(of("controller_runtime_reconcile_total", 'result="success"')).toBeGreaterThanOrEqual(3);
  expect(of("controller_runtime_reconcile_total", 'result="requeue_after"')).toBe(1);
  expect(of("controller_runtime_reconcile_total", 'result="requeue"')).toBe(0);
  expect(of("controller_runtime_terminal_reconcile_errors_total")).toBe(1);
  expect(of("controller_runtime_reconcile_panics_total")).toBeGreaterThanOrEqual(1);
  expect(of("controller_runtime_reconcile_timeouts_total")).toBeGreaterThanOrEqual(1);
  expect(of("controller_runtime_reconcile_errors_total")).toBe(
    of("controller_runtime_reconcile_total", 'result="error"'),
  );
  expect(of("controller_runtime_max_concurrent_reconciles")).toBe(1);
  expect(values.get('rest_client_request_retries_total{code="429",verb="PATCH",host="in-process"}')).toBe("1");
  expect(values.get('rest_client_requests_total{code="429",method="PATCH",host="in-process"}')).toBe("1");
  expect(values.get('leader_election_master_status{name="widget"}')).toBe("1");
  expect(values.get("certwatcher_read_certificate_errors_total")).toBe("1");
});
