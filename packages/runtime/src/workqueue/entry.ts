import type { Cause } from "../ledger/cause.ts";

/**
 * The four levels of a queue. Higher ones go first, but not for ever: see `ageingMs`.
 *
 * They stand for controller-runtime's numbers: 0 is `normal`, -100 (initial list, resync) is `low`.
 */
export const Priority = { idle: 0, low: 1, normal: 2, urgent: 3 } as const;
export type Priority = (typeof Priority)[keyof typeof Priority];
export const priorityNames = ["idle", "low", "normal", "urgent"] as const;

/** Most causes kept of one entry; further ones are only counted. */
export const CAUSE_CAP = 16;

/**
 * Everything the queue knows of one key. There is one per key, found by one look-up; all other structures point to it.
 *
 * States: `absent` (only failures are remembered), `waiting` (in the delay heap), `ready` (in a ring, or held back
 * while `processing`). `processing` is beside them: a key that is worked on can be ready again, and is then handed out
 * once more after `done`.
 */
export interface Entry<T> {
  readonly key: string;
  readonly item: T;
  state: "absent" | "waiting" | "ready";
  processing: boolean;
  level: Priority;
  /** Names the place in a ring that counts; places with another ticket are leftovers and skipped. */
  ticket: number;
  readyAt: number;
  readySince: number;
  startedAt: number;
  heapIndex: number;
  failures: number;
  causes: Cause[];
  droppedCauses: number;
}

export function newEntry<T>(key: string, item: T): Entry<T> {
  return {
    key,
    item,
    state: "absent",
    processing: false,
    level: Priority.idle,
    ticket: 0,
    readyAt: 0,
    readySince: 0,
    startedAt: 0,
    heapIndex: -1,
    failures: 0,
    causes: [],
    droppedCauses: 0,
  };
}

/** Adds a cause; the same one again (a second requeue, a second initial listing) is told once. */
export function addCause(entry: Entry<unknown>, cause: Cause): void {
  if (cause.type !== "event" && entry.causes.some((known) => known.type === cause.type)) return;
  if (entry.causes.length < CAUSE_CAP) entry.causes.push(cause);
  else entry.droppedCauses++;
}
