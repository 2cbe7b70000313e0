/**
 * Time as an option. Nothing in these packages asks for the time or sets a timer in another way, which is what makes
 * virtual time, replay and fault exploration possible.
 */
export interface Clock {
  /** Whole milliseconds since the epoch. */
  now(): number;
  /** Milliseconds of a clock that never steps back, with fractions; only differences mean something. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs` (at least 0). The returned function cancels it; calling it twice is harmless. */
  setTimer(callback: () => void, delayMs: number, options?: TimerOptions): () => void;
}

export interface TimerOptions {
  /** Whether the timer keeps the process alive by itself. Default true. Virtual clocks ignore it. */
  readonly keepAlive?: boolean;
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, delayMs, options) {
    // Timers hold 32 signed bits of milliseconds: longer ones fire at once, so they are chained.
    const limit = 2 ** 31 - 1;
    let handle: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      handle = setTimeout(
        () => (leftMs > limit ? arm(leftMs - limit) : callback()),
        Math.min(Math.max(0, leftMs), limit),
      );
      if (options?.keepAlive === false) handle.unref?.();
    };
    arm(delayMs);
    return () => clearTimeout(handle);
  },
};

/** Resolves after `delayMs`; rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const cancel = clock.setTimer(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, delayMs);
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** RFC 3339 in UTC to the second, as Kubernetes' `Time` is written. */
export function formatTime(ms: number): string {
  return new Date(ms - (ms % 1000)).toISOString().replace(".000Z", "Z");
}

/** RFC 3339 in UTC with six digits of fraction, as Kubernetes' `MicroTime` is written. */
export function formatMicroTime(ms: number): string {
  const micros = Math.round(ms * 1000);
  const seconds = Math.floor(micros / 1_000_000);
  return new Date(seconds * 1000).toISOString().replace(".000Z", `.${String(micros % 1_000_000).padStart(6, "0")}Z`);
}

/** A time that moves only when told to: for tests, replay and exploration. */
export interface VirtualClock extends Clock {
  /** Time of the next timer in milliseconds since the epoch, or undefined when none is set. */
  next(): number | undefined;
  /** Moves time forward by `ms`, running the timers that fall due in order, with all work that follows from each. */
  advance(ms: number): Promise<void>;
  /**
   * Runs until `condition` holds: first all work that needs no time, then timer after timer. Time moves only when
   * nothing else is left to do, so hours pass in milliseconds.
   * Throws when `limitMs` of virtual time (default one hour) pass without it, naming `what`.
   */
  until(condition: () => boolean | Promise<boolean>, what: string, limitMs?: number): Promise<void>;
  /** Runs all work that needs no time. */
  settle(): Promise<void>;
}

/** @param startMs first reading of the clock; default 2026-01-01T00:00:00Z */
export function createVirtualClock(startMs = Date.UTC(2026, 0, 1)): VirtualClock {
  type Timer = { at: number; order: number; callback: () => void };
  let now = startMs;
  let order = 0;
  // Kept sorted by time, then by order of setting; the counts are those of a test, so insertion is cheap enough.
  const timers: Timer[] = [];

  // A turn of the event loop lets every promise that can resolve do so; work handed on by setImmediate needs its own.
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 8; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  const fire = (): void => {
    const timer = timers.shift();
    if (!timer) return;
    now = Math.max(now, timer.at);
    timer.callback();
  };

  const clock: VirtualClock = {
    // As the machine's clock tells it; delays with jitter leave fractions behind.
    now: () => Math.floor(now),
    monotonic: () => now - startMs,
    setTimer(callback, delayMs) {
      const timer: Timer = { at: now + Math.max(0, delayMs), order: order++, callback };
      let low = 0;
      let high = timers.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (timers[middle]!.at <= timer.at) low = middle + 1;
        else high = middle;
      }
      timers.splice(low, 0, timer);
      return () => {
        const index = timers.indexOf(timer);
        if (index >= 0) timers.splice(index, 1);
      };
    },
    next: () => timers[0]?.at,
    settle,
    async advance(ms) {
      const end = now + ms;
      await settle();
      while (timers.length > 0 && timers[0]!.at <= end) {
        fire();
        await settle();
      }
      now = end;
    },
    async until(condition, what, limitMs = 3_600_000) {
      const end = now + limitMs;
      for (;;) {
        if (await condition()) return;
        await settle();
        if (await condition()) return;
        const at = timers[0]?.at;
        if (at === undefined) throw new Error(`waiting for ${what}: nothing is left to do and no timer is set`);
        if (at > end) throw new Error(`waiting for ${what}: ${limitMs} ms of virtual time passed`);
        fire();
      }
    },
  };
  return clock;
}
