import {
  ApiError,
  type Clock,
  EventsV1Event,
  formatMicroTime,
  isNotFound,
  type KubeObject,
  type Stored,
} from "@homeostat/api";
import type { Client } from "../client/client.ts";
import type { Logger } from "../log.ts";
import type { RecordedEvent, Recorder } from "./recorder.ts";

/** What a recorder writes with, and as whom. */
export interface EventRecorderOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  /** Who reports: becomes `reportingController`, and the field manager. */
  readonly controller: string;
  /** Which of its processes; at most 128 characters. */
  readonly instance: string;
  /** Told for every event that is not sent. */
  readonly onDropped?: (why: "full" | "spam" | "failed") => void;
}

/** Events waiting to be sent. */
const QUEUE_SIZE = 1000;
/** Kinds of events remembered for counting. */
const MEMORY_SIZE = 4096;
/** A kind of event that has not happened for so long is a new one when it happens again. */
const SERIES_IDLE_MS = 6 * 60_000;
/** What a running series has counted without a request is told this often. */
const SERIES_REFRESH_MS = 30 * 60_000;
/** Different messages of one reason within this time are told as one from the tenth on. */
const COMBINE_WINDOW_MS = 600_000;
const COMBINE_FROM = 10;
/** Requests per object: so many at once, and one more each five minutes. */
const BURST = 25;
const REFILL_MS = 300_000;
const TRIES = 12;
const RETRY_MS = 10_000;

/** What is sent to the server, once for each entry at a time. */
interface Series {
  readonly key: string;
  readonly event: EventsV1Event;
  count: number;
  lastAt: number;
  /** What the server knows: 0 before the event was created. */
  sent: number;
  sentAt: number;
  queued: boolean;
}

/**
 * Writes events.k8s.io/v1 Events from a bounded queue, one at a time, never making anybody wait. The same event again
 * is counted in its series by a small patch; many different messages of one reason are combined; and each object has
 * a budget of requests, beyond which events are only counted: until there is budget again, or their series is told
 * what it counted (when it has ended, and every half hour while it goes on).
 *
 * Figures follow client-go's `tools/record` (correlator) and `tools/events` (series).
 */
export class EventRecorder implements Recorder {
  readonly #options: EventRecorderOptions;
  readonly #series = new Map<string, Series>();
  readonly #messages = new Map<string, { readonly seen: Set<string>; lastAt: number }>();
  readonly #budgets = new Map<string, { tokens: number; at: number }>();
  readonly #queue: Series[] = [];
  #sending: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  /** The next event's part of a millisecond in its name. */
  #names: number;
  #cancelCatchUp: (() => void) | undefined;
  #stopped = false;
  readonly #stopNow = new AbortController();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    // Others report about the same object in the same millisecond, and names that meet cost an event.
    this.#names = spread(`${options.controller}/${options.instance}`) % 1_000_000;
  }

  event(regarding: Stored<KubeObject>, event: RecordedEvent): void {
    if (this.#stopped) {
      this.#drop("failed");
      return;
    }
    const now = this.#options.clock.now();
    const { namespace = "", name, uid } = regarding.metadata;
    const object = [regarding.kind, namespace, name, uid].join("/");
    const action = event.action ?? event.reason;
    const key = [
      `${object}/${event.fieldPath ?? ""}`,
      event.type,
      event.reason,
      action,
      event.related?.metadata.uid ?? "",
    ].join("\n");
    const note = this.#combined(key, cutNote(event.message), now);
    const series = this.#seriesOf(`${key}\n${note}`, regarding, { ...event, message: note }, now);
    series.count++;
    series.lastAt = now;
    // What waits to be sent is sent with the count it has then.
    if (series.queued) return;
    // Warnings have a budget of their own: news must not crowd them out.
    const budget = `${object}/${event.type}`;
    const why = !this.#takeToken(budget, now) ? "spam" : this.#queue.length >= QUEUE_SIZE ? "full" : undefined;
    // One that the server knows is told later; one that it does not know is lost.
    if (why === undefined) this.#enqueue(series);
    else if (series.sent > 0) this.#armCatchUp();
    else this.#drop(why);
  }

  for(regarding: Stored<KubeObject>): ReturnType<Recorder["for"]> {
    return {
      normal: (reason, message, details) => this.event(regarding, { ...details, type: "Normal", reason, message }),
      warning: (reason, message, details) => this.event(regarding, { ...details, type: "Warning", reason, message }),
    };
  }

  async stop(graceMs = 1_000): Promise<void> {
    this.#stopped = true;
    this.#cancelCatchUp?.();
    if (!this.#sending) return;
    const cancel = this.#options.clock.setTimer(() => {
      // The request under way, too: a server that never answers would never let go.
      this.#stopNow.abort(new Error("event recorder was stopped"));
      this.#queue.length = 0;
      this.#wake?.();
    }, graceMs);
    await this.#sending;
    cancel();
  }

  #enqueue(series: Series): void {
    series.queued = true;
    this.#queue.push(series);
    this.#sending ??= this.#send().finally(() => (this.#sending = undefined));
  }

  /** One timer for all series, set for the first that is behind. */
  #armCatchUp(): void {
    if (this.#cancelCatchUp) return;
    const due = [...this.#series.values()].filter(isBehind).map(catchUpAt);
    if (due.length === 0 || this.#stopped) return;
    const { clock } = this.#options;
    const inMs = Math.max(1, Math.min(...due) - clock.now());
    this.#cancelCatchUp = clock.setTimer(() => this.#catchUp(), inMs, { keepAlive: false });
  }

  #catchUp(): void {
    this.#cancelCatchUp = undefined;
    const now = this.#options.clock.now();
    for (const series of this.#series.values())
      if (isBehind(series) && catchUpAt(series) <= now && this.#queue.length < QUEUE_SIZE) this.#enqueue(series);
    this.#armCatchUp();
  }

  #drop(why: "full" | "spam" | "failed"): void {
    this.#options.onDropped?.(why);
  }

  /** The message, or from the tenth different one on a common one that says so. */
  #combined(key: string, note: string, now: number): string {
    let known = this.#messages.get(key);
    if (!known || now - known.lastAt > COMBINE_WINDOW_MS) known = { seen: new Set(), lastAt: now };
    known.lastAt = now;
    this.#messages.delete(key);
    this.#messages.set(key, known);
    evictOldest(this.#messages);
    if (known.seen.size < COMBINE_FROM) known.seen.add(note);
    // The note of an event cannot change, so the first combined message stands for all.
    if (known.seen.size < COMBINE_FROM) return note;
    const last = [...known.seen].at(-1)!;
    return cutNote(`(combined from similar events): ${last}`);
  }

  #seriesOf(key: string, regarding: Stored<KubeObject>, event: RecordedEvent, now: number): Series {
    let series = this.#series.get(key);
    if (!series || now - series.lastAt > SERIES_IDLE_MS) {
      series = {
        key,
        event: this.#newEvent(regarding, event, now),
        count: 0,
        lastAt: now,
        sent: 0,
        sentAt: 0,
        queued: false,
      };
    }
    this.#series.delete(key);
    this.#series.set(key, series);
    evictOldest(this.#series);
    return series;
  }

  #newEvent(regarding: Stored<KubeObject>, event: RecordedEvent, now: number): EventsV1Event {
    const { name, namespace } = regarding.metadata;
    const { controller, instance } = this.#options;
    const suffix = (BigInt(now) * 1_000_000n + BigInt(this.#names++ % 1_000_000)).toString(16);
    return {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      // Events about cluster-scoped objects live in the default namespace.
      metadata: { name: `${name.slice(0, 200)}.${suffix}`, namespace: namespace ?? "default" },
      eventTime: formatMicroTime(now),
      reportingController: controller,
      reportingInstance: instance.slice(0, 128),
      action: event.action ?? event.reason,
      reason: event.reason,
      type: event.type,
      note: event.message,
      regarding: { ...referenceTo(regarding), ...(event.fieldPath ? { fieldPath: event.fieldPath } : {}) },
      ...(event.related ? { related: referenceTo(event.related) } : {}),
    };
  }

  #takeToken(object: string, now: number): boolean {
    const budget = this.#budgets.get(object) ?? { tokens: BURST, at: now };
    budget.tokens = Math.min(BURST, budget.tokens + (now - budget.at) / REFILL_MS);
    budget.at = now;
    this.#budgets.delete(object);
    this.#budgets.set(object, budget);
    evictOldest(this.#budgets);
    if (budget.tokens < 1) return false;
    budget.tokens--;
    return true;
  }

  async #send(): Promise<void> {
    for (let series = this.#queue.shift(); series; series = this.#queue.shift()) {
      series.queued = false;
      await this.#sendOne(series);
    }
  }

  async #sendOne(series: Series): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const { count } = series;
      try {
        await this.#write(series, count);
        series.sent = count;
        series.sentAt = this.#options.clock.now();
        return;
      } catch (error) {
        // What the server has refused it will refuse again; only a missing answer is worth another try.
        if (error instanceof ApiError || attempt === TRIES || this.#stopNow.signal.aborted)
          return this.#failed(error, series);
      }
      await this.#pause(RETRY_MS);
    }
  }

  async #write(series: Series, count: number): Promise<void> {
    const { client, controller } = this.#options;
    const observed = { count, lastObservedTime: formatMicroTime(series.lastAt) };
    const options = { fieldManager: controller, signal: this.#stopNow.signal };
    if (series.sent > 0) {
      try {
        await client.patchMerge(EventsV1Event, nameOf(series.event), { series: observed }, options);
        return;
      } catch (error) {
        // Events are deleted after an hour; one that goes on is made anew.
        if (!isNotFound(error)) throw error;
      }
    }
    const event = count > 1 ? { ...series.event, series: observed } : series.event;
    await client.create(EventsV1Event, event, options);
  }

  #failed(error: unknown, series: Series): void {
    const { reason, regarding } = series.event;
    this.#options.log.debug(
      { err: error, reason, namespace: regarding?.namespace, name: regarding?.name },
      "Event was not written",
    );
    this.#drop("failed");
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.setTimer(resolve, ms, { keepAlive: false });
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** Whether more happened than the server was told. */
const isBehind = (series: Series): boolean => series.sent > 0 && series.count > series.sent && !series.queued;

const catchUpAt = (series: Series): number =>
  Math.min(series.lastAt + SERIES_IDLE_MS, series.sentAt + SERIES_REFRESH_MS);

const nameOf = (event: EventsV1Event) => ({ namespace: event.metadata!.namespace!, name: event.metadata!.name! });

function referenceTo(object: Stored<KubeObject>) {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  const { apiVersion, kind } = object;
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion };
}

/** A number that texts rarely share. FNV-1a, 32 bits. */
function spread(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** Notes hold 1024 bytes. */
function cutNote(message: string): string {
  const bytes = new TextEncoder().encode(message);
  if (bytes.length <= 1024) return message;
  // A character cut in two decodes to the replacement character, which is dropped.
  return new TextDecoder().decode(bytes.subarray(0, 1021)).replace(/\uFFFD$/, "") + "…";
}

function evictOldest(map: Map<string, unknown>): void {
  if (map.size > MEMORY_SIZE) map.delete(map.keys().next().value!);
}
