import type { Rule } from "../../platform/kinds.ts";

const family = "tempo_request_duration_seconds";
const grouping = "cluster, namespace, job, route";
const prefix = `cluster_namespace_job_route:${family}`;

/** What the recorded 99th percentile is called. */
export const latency99 = `${prefix}:99quantile`;

/** Latencies of requests by route, computed once for alerts and dashboards. */
export function recordingRules(filter: string): readonly Rule[] {
  const rate = (part: "bucket" | "sum" | "count", by = grouping) =>
    `sum by (${by}) (rate(${family}_${part}{${filter}}[1m]))`;
  const buckets = rate("bucket", `le, ${grouping}`);
  return [
    { record: latency99, expr: `histogram_quantile(0.99, ${buckets})` },
    { record: `${prefix}:50quantile`, expr: `histogram_quantile(0.5, ${buckets})` },
    { record: `${prefix}:avg`, expr: `${rate("sum")} / ${rate("count")}` },
    { record: `${prefix}_bucket:sum_rate`, expr: buckets },
    { record: `${prefix}_sum:sum_rate`, expr: rate("sum") },
    { record: `${prefix}_count:sum_rate`, expr: rate("count") },
  ];
}
