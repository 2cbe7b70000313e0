import type { Cause } from "../ledger/cause.ts";

// Where it was before there were other levels than the named ones.
export { Priority } from "./priority.ts";

/** Most causes kept of one entry; further ones are only counted. */
export const CAUSE_CAP = 16;

/**
 * Everything the queue knows of one key. There is one per key, found by one look-up; all other structures point to it.
 *
 * States: `absent` (only worked on), `waiting` (in the delay heap), `ready` (in a ring, or held back
 * while `processing`). `processing` is beside them: a key that is worked on can be ready again, and is then handed out
 * once more after `done`.
 */
export interface Entry<T> {
  readonly key: string;
  readonly item: T;
  state: "absent" | "waiting" | "ready";
  processing: boolean;
  priority: number;
  /** Names the place in a ring that counts; places with another ticket are leftovers and skipped. */
  ticket: number;
  readyAt: number;
  readySince: number;
  startedAt: number;
  heapIndex: number;
  /** When the requeue among the causes is due. */
  requeueAt: number;
  causes: readonly Cause[];
  droppedCauses: number;
}

/** Most entries are made without any. */
export const noCauses: readonly Cause[] = Object.freeze([]);

export function newEntry<T>(key: string, item: T): Entry<T> {
  return {
    key,
    item,
    state: "absent",
    processing: false,
    priority: 0,
    ticket: 0,
    readyAt: 0,
    readySince: 0,
    startedAt: 0,
    heapIndex: -1,
    requeueAt: 0,
    causes: noCauses,
    droppedCauses: 0,
  };
}

/** Adds a cause; the same one again (a second requeue, a second initial listing) is told once. */
export function addCause(entry: Entry<unknown>, cause: Cause): void {
  if (cause.type !== "event" && entry.causes.some((known) => isSame(known, cause))) return;
  if (entry.causes === noCauses) entry.causes = [cause];
  else if (entry.causes.length < CAUSE_CAP) (entry.causes as Cause[]).push(cause);
  else entry.droppedCauses++;
}

/** The causes without a requeue that is not due yet, where something else came first. */
export function causesBy(now: number, { causes, requeueAt }: Entry<unknown>): readonly Cause[] {
  if (requeueAt <= now) return causes;
  const others = causes.filter(({ type }) => type !== "requeue");
  return others.length > 0 ? others : causes;
}

const isSame = (a: Cause, b: Cause): boolean =>
  a.type === b.type && (a.type !== "source" || b.type !== "source" || a.source === b.source);
