import { type Clock, sleep, type VirtualClock } from "@homeostat/api";

/** Whether time moves only when told to. */
export function isVirtual(clock: Clock): clock is VirtualClock {
  return "until" in clock && "settle" in clock;
}

/**
 * Waits for work that may need time. A virtual clock is moved only where nothing happens without: work gets several
 * chances first, so that starting a cluster costs no time of its own.
 */
export async function drive<T>(clock: Clock, work: Promise<T>): Promise<T> {
  if (!isVirtual(clock)) return work;
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  work.then(end, end);
  while (!ended) {
    for (let chance = 0; chance < 8 && !ended; chance++) await clock.settle();
    const next = clock.next();
    if (!ended && next !== undefined) await clock.advance(next - clock.now());
  }
  return work;
}

/** The limit passed without the condition. */
export class Overdue extends Error {
  override readonly name = "Overdue";
}

/**
 * Resolves when `condition` holds. Virtual time is run until then, for `limitMs` at most; real time is waited through,
 * looking again when `changed` resolves, and now and then besides.
 *
 * @throws Overdue
 */
export async function untilHolds(
  clock: Clock,
  condition: () => Promise<boolean>,
  options: { readonly what: string; readonly limitMs: number; readonly changed?: () => Promise<void> },
): Promise<void> {
  const { what, limitMs } = options;
  if (isVirtual(clock)) {
    let failure: { readonly error: unknown } | undefined;
    const look = async (): Promise<boolean> => {
      try {
        return await condition();
      } catch (error) {
        failure = { error };
        return true;
      }
    };
    try {
      await clock.until(look, what, limitMs);
    } catch (error) {
      throw new Overdue(error instanceof Error ? error.message : String(error));
    }
    if (failure) throw failure.error;
    return;
  }
  const end = clock.monotonic() + limitMs;
  for (let pauseMs = 2; !(await condition()); pauseMs = Math.min(100, pauseMs * 1.5)) {
    if (clock.monotonic() >= end) throw new Overdue(`waiting for ${what}: ${limitMs} ms passed`);
    const pause = new AbortController();
    const paused = sleep(clock, pauseMs, pause.signal).catch(() => {});
    await Promise.race([paused, ...(options.changed ? [options.changed()] : [])]);
    pause.abort();
  }
}
