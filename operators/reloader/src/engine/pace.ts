import type { WorkloadId } from "./world.ts";

/**
 * When a reload that is due may happen. Changes of one workload that come within a window are reloaded together; and no
 * more than so many workloads a second are reloaded, whatever they share. Forgotten at a restart, which only makes
 * whatever is due wait for another window.
 */
export class Pace {
  readonly #windowMs: number;
  readonly #perSecond: number;
  readonly #due = new Map<WorkloadId, number>();
  /** When the next reload may be, in milliseconds of the clock that is passed in. */
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(windowMs: number, perSecond: number) {
    this.#windowMs = windowMs;
    this.#perSecond = perSecond;
  }

  /** @returns how long to wait; 0: now, and it counts */
  wait(id: WorkloadId, nowMs: number): number {
    const since = this.#due.get(id) ?? nowMs;
    this.#due.set(id, since);
    const leftMs = since + this.#windowMs - nowMs;
    if (leftMs > 0) return leftMs;
    // A second's worth may go at once; after that they are spread evenly.
    const earliest = Math.max(this.#nextMs, nowMs - 1000);
    const tooEarlyMs = Math.ceil(earliest - nowMs);
    if (tooEarlyMs > 0) return tooEarlyMs;
    this.#nextMs = earliest + 1000 / this.#perSecond;
    this.#due.delete(id);
    return 0;
  }

  /** Nothing is due any more. */
  forget(id: WorkloadId): void {
    this.#due.delete(id);
  }
}
