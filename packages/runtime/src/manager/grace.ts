import type { Clock } from "@homeostat/api";

/** The time that stopping may take, over all its steps. */
export class Grace {
  /** 0: nothing is waited for; negative: for ever. */
  readonly ms: number;
  readonly #clock: Clock;
  readonly #endsAt: number;

  constructor(clock: Clock, ms: number) {
    this.ms = ms;
    this.#clock = clock;
    this.#endsAt = ms < 0 ? Number.POSITIVE_INFINITY : clock.monotonic() + ms;
  }

  /** Milliseconds; infinite where it is for ever. */
  get leftMs(): number {
    return Math.max(0, this.#endsAt - this.#clock.monotonic());
  }

  /** For what ends by itself as a rule: what is left, but as much as a second where others have used it up. */
  get lastMs(): number {
    return Math.max(this.leftMs, Math.min(1_000, this.ms));
  }

  /** @returns whether the promise settled in time */
  async within(promise: Promise<unknown>, ms = this.leftMs): Promise<boolean> {
    if (this.ms === 0) return false;
    let cancel = (): void => {};
    const late = new Promise<boolean>((resolve) => {
      if (ms < Number.POSITIVE_INFINITY) cancel = this.#clock.setTimer(() => resolve(false), ms);
    });
    const inTime = await Promise.race([promise.then(() => true), late]);
    cancel();
    return inTime;
  }
}

/**
 * How long running reconciles may go on undisturbed when they have `ms` in all. The rest, at most five seconds, is for
 * them to notice that they were aborted.
 */
export const undisturbedMs = (ms: number): number => Math.max(ms / 2, ms - 5_000);
