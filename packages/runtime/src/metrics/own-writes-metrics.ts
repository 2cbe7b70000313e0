import { Counter, Histogram, type Registry } from "prom-client";

/** What became of a read that waited for the client's own writes. */
export type OwnWriteWait = "seen" | "timeout";

/**
 * How long cached reads wait until the cache has the client's own writes: `seen` when it got them, `timeout` when the
 * server was asked instead. controller-runtime measures nothing of the kind.
 *
 * @returns to be called after each such wait
 */
export function ownWritesMetrics(registry: Registry): (seconds: number, outcome: OwnWriteWait) => void {
  const waited = new Histogram({
    name: "homeostat_own_writes_wait_seconds",
    help: "Time cached reads waited for the client's own writes",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  const timeouts = new Counter({
    name: "homeostat_own_writes_timeouts_total",
    help: "Cached reads that asked the server because the cache did not get an own write in time",
    registers: [registry],
  });
  return (seconds, outcome) => {
    waited.observe(seconds);
    if (outcome === "timeout") timeouts.inc();
  };
}
