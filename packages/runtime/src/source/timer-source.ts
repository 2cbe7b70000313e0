import { sleep } from "@homeostat/api";
import { requestOf } from "../controller/event-handler.ts";
import type { Request } from "../controller/reconciler.ts";
import type { Source, SourceContext } from "../controller/source.ts";
import { Priority } from "../workqueue/priority.ts";

/** How often, and what is asked for. */
export interface TimerSourceOptions<R = Request> {
  /** Names the source in logs, errors and causes. */
  readonly name: string;
  /** From one round to the next, in milliseconds; the first comes after that time, too. Above 0. */
  readonly everyMs: number;
  /** Stretches or shortens each wait by up to this share, so that replicas do not beat together. Default 0.1. */
  readonly jitter?: number;
  /** What a round asks for. Default: every object of the controller's kind. */
  readonly requests?: (context: SourceContext) => Iterable<R> | Promise<Iterable<R>>;
  /** Level of what it asks for. Default `Priority.low`: a round of everything must not hold up what changes. */
  readonly priority?: number;
}

/**
 * Asks for requests again and again, for a world that tells no changes. To look at one object again after a time of its
 * own, return `requeueAfterMs` from its reconcile instead: that is a timer per object.
 */
export function timerSource(options: TimerSourceOptions): Source;
export function timerSource<R>(
  options: TimerSourceOptions<R> & Required<Pick<TimerSourceOptions<R>, "requests">>,
): Source<R>;
export function timerSource<R>(options: TimerSourceOptions<R>): Source<R> {
  const { name, everyMs, jitter = 0.1, priority = Priority.low } = options;
  if (!(everyMs > 0)) throw new RangeError(`timer source "${name}": everyMs ${everyMs} must be above 0`);
  if (!(jitter >= 0 && jitter <= 1)) throw new RangeError(`timer source "${name}": jitter ${jitter} must be in 0 to 1`);
  const requests = options.requests ?? (ownObjects as (context: SourceContext) => Iterable<R>);
  return {
    name,
    start(sink, signal, context) {
      const { clock, random } = context;
      const rounds = async (): Promise<void> => {
        for (;;) {
          await sleep(clock, everyMs * (1 + jitter * (2 * random() - 1)), signal);
          try {
            const found = await requests(context);
            signal.throwIfAborted();
            sink.recovered();
            for (const request of found) sink.add(request, { priority });
          } catch (error) {
            if (signal.aborted) return;
            sink.failed(error);
          }
        }
      };
      rounds().catch(() => {
        // Only the signal ends the sleep.
      });
    },
  };
}

function* ownObjects(context: SourceContext): Iterable<Request> {
  for (const { metadata } of context.objects()) yield requestOf(metadata);
}
