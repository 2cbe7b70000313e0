import { groupResource } from "@homeostat/api";
import type { Registry } from "prom-client";
import type { InformerCache, WatchReport } from "../cache/informer-cache.ts";
import { promClient } from "../on-demand.ts";

/**
 * What the cache holds and how its watches fare, by kind; controller-runtime tells nothing of the kind. Read at a
 * scrape. Figures are those of the watches that run: with the last watch of a kind its series ends.
 */
export function cacheMetrics(registry: Registry, cache: InformerCache): void {
  const gauge = (
    name: string,
    help: string,
    read: (report: WatchReport) => number | undefined,
    combine: (reports: readonly number[]) => number = sum,
  ): void => {
    new (promClient().Gauge)({
      name,
      help,
      labelNames: ["resource"],
      registers: [registry],
      collect() {
        this.reset();
        // Several selections of one kind are one series.
        const byKind = new Map<string, number[]>();
        for (const report of cache.watches()) {
          const value = read(report);
          const kind = groupResource(report.resource);
          if (value !== undefined) byKind.set(kind, [...(byKind.get(kind) ?? []), value]);
        }
        for (const [resource, values] of byKind) this.set({ resource }, combine(values));
      },
    });
  };
  gauge("homeostat_cache_objects", "Objects in the cache", (report) => report.objects);
  gauge("homeostat_cache_bytes", "Bytes of the objects in the cache", (report) => report.bytes);
  gauge(
    "homeostat_cache_held_bytes",
    "Bytes of memory held for the objects in the cache",
    (report) => report.heldBytes,
  );
  gauge(
    "homeostat_cache_staleness_seconds",
    "Seconds since the server was last heard on the watch that is silent for longest; healthy ones hear it each minute",
    ({ silentMs }) => (silentMs === undefined ? undefined : silentMs / 1000),
    (values) => Math.max(...values),
  );
  gauge("homeostat_watch_events", "Watch events received so far", (report) => report.counters.events);
  gauge("homeostat_watch_lists", "Lists asked for so far", (report) => report.counters.lists);
  gauge("homeostat_watch_relists", "Lists after the first of each watch", (report) => after(report.counters.lists));
  gauge("homeostat_watch_starts", "Watches begun so far", (report) => report.counters.watches);
  gauge("homeostat_watch_restarts", "Watches begun after the first", (report) => after(report.counters.watches));
  gauge("homeostat_watch_missing", "Watches of kinds that the server does not serve", (report) =>
    report.state.type === "missing" ? 1 : 0,
  );
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const after = (count: number): number => Math.max(0, count - 1);
