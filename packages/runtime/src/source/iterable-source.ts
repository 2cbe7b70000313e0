import { sleep } from "@homeostat/api";
import { abortable } from "../controller/deadline.ts";
import type { Request } from "../controller/reconciler.ts";
import type { Source, SourceContext, SourceSink } from "../controller/source.ts";
import { exponentialBackoff } from "../workqueue/rate-limiter.ts";

/** A stream, how it becomes requests, and when it is opened again. */
export interface IterableSourceOptions<X, R = Request> {
  /** Names the source in logs, errors and causes. */
  readonly name: string;
  /**
   * Opens the stream: called at the start, and again after each failure. It should end when `signal` is aborted; whether
   * it does or not, nothing it yields afterwards counts.
   */
  readonly iterable: (signal: AbortSignal) => AsyncIterable<X> | Promise<AsyncIterable<X>>;
  /** What an event asks for. The next event is taken when it has answered. */
  readonly map: (event: X, context: SourceContext) => Iterable<R> | Promise<Iterable<R>>;
  /** First delay before opening it again, in milliseconds; doubles with each failure, jittered. Default 1000. */
  readonly retryBaseMs?: number;
  /** Longest such delay in milliseconds. Default 60000. */
  readonly retryMaxMs?: number;
  /** Level of what it asks for. Default `Priority.normal`. */
  readonly priority?: number;
}

/**
 * A stream of events of any kind (a message queue, a change feed, server-sent events) as requests. A stream that throws
 * is opened again, later each time until an event arrives; one that ends has ended. Events that were missed in between
 * are missed, so open it with a position or let a `timerSource` look over everything now and then.
 */
export function iterableSource<X, R = Request>(options: IterableSourceOptions<X, R>): Source<R> {
  const { name, priority, retryBaseMs: baseMs = 1_000, retryMaxMs: maxMs = 60_000 } = options;

  const read = async (
    sink: SourceSink<R>,
    signal: AbortSignal,
    context: SourceContext,
    arrived: () => void,
  ): Promise<void> => {
    const iterator = (await options.iterable(signal))[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await abortable(iterator.next(), signal);
        if (next.done) return;
        arrived();
        const mapped = async () => options.map(next.value, context);
        const requests = await abortable(mapped(), signal);
        sink.recovered();
        for (const request of requests) sink.add(request, priority === undefined ? {} : { priority });
      }
    } finally {
      // Not awaited: a stream that hangs in `next` hangs here, too.
      (async () => iterator.return?.())().catch(() => {});
    }
  };

  return {
    name,
    start(sink, signal, context) {
      const backoff = exponentialBackoff({ baseMs, maxMs })(context);
      const run = async (): Promise<void> => {
        while (!signal.aborted) {
          try {
            return await read(sink, signal, context, () => backoff.forget(name));
          } catch (error) {
            if (signal.aborted) return;
            sink.failed(error);
            await sleep(context.clock, backoff.when(name, error), signal);
          }
        }
      };
      run().catch(() => {
        // Only the signal ends the sleep.
      });
    },
  };
}
