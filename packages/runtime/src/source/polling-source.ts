import { sleep } from "@homeostat/api";
import { abortable } from "../controller/deadline.ts";
import type { Request } from "../controller/reconciler.ts";
import type { Source, SourceContext, SourceSink } from "../controller/source.ts";
import { equalJson } from "../ledger/changed-paths.ts";

/** What is asked for, how often, and whom its changes wake. */
export interface PollingSourceOptions<X, R = Request> {
  /** Names the source in logs, errors and causes. */
  readonly name: string;
  /** From the end of one fetch to the beginning of the next, in milliseconds. Above 0. */
  readonly everyMs: number;
  /** Stretches or shortens each wait by up to this share. Default 0.1. */
  readonly jitter?: number;
  /** The whole state outside, by key. Throwing keeps the last one. `signal` is aborted when it takes too long. */
  readonly fetch: (signal: AbortSignal, context: SourceContext) => Promise<ReadonlyMap<string, X>>;
  /** When a fetch takes too long, in milliseconds. Default 30000. */
  readonly timeoutMs?: number;
  /**
   * What a changed key asks for; `value` is undefined when it is gone. Default: the key is `namespace/name` or `name`.
   */
  readonly map?: (key: string, value: X | undefined, context: SourceContext) => Iterable<R>;
  /** Whether a value is as it was. Default: equal JSON. */
  readonly equal?: (now: X, old: X) => boolean;
  /** Level of what it asks for. Default `Priority.normal`. */
  readonly priority?: number;
}

/** A source that knows what it has seen last, for the reconciler to read. */
export interface PollingSource<X, R = Request> extends Source<R> {
  /** As of the last successful fetch; undefined: not there. */
  get(key: string): X | undefined;
  /** All of it. */
  entries(): ReadonlyMap<string, X>;
  /** When that was, in milliseconds since the epoch; undefined: not yet. */
  readonly fetchedAt: number | undefined;
}

/**
 * State outside the cluster that can only be asked for: fetched as a whole every so often, and only what changed asks
 * for a reconcile. No reconcile runs before the first fetch has succeeded, so `get` answering undefined means that the
 * key is not there. A value serves one controller in one manager: it holds what it has fetched.
 *
 * Source: JOSDK `PollingEventSource`.
 */
export function pollingSource<X>(options: PollingSourceOptions<X>): PollingSource<X>;
export function pollingSource<X, R>(
  options: PollingSourceOptions<X, R> & Required<Pick<PollingSourceOptions<X, R>, "map">>,
): PollingSource<X, R>;
export function pollingSource<X, R>(options: PollingSourceOptions<X, R>): PollingSource<X, R> {
  const { name, everyMs, jitter = 0.1, timeoutMs = 30_000, equal = equalJson, priority } = options;
  if (!(everyMs > 0)) throw new RangeError(`polling source "${name}": everyMs ${everyMs} must be above 0`);
  const map = options.map ?? ((key: string) => [requestOfKey(key)] as Iterable<R>);
  let last: ReadonlyMap<string, X> = new Map();
  let fetchedAt: number | undefined;
  let first = Promise.withResolvers<void>();

  const poll = async (sink: SourceSink<R>, signal: AbortSignal, context: SourceContext): Promise<void> => {
    const now = await withTimeout(name, timeoutMs, signal, context, options.fetch);
    const before = last;
    last = new Map(now);
    fetchedAt = context.clock.now();
    const add = (key: string, value: X | undefined): void => {
      for (const request of map(key, value, context)) sink.add(request, priority === undefined ? {} : { priority });
    };
    for (const [key, value] of last) {
      const old = before.get(key);
      if (!before.has(key) || !equal(value, old as X)) add(key, value);
    }
    for (const key of before.keys()) if (!last.has(key)) add(key, undefined);
  };

  return {
    name,
    get: (key) => last.get(key),
    entries: () => last,
    get fetchedAt() {
      return fetchedAt;
    },
    start(sink, signal, context) {
      first = Promise.withResolvers<void>();
      const { clock, random } = context;
      const rounds = async (): Promise<void> => {
        for (;;) {
          try {
            await poll(sink, signal, context);
            sink.recovered();
            first.resolve();
          } catch (error) {
            if (signal.aborted) return;
            sink.failed(error);
          }
          await sleep(clock, everyMs * (1 + jitter * (2 * random() - 1)), signal);
        }
      };
      rounds().catch(() => {
        // Only the signal ends the sleep.
      });
    },
    synced: (signal) => abortable(first.promise, signal),
  };
}

/** Fails in time, whether the fetch looks at its signal or not. */
async function withTimeout<X>(
  name: string,
  timeoutMs: number,
  signal: AbortSignal,
  context: SourceContext,
  fetch: PollingSourceOptions<X>["fetch"],
): Promise<ReadonlyMap<string, X>> {
  const abort = new AbortController();
  const failed = Promise.withResolvers<never>();
  abort.signal.addEventListener("abort", () => failed.reject(abort.signal.reason), { once: true });
  const onStop = (): void => abort.abort(signal.reason);
  const cancel = context.clock.setTimer(
    () => abort.abort(new DOMException(`fetch of "${name}" took longer than ${timeoutMs} ms`, "TimeoutError")),
    timeoutMs,
    { keepAlive: false },
  );
  signal.addEventListener("abort", onStop, { once: true });
  if (signal.aborted) onStop();
  try {
    return await Promise.race([fetch(abort.signal, context), failed.promise]);
  } finally {
    cancel();
    signal.removeEventListener("abort", onStop);
  }
}

function requestOfKey(key: string): Request {
  const slash = key.indexOf("/");
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
