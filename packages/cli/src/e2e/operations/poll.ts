import { type Clock, sleep } from "@homeostat/api";

/** Source: chainsaw, client `PollInterval`. */
export const pollIntervalMs = 50;

export interface PollOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Tries until `attempt` says that it is done, first after one interval. The timeout also ends an attempt under way.
 *
 * @returns whether it was done in time
 * @throws whatever `attempt` throws, at once; the signal's reason when that is aborted
 */
export async function poll(
  { clock, timeoutMs, signal }: PollOptions,
  attempt: (signal: AbortSignal) => Promise<boolean>,
): Promise<boolean> {
  const deadline = new AbortController();
  const cancel = clock.setTimer(() => deadline.abort(new Error("the operation's time is up")), timeoutMs);
  const either = AbortSignal.any([signal, deadline.signal]);
  try {
    for (;;) {
      await sleep(clock, pollIntervalMs, either);
      if (await attempt(either)) return true;
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (deadline.signal.aborted) return false;
    throw error;
  } finally {
    cancel();
  }
}
