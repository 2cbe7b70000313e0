import type { Work } from "../rules/patterns.ts";
import type { WorkloadId } from "./world.ts";

/** What every look may spend on trying names, in steps: some milliseconds, and all that most patterns ever take. */
const FREE = 200_000;
/** What one look at a time may spend beyond, in steps: tens of milliseconds, and more than any name costs. */
export const TURN = 1_000_000;
/** Time between two such turns, in milliseconds. */
const BETWEEN_MS = 250;

/**
 * Shares out the time that costly patterns take: anybody may write one, in any number, and meet it with any number of
 * names. Whose patterns cost more than a little takes turns with others of that sort, a fraction of all time; nobody else
 * waits for them.
 */
export class PatternGate {
  readonly #costly = new Set<WorkloadId>();
  #nextMs = Number.NEGATIVE_INFINITY;

  /** What a look at a workload may spend to begin with. */
  begin(id: WorkloadId): Work {
    return { left: this.#costly.has(id) ? 0 : FREE };
  }

  /**
   * For a look that could not finish.
   *
   * @param nowMs reading of a clock that never goes back
   * @returns what more it may spend; or how long to wait, in whole milliseconds
   */
  more(id: WorkloadId, nowMs: number): { readonly work: Work } | { readonly waitMs: number } {
    this.#costly.add(id);
    if (nowMs < this.#nextMs) return { waitMs: Math.ceil(this.#nextMs - nowMs) };
    this.#nextMs = nowMs + BETWEEN_MS;
    return { work: { left: TURN } };
  }

  /** All names have been tried. */
  done(id: WorkloadId): void {
    this.#costly.delete(id);
  }

  /** How long to wait for the next turn, in milliseconds. */
  get betweenMs(): number {
    return BETWEEN_MS;
  }
}
