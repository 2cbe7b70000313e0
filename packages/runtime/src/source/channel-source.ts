import { abortable } from "../controller/deadline.ts";
import type { Request } from "../controller/reconciler.ts";
import type { Source, SourceSink } from "../controller/source.ts";

/** How much a channel holds, and what it does when it is full. */
export interface ChannelSourceOptions<X> {
  /** Names the source in logs, errors and causes. */
  readonly name: string;
  /** Most events that wait to be taken. Default 1024. */
  readonly capacity?: number;
  /**
   * What `send` does when so many wait:
   * - `block`: it resolves when there is room, so that who awaits it is slowed down.
   * - `dropOldest`: the event that waited longest is lost and counted.
   * - `coalesce`: the newest event of a key replaces the one that waits, whether full or not; beyond `capacity`
   *   different keys it blocks.
   *
   * Default `block`.
   */
  readonly overflow?: "block" | "dropOldest" | "coalesce";
  /** For `coalesce`: the same string for events of which the newest is enough. Default: the event as JSON. */
  readonly keyOf?: (event: X) => string;
  /** Level of what it asks for. Default `Priority.normal`. */
  readonly priority?: number;
}

/** The same, for events that are not requests yet. */
export interface MappedChannelSourceOptions<X, R> extends ChannelSourceOptions<X> {
  /**
   * What an event asks for. Events are taken one after another, so a slow map fills the channel; one that throws loses
   * its event, which is told as a failure of the source.
   */
  readonly map: (event: X, signal: AbortSignal) => Iterable<R> | Promise<Iterable<R>>;
}

/** A source that is sent to by code of the same process. */
export interface ChannelSource<X, R = Request> extends Source<R> {
  /**
   * Hands an event over; resolves when the channel has taken it, which with `block` may be later.
   * @throws when the channel is closed, also for sends that wait then
   */
  send(event: X): Promise<void>;
  /** Takes no more; what waits is still delivered. Calling it twice is harmless. */
  close(): void;
  /** Events that wait. */
  readonly waiting: number;
  /** Events that were lost to `dropOldest`. */
  readonly dropped: number;
}

interface Started<R> {
  readonly sink: SourceSink<R>;
  readonly signal: AbortSignal;
}

/**
 * Events of this process as requests. What is sent before the controller starts waits and is delivered then; a
 * controller that stops leaves the rest for the next one, but for the event that it was taking. With several controllers each is told of each event, as long
 * as it runs.
 *
 * Source: controller-runtime `source.Channel`.
 */
export function channelSource<R = Request>(options: ChannelSourceOptions<R>): ChannelSource<R, R>;
export function channelSource<X, R = Request>(options: MappedChannelSourceOptions<X, R>): ChannelSource<X, R>;
export function channelSource<X, R>(
  options: ChannelSourceOptions<X> & Partial<MappedChannelSourceOptions<X, R>>,
): ChannelSource<X, R> {
  const { name, capacity = 1024, overflow = "block", keyOf = JSON.stringify, map, priority } = options;
  if (!Number.isInteger(capacity) || capacity < 1)
    throw new RangeError(`channel source "${name}": capacity ${capacity} must be a whole number from 1`);
  const events = new Map<string, X>();
  const senders: { readonly event: X; readonly taken: PromiseWithResolvers<void> }[] = [];
  const started = new Set<Started<R>>();
  let serial = 0;
  let dropped = 0;
  let closed = false;
  let draining = false;

  const idOf = (event: X): string => (overflow === "coalesce" ? keyOf(event) : String(serial++));

  /** @returns whether there was room */
  const put = (event: X): boolean => {
    const id = idOf(event);
    if (events.size >= capacity && !events.has(id)) {
      if (overflow !== "dropOldest") return false;
      events.delete(events.keys().next().value!);
      dropped++;
    }
    events.set(id, event);
    return true;
  };

  const admit = (): void => {
    while (senders.length > 0 && put(senders[0]!.event)) senders.shift()!.taken.resolve();
  };

  const deliver = async (event: X, { sink, signal }: Started<R>): Promise<void> => {
    try {
      const mapped = async () => map!(event, signal);
      const requests = map ? await abortable(mapped(), signal) : [event as unknown as R];
      sink.recovered();
      for (const request of requests) sink.add(request, priority === undefined ? {} : { priority });
    } catch (error) {
      if (!signal.aborted) sink.failed(error);
    }
  };

  const drain = async (): Promise<void> => {
    if (draining) return;
    draining = true;
    while (events.size > 0 && started.size > 0) {
      const [id, event] = events.entries().next().value!;
      events.delete(id);
      admit();
      await Promise.all([...started].map((each) => deliver(event, each)));
    }
    draining = false;
  };

  return {
    name,
    get waiting() {
      return events.size;
    },
    get dropped() {
      return dropped;
    },
    async send(event) {
      if (closed) throw closedError(name);
      if (senders.length === 0 && put(event)) {
        void drain();
        return;
      }
      const taken = Promise.withResolvers<void>();
      senders.push({ event, taken });
      await taken.promise;
    },
    close() {
      closed = true;
      for (const { taken } of senders.splice(0)) taken.reject(closedError(name));
    },
    start(sink, signal) {
      if (signal.aborted) return;
      const mine: Started<R> = { sink, signal };
      started.add(mine);
      signal.addEventListener("abort", () => started.delete(mine), { once: true });
      void drain();
    },
  };
}

const closedError = (name: string): Error => new Error(`channel source "${name}" is closed: it takes no more events`);
