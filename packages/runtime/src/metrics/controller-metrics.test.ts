import { createVirtualClock } from "@homeostat/api";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { Workqueue } from "../workqueue/workqueue.ts";
import { ControllerMetrics } from "./controller-metrics.ts";

test("H14 exports controller-runtime's names and labels, all present before anything happens", async () => {
  const registry = new Registry();
  const metrics = new ControllerMetrics(registry);
  const queue = new Workqueue<string>({
    clock: createVirtualClock(),
    keyOf: (key) => key,
    observer: metrics.queueObserver("widget"),
  });
  metrics.add("widget", 3, { queue, slowed: () => 0, paused: () => 0 });
  const text = await registry.metrics();
  for (const line of [
    'controller_runtime_reconcile_total{controller="widget",result="success"} 0',
    'controller_runtime_reconcile_total{controller="widget",result="error"} 0',
    'controller_runtime_reconcile_total{controller="widget",result="requeue"} 0',
    'controller_runtime_reconcile_total{controller="widget",result="requeue_after"} 0',
    'controller_runtime_reconcile_errors_total{controller="widget"} 0',
    'controller_runtime_terminal_reconcile_errors_total{controller="widget"} 0',
    'controller_runtime_reconcile_panics_total{controller="widget"} 0',
    'controller_runtime_reconcile_timeouts_total{controller="widget"} 0',
    'controller_runtime_reconcile_time_seconds_bucket{le="0.005",controller="widget"} 0',
    'controller_runtime_reconcile_time_seconds_bucket{le="60",controller="widget"} 0',
    'controller_runtime_max_concurrent_reconciles{controller="widget"} 3',
    'controller_runtime_active_workers{controller="widget"} 0',
    'workqueue_depth{name="widget",controller="widget",priority="0"} 0',
    'workqueue_adds_total{name="widget",controller="widget"} 0',
    'workqueue_queue_duration_seconds_bucket{le="1e-8",name="widget",controller="widget"} 0',
    'workqueue_work_duration_seconds_bucket{le="1000",name="widget",controller="widget"} 0',
    'workqueue_unfinished_work_seconds{name="widget",controller="widget"} 0',
    'workqueue_longest_running_processor_seconds{name="widget",controller="widget"} 0',
    'workqueue_retries_total{name="widget",controller="widget"} 0',
    'homeostat_loop_guard_loops_total{controller="widget"} 0',
    'homeostat_loop_guard_slowed_keys{controller="widget"} 0',
  ]) {
    expect(text.split("\n")).toContain(line);
  }
});

test("tells depth, retries and unfinished work as they are when scraped", async () => {
  const clock = createVirtualClock();
  const registry = new Registry();
  const metrics = new ControllerMetrics(registry);
  const queue = new Workqueue<string>({ clock, keyOf: (key) => key, observer: metrics.queueObserver("widget") });
  metrics.add("widget", 1, { queue, slowed: () => 2, paused: () => 1 });
  queue.add("a");
  queue.add("b");
  queue.add("c", { afterMs: 5_000 });
  await queue.get();
  await clock.advance(3_000);
  const lines = (await registry.metrics()).split("\n");
  expect(lines).toContain('workqueue_depth{name="widget",controller="widget",priority="0"} 1');
  expect(lines).toContain('workqueue_adds_total{name="widget",controller="widget"} 2');
  expect(lines).toContain('workqueue_retries_total{name="widget",controller="widget"} 1');
  expect(lines).toContain('workqueue_unfinished_work_seconds{name="widget",controller="widget"} 3');
  expect(lines).toContain('homeostat_loop_guard_slowed_keys{controller="widget"} 2');
});

test("Q26 labels the first 25 priorities of a queue, and tells all others together", async () => {
  const registry = new Registry();
  const metrics = new ControllerMetrics(registry);
  const queue = new Workqueue<string>({ clock: createVirtualClock(), keyOf: (key) => key });
  metrics.add("widget", 1, { queue, slowed: () => 0, paused: () => 0 });
  for (let priority = 1; priority <= 30; priority++) queue.add(`key-${priority}`, { priority });
  const depths = async (): Promise<string[]> =>
    (await registry.metrics()).split("\n").filter((line) => line.startsWith("workqueue_depth{"));
  const lines = await depths();
  // 0 is there from the start.
  expect(lines).toHaveLength(26);
  expect(lines).toContain('workqueue_depth{name="widget",controller="widget",priority="0"} 0');
  expect(lines).toContain('workqueue_depth{name="widget",controller="widget",priority="24"} 1');
  expect(lines).toContain('workqueue_depth{name="widget",controller="widget",priority="exceeded_cardinality_limit"} 6');
  for (let taken = 0; taken < 30; taken++) await queue.get();
  for (const line of await depths()) expect(line.endsWith(" 0")).toBe(true);
});
