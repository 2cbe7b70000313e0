import type { ControllerDefinition } from "@homeostat/runtime";
import { configController } from "./engine/config-controller.ts";
import { Contents } from "./engine/contents.ts";
import { csiController, wakers } from "./engine/csi-controller.ts";
import { lastHashController } from "./engine/last-hash-controller.ts";
import { observers, type ReloadObserver, type ReloadReport } from "./engine/observer.ts";
import { Pace } from "./engine/pace.ts";
import { PatternGate } from "./engine/pattern-gate.ts";
import { watchedKinds, watchedResources } from "./engine/watches.ts";
import { type Shared, workloadController } from "./engine/workload-controller.ts";
import { World } from "./engine/world.ts";
import { type ReloaderOptions, resolveOptions } from "./options.ts";

/**
 * All controllers of one operator: one for each kind of workload, one for ReloaderConfigs, and those that write
 * `last-hash`. They share what they know; make them anew for each manager.
 *
 * @param told what is to hear of reloads: metrics, alerts. Default: nobody
 * @param notify called instead of reloading (webhook mode). Default: workloads are reloaded
 */
export function reloaderControllers(
  options: ReloaderOptions = {},
  told: readonly ReloadObserver[] = [],
  notify?: (report: ReloadReport) => Promise<void>,
  // biome-ignore lint/suspicious/noExplicitAny: controllers of several kinds stand in one list, and no variance fits
): ControllerDefinition<any>[] {
  const resolved = resolveOptions(options);
  const observer = observers(told);
  const shared: Shared = {
    options: resolved,
    world: new World(resolved),
    contents: new Contents((kind) => observer.unchanged(kind)),
    pace: new Pace({
      quietMs: Math.min(resolved.quietMs, resolved.debounceMs),
      severalQuietMs: Math.min(resolved.severalQuietMs, resolved.debounceMs),
      windowMs: resolved.debounceMs,
      perSecond: resolved.reloadsPerSecond,
    }),
    observer,
    patterns: new PatternGate(),
    failures: new Map(),
    notify,
  };
  const kinds = watchedKinds(resolved);
  const wake = wakers(resolved.csi ? kinds : []);
  return [
    ...kinds.map((kind) => workloadController(kind, shared, wake.has(kind.kind) ? [wake.get(kind.kind)!] : [])),
    ...(resolved.csi ? [csiController(shared, wake)] : []),
    configController(shared),
    ...(resolved.writeLastHash ? watchedResources(resolved).map((kind) => lastHashController(kind, shared)) : []),
  ];
}
