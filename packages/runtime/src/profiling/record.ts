import { Session } from "node:inspector/promises";
import { type Clock, sleep } from "@homeostat/api";

/** What V8's inspector answers with: opens in DevTools and editors as `.cpuprofile` or `.heapprofile`. */
export type Profile = object;

/** Records where CPU time goes for so long. @throws the signal's reason when it is aborted first */
export function recordCpu(clock: Clock, durationMs: number, signal: AbortSignal): Promise<Profile> {
  return inSession(async (session) => {
    await session.post("Profiler.enable");
    await session.post("Profiler.start");
    try {
      await sleep(clock, durationMs, signal);
    } catch (error) {
      await session.post("Profiler.stop");
      throw error;
    }
    return (await session.post("Profiler.stop")).profile;
  });
}

/** Records what allocates memory for so long, by samples: cheap, and it stops nothing. */
export function recordAllocations(clock: Clock, durationMs: number, signal: AbortSignal): Promise<Profile> {
  return inSession(async (session) => {
    await session.post("HeapProfiler.startSampling");
    try {
      await sleep(clock, durationMs, signal);
    } catch (error) {
      await session.post("HeapProfiler.stopSampling");
      throw error;
    }
    return (await session.post("HeapProfiler.stopSampling")).profile;
  });
}

async function inSession<R>(work: (session: Session) => Promise<R>): Promise<R> {
  const session = new Session();
  session.connect();
  try {
    return await work(session);
  } finally {
    session.disconnect();
  }
}
