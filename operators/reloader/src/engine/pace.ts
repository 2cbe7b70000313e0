import type { WorkloadId } from "./world.ts";

export interface PaceOptions {
  /** A reload goes when nothing else of its workload has changed for so long, in milliseconds. */
  readonly quietMs: number;
  /** The same where it depends on several things, which whoever deploys changes one after another. In milliseconds. */
  readonly severalQuietMs: number;
  /**
   * It waits no longer than this, whatever changes. So soon after a reload of the same workload it is the quiet, and four
   * of them are the longest. In milliseconds.
   */
  readonly windowMs: number;
  /** Workloads that are reloaded in a second at most. */
  readonly perSecond: number;
}

interface Due {
  readonly sinceMs: number;
  readonly changedMs: number;
  /** What was due when it was last asked for: another text is another change. */
  readonly what: string;
}

/**
 * When a reload that is due may happen. A change that comes alone is reloaded after a moment of quiet; changes that
 * come together are reloaded together, as each begins the quiet anew, up to the end of a window. What depends on one
 * thing only has little to wait for. Those that straggle in after a reload wait for a whole window of quiet, so that a
 * deploy that takes its time costs two reloads, never ten. And no more than so many workloads a second are reloaded, whatever they share. Forgotten at a restart, which only makes whatever
 * is due wait once more.
 */
export class Pace {
  readonly #options: PaceOptions;
  readonly #due = new Map<WorkloadId, Due>();
  /** When a workload was last reloaded; oldest first, and none older than the window. */
  readonly #reloaded = new Map<WorkloadId, number>();
  /** When the next reload may be, in milliseconds of the clock that is passed in. */
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /**
   * @param what text that differs where what is due differs
   * @param several whether the workload depends on more than one resource
   * @param nowMs reading of a clock that never goes back
   * @returns how long to wait, in whole milliseconds; 0: now, and it counts
   */
  wait(id: WorkloadId, what: string, several: boolean, nowMs: number): number {
    const leftMs = this.#dueAt(id, what, several, nowMs) - nowMs;
    if (leftMs > 0) return Math.ceil(leftMs);
    // A second's worth may go at once; after that they are spread evenly.
    const earliest = Math.max(this.#nextMs, nowMs - 1000);
    const tooEarlyMs = Math.ceil(earliest - nowMs);
    if (tooEarlyMs > 0) return tooEarlyMs;
    this.#nextMs = earliest + 1000 / this.#options.perSecond;
    this.#due.delete(id);
    this.#remember(id, nowMs);
    return 0;
  }

  /** Nothing is due any more. */
  forget(id: WorkloadId): void {
    this.#due.delete(id);
  }

  #dueAt(id: WorkloadId, what: string, several: boolean, nowMs: number): number {
    const { quietMs, severalQuietMs, windowMs } = this.#options;
    const known = this.#due.get(id);
    const due = known?.what === what ? known : { sinceMs: known?.sinceMs ?? nowMs, changedMs: nowMs, what };
    this.#due.set(id, due);
    const lastMs = this.#reloaded.get(id);
    const straggles = lastMs !== undefined && due.sinceMs - lastMs < windowMs;
    if (straggles) return Math.min(due.sinceMs + 4 * windowMs, due.changedMs + windowMs);
    return Math.min(due.sinceMs + windowMs, due.changedMs + (several ? severalQuietMs : quietMs));
  }

  #remember(id: WorkloadId, nowMs: number): void {
    for (const [each, atMs] of this.#reloaded) {
      if (nowMs - atMs < this.#options.windowMs) break;
      this.#reloaded.delete(each);
    }
    this.#reloaded.delete(id);
    this.#reloaded.set(id, nowMs);
  }
}
