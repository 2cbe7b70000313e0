/**
 * Long work is done in steps, with a turn of the event loop between them: a process that lists fifty thousand objects
 * still answers its probes and renews its lease. Steps are counted, not timed, so that a run can be repeated.
 */
export const stepObjects = 200;
/** The bytes of a list that are scanned in one step. */
export const stepBytes = 512 * 1024;

/** Resolves in a later turn, after what waits already: timers, input, other work. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
