import type { Registry } from "prom-client";

interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

/**
 * Stakater Reloader's metrics of its queue, made of the runtime's: it has one queue, here each kind of workload has its
 * own, so they are added up. The buckets of the waiting time are the runtime's, powers of ten.
 *
 * @param registry where the runtime keeps its metrics
 */
export async function queueMetricsText(registry: Registry): Promise<string> {
  const samples = async (name: string): Promise<readonly Sample[]> =>
    ((await registry.getSingleMetric(name)?.get())?.values ?? []) as readonly Sample[];
  const sum = (of: readonly Sample[]): number => of.reduce((total, { value }) => total + value, 0);
  const lines = (name: string, type: string, help: string, values: readonly string[]): string[] => [
    `# HELP reloader_${name} ${help}`,
    `# TYPE reloader_${name} ${type}`,
    ...values.map((value) => `reloader_${name}${value}`),
  ];
  const waited = new Map<string, number>();
  for (const { value, labels, metricName = "" } of await samples("workqueue_queue_duration_seconds")) {
    const part = metricName.replace("workqueue_queue_duration_seconds", "");
    const key = labels["le"] === undefined ? part : `${part}{le="${labels["le"]}"}`;
    waited.set(key, (waited.get(key) ?? 0) + value);
  }
  return [
    ...lines("workqueue_depth", "gauge", "What waits to be looked at", [` ${sum(await samples("workqueue_depth"))}`]),
    ...lines("workqueue_adds_total", "counter", "What was put into the queues", [
      ` ${sum(await samples("workqueue_adds_total"))}`,
    ]),
    ...lines(
      "workqueue_latency_seconds",
      "histogram",
      "How long it waited",
      [...waited].map(([key, value]) => `${key} ${value}`),
    ),
    "",
  ].join("\n");
}
