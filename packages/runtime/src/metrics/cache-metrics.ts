import { groupResource } from "@homeostat/api";
import { Gauge, type Registry } from "prom-client";
import type { InformerCache, WatchReport } from "../cache/informer-cache.ts";

/** What the cache holds and how its watches fare; controller-runtime tells nothing of the kind. Read at a scrape. */
export function cacheMetrics(registry: Registry, cache: InformerCache): void {
  const gauge = (name: string, help: string, read: (report: WatchReport) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ["resource"],
      registers: [registry],
      collect() {
        this.reset();
        // Several selections of one kind are summed.
        for (const report of cache.watches()) this.inc({ resource: groupResource(report.resource) }, read(report));
      },
    });
  };
  gauge("homeostat_cache_objects", "Objects in the cache", (report) => report.objects);
  gauge("homeostat_cache_bytes", "Bytes of the objects in the cache", (report) => report.bytes);
  gauge("homeostat_watch_events", "Watch events received so far", (report) => report.counters.events);
  gauge("homeostat_watch_lists", "Lists asked for so far", (report) => report.counters.lists);
  gauge("homeostat_watch_starts", "Watches begun so far", (report) => report.counters.watches);
}
