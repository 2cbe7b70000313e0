import { groupResource } from "@homeostat/api";
import type { Registry } from "prom-client";
import type { ReadWait } from "../client/cached-client.ts";
import { promClient } from "../on-demand.ts";

/**
 * How long cached reads wait until the cache has the client's own writes, and how often it did not come to have them in
 * time, so that the server was asked. controller-runtime measures nothing of the kind.
 *
 * @returns to be told of each such wait
 */
export function ownWritesMetrics(registry: Registry): (wait: ReadWait) => void {
  const waited = new (promClient().Histogram)({
    name: "homeostat_own_writes_wait_seconds",
    help: "Time cached reads waited for the client's own writes",
    labelNames: ["resource"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  const timeouts = new (promClient().Counter)({
    name: "homeostat_own_writes_timeouts_total",
    help: "Cached reads that asked the server because the cache did not have an own write in time",
    labelNames: ["resource"],
    registers: [registry],
  });
  return ({ resource, waitedMs, outcome }) => {
    const labels = { resource: groupResource(resource) };
    waited.observe(labels, waitedMs / 1000);
    timeouts.inc(labels, outcome === "timeout" ? 1 : 0);
  };
}
