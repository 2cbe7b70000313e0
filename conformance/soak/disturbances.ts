import {
  type Clock,
  expired,
  type Interceptor,
  sleep,
  type Transport,
  type TransportRequest,
  type VirtualClock,
} from "@homeostat/api";
import { ConnectionLost } from "@homeostat/devcluster";

/** Numbers in [0, 1) that follow from the seed. Source: the generator "mulberry32". */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A process's own time: its wall clock is set now and then, its monotonic one and its timers go on. */
export interface JumpingClock extends Clock {
  jump(ms: number): void;
}

export function jumpingClock(shared: VirtualClock): JumpingClock {
  let skewMs = 0;
  return {
    now: () => shared.now() + skewMs,
    monotonic: () => shared.monotonic(),
    setTimer: (callback, delayMs, options) => shared.setTimer(callback, delayMs, options),
    jump(ms) {
      skewMs += Math.round(ms);
    },
  };
}

export const isWatch = ({ path }: Pick<TransportRequest, "path">): boolean => /[?&]watch=(1|true)/.test(path);

/** Some answers take up to `longestMs`, and some watches begin with 410. Until it is stopped. */
export function slowAndGone(
  clock: Clock,
  random: () => number,
  longestMs: number,
): { readonly interceptor: Interceptor; readonly counts: Record<"slow" | "gone", number>; stop(): void } {
  let stopped = false;
  const counts = { slow: 0, gone: 0 };
  const interceptor: Interceptor = (next) => async (request) => {
    if (stopped) return next(request);
    if (random() < 0.05) {
      counts.slow++;
      await sleep(clock, random() * longestMs, request.signal);
    }
    if (isWatch(request) && random() < 0.1) {
      counts.gone++;
      const body = new TextEncoder().encode(
        JSON.stringify(expired("too old resource version (injected fault)").status),
      );
      const headers = { "content-type": "application/json" };
      return { status: 410, headers, bytes: async () => body, pipe: async (sink) => sink(body) };
    }
    return next(request);
  };
  return {
    interceptor,
    counts,
    stop: () => {
      stopped = true;
    },
  };
}

/** The way of one process to the server: it can be cut, which breaks what is under way, and it counts what is open. */
export class Line {
  readonly transport: Transport;
  /** Requests whose answer has not ended. */
  open = 0;
  /** All signals that requests came with, and are still held by somebody. */
  readonly signals = new Set<WeakRef<AbortSignal>>();
  #cut = new AbortController();
  readonly #seen = new WeakSet<AbortSignal>();

  constructor(next: Transport) {
    this.transport = async (request) => {
      if (this.#cut.signal.aborted) throw new ConnectionLost(`${request.method} ${request.path}: connection refused`);
      this.#note(request.signal);
      const broken = this.#cut.signal;
      // One signal for both; aborting the controller of the request lets go of the other's listener.
      const either = new AbortController();
      const onCut = (): void => either.abort(new ConnectionLost(`${request.path}: connection lost`));
      const onAbort = (): void => either.abort(request.signal?.reason);
      broken.addEventListener("abort", onCut);
      request.signal?.addEventListener("abort", onAbort);
      if (request.signal?.aborted) onAbort();
      this.open++;
      let ended = false;
      const end = (): void => {
        if (ended) return;
        ended = true;
        this.open--;
        broken.removeEventListener("abort", onCut);
        request.signal?.removeEventListener("abort", onAbort);
      };
      try {
        const response = await next({ ...request, signal: either.signal });
        if (!isWatch(request)) {
          const body = await response.bytes();
          end();
          return { ...response, bytes: async () => body, pipe: async (sink) => sink(body) };
        }
        return {
          ...response,
          bytes: () => response.bytes().finally(end),
          pipe: (sink) => response.pipe(sink).finally(end),
        };
      } catch (error) {
        end();
        throw error;
      }
    };
  }

  get isCut(): boolean {
    return this.#cut.signal.aborted;
  }

  cut(): void {
    this.#cut.abort();
  }

  mend(): void {
    if (this.isCut) this.#cut = new AbortController();
  }

  #note(signal: AbortSignal | undefined): void {
    if (!signal || this.#seen.has(signal)) return;
    this.#seen.add(signal);
    this.signals.add(new WeakRef(signal));
    if (this.signals.size % 1000 === 0)
      for (const each of this.signals) if (each.deref() === undefined) this.signals.delete(each);
  }
}
