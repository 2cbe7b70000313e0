import type { Clock } from "@homeostat/api";
import { ConnectionError } from "../client/connection.ts";

/**
 * Runs `act` with a signal that is aborted when `signal` is, or after `timeoutMs`: a server that took the connection but
 * never answers must not be waited for without end. What `act` resolved with may outlive the deadline, so a body that
 * lasts can still be read.
 */
export async function withDeadline<R>(
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal,
  act: (limited: AbortSignal) => Promise<R>,
): Promise<R> {
  const deadline = new AbortController();
  const cancel = clock.setTimer(() => deadline.abort(timedOut(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await act(AbortSignal.any([signal, deadline.signal]));
  } finally {
    cancel();
  }
}

export function timedOut(message: string): ConnectionError {
  return new ConnectionError(message, "ETIMEDOUT", false);
}

/**
 * Calls `silent` once nothing was heard for `idleMs`, as long as silence means something.
 *
 * @param lastHeardAt reading of the clock's `monotonic`
 * @returns how to end that
 */
export function watchSilence(
  clock: Clock,
  idleMs: number,
  lastHeardAt: () => number,
  means: () => boolean,
  silent: () => void,
): () => void {
  let cancel = (): void => {};
  // One timer looked at now and then, rather than one armed anew for each piece that comes in.
  const arm = (delayMs: number): void => {
    cancel = clock.setTimer(
      () => {
        const silentMs = clock.monotonic() - lastHeardAt();
        if (!means()) arm(idleMs);
        else if (silentMs < idleMs) arm(idleMs - silentMs);
        else silent();
      },
      delayMs,
      { keepAlive: false },
    );
  };
  arm(idleMs);
  return () => cancel();
}

/** Calls `stuck` after each `everyMs` in which `count` did not grow, until `over`. @returns how to end that */
export function watchProgress(
  clock: Clock,
  everyMs: number,
  count: () => number,
  over: () => boolean,
  stuck: () => void,
): () => void {
  let before = 0;
  let cancel = (): void => {};
  const arm = (): void => {
    cancel = clock.setTimer(
      () => {
        if (over()) return;
        if (count() === before) stuck();
        before = count();
        arm();
      },
      everyMs,
      { keepAlive: false },
    );
  };
  arm();
  return () => cancel();
}
