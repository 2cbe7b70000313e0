/**
 * Levels of a queue: any integer will do, higher ones go first, but not for ever (see `ageingMs`). These have names.
 *
 * `low` is what controller-runtime gives to the initial list and to resyncs, `normal` to changes.
 */
export const Priority = { idle: -1000, low: -100, normal: 0, urgent: 1000 } as const;
export type Priority = number;

/** @throws RangeError for what is no integer: it would have no place in the order */
export function checkPriority(priority: number): number {
  if (Number.isSafeInteger(priority)) return priority;
  throw new RangeError(`priority ${priority} is no integer: give one, such as Priority.urgent`);
}
