import type { Cache } from "../cache/cache.ts";
import type { Recorder } from "../events/recorder.ts";
import type { Leadership } from "../leader-election/leadership.ts";
import type { Logger } from "../log.ts";
import type { EngagedClusters } from "./engaged-clusters.ts";
import { type Grace, undisturbedMs } from "./grace.ts";
import type { RunnableGroups } from "./groups.ts";
import type { ControllerGroup, ManagedControllers } from "./managed-controllers.ts";
import type { ManagerServers } from "./servers.ts";

/** What there is to stop. */
export interface ShutdownParts {
  readonly groups: RunnableGroups;
  readonly controllers: ManagedControllers;
  readonly clusters: EngagedClusters;
  readonly cache: Cache;
  readonly servers: ManagerServers;
  readonly leadership: Leadership;
  readonly recorder: Recorder;
  /** Writes where `recorder` may not any more; undefined where that always may. */
  readonly unfencedRecorder: Recorder | undefined;
  readonly close: () => Promise<void> | void;
  readonly log: Logger;
}

/** One step, and what it left behind when it took too long. */
interface Step {
  readonly part: string;
  readonly stop: () => Promise<unknown>;
  readonly late?: () => readonly string[];
}

/**
 * Stops a manager: first what works, then what that needed, then what was needed by all. The lease is held and renewed
 * while reconciles finish; it is given up when nothing of what led is left, and events are the last to go.
 *
 * @returns names of what did not stop in time
 */
export async function shutDown(parts: ShutdownParts, grace: Grace): Promise<string[]> {
  parts.groups.stopWarmups();
  const late = await stopWork(parts, grace);
  // Without waiting nobody knows whether all has ended.
  const release = grace.ms !== 0 && late.length === 0;
  for (const { part, stop, late: left } of stepsAfterWork(parts, grace, release)) {
    if (!(await grace.within(stopPart(part, stop, parts.log), grace.lastMs))) late.push(...(left?.() ?? [part]));
  }
  return late;
}

/** Ends what works: others, then what leads. */
async function stopWork({ groups, controllers }: ShutdownParts, grace: Grace): Promise<string[]> {
  const late: string[] = [];
  const stop = async (group: ControllerGroup, ms: number): Promise<void> => {
    const ended = grace.within(groups.stop(group), ms);
    const keys = controllers.stop(group, undisturbedMs(ms)).then((left) => late.push(...left));
    // Controllers keep to their time themselves, and only they know what they have left behind.
    await Promise.all([ended, grace.within(keys, Number.POSITIVE_INFINITY)]);
  };
  // One that does not end must not take all the time of those that have work to finish.
  await stop("others", grace.leftMs / 2);
  await stop("leader", grace.leftMs);
  await grace.within(groups.stop("others"));
  return [...groups.running("others", "leader"), ...late];
}

/** What is left to stop when nothing works any more, in order. */
function stepsAfterWork(parts: ShutdownParts, grace: Grace, release: boolean): Step[] {
  const { groups, clusters, cache, servers, leadership, recorder, unfencedRecorder, close } = parts;
  const group = (name: "caches" | "webhooks" | "servers"): Step => ({
    part: name,
    stop: () => groups.stop(name),
    late: () => groups.running(name),
  });
  const flush = (one: Recorder): Step => ({ part: "recorder", stop: () => one.stop(Math.min(1_000, grace.lastMs)) });
  return [
    // What was recorded while leading must be written while leading.
    ...(unfencedRecorder ? [flush(recorder)] : []),
    group("caches"),
    { part: "clusters", stop: () => clusters.close() },
    { part: "cache", stop: () => cache.stop() },
    group("webhooks"),
    group("servers"),
    { part: "servers", stop: () => servers.stop() },
    { part: "leader election", stop: async () => leadership.stop?.({ release }) },
    // Last, because stopping tells things, too.
    flush(unfencedRecorder ?? recorder),
    { part: "connections", stop: async () => close() },
  ];
}

/** What fails to stop is told, and keeps nothing else from stopping. */
async function stopPart(part: string, stop: () => Promise<unknown>, log: Logger): Promise<void> {
  try {
    await stop();
  } catch (error) {
    log.warn({ err: error, part }, "Stopping failed");
  }
}
