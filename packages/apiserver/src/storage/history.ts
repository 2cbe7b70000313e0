import type { Clock } from "@homeostat/api";
import type { StorageEvent } from "./storage.ts";

/** How much of the past is kept. */
export interface HistoryOptions {
  /** How long events are kept at least, in milliseconds; default 300000. */
  readonly historyMs?: number;
  /** So many events are kept however old they are; default 5000. 0 makes age alone decide, which suits tests. */
  readonly minEvents?: number;
  /** Not more events than this are kept however young they are, which bounds memory; default 50000. */
  readonly maxEvents?: number;
  readonly clock: Clock;
}

/**
 * The newest events, in order. Revisions have no gaps, so an event is found by its revision without searching.
 * Old events are dropped when new ones come: no timer is needed.
 */
export class History {
  readonly #clock: Clock;
  readonly #historyMs: number;
  readonly #minEvents: number;
  readonly #maxEvents: number;
  #events: { readonly event: StorageEvent; readonly at: number }[] = [];
  /** Events before this index are dropped; the array is cut now and then. */
  #head = 0;
  /** Everything up to and including this revision is forgotten. */
  #compacted: number;

  constructor(compacted: number, options: HistoryOptions) {
    this.#compacted = compacted;
    this.#clock = options.clock;
    this.#historyMs = options.historyMs ?? 300_000;
    this.#minEvents = options.minEvents ?? 5_000;
    this.#maxEvents = Math.max(1, options.maxEvents ?? 50_000);
  }

  /** The oldest revision that can be listed and watched from. */
  get oldest(): number {
    return this.#compacted;
  }

  append(event: StorageEvent): void {
    this.#events.push({ event, at: this.#clock.now() });
  }

  /** The event that made `revision`; undefined when it is dropped or still to come. */
  at(revision: number): StorageEvent | undefined {
    const first = this.#events[this.#head];
    return first && this.#events[this.#head + revision - first.event.entry.revision]?.event;
  }

  /** Forgets up to and including `revision`. */
  compact(revision: number): void {
    this.#compacted = Math.max(this.#compacted, revision);
  }

  /** Frees what is forgotten and forgets what is too old. Not to be called while events are being handed out. */
  trim(): void {
    const expired = this.#clock.now() - this.#historyMs;
    for (let first = this.#events[this.#head]; first; first = this.#events[this.#head]) {
      const count = this.#events.length - this.#head;
      const forgotten = first.event.entry.revision <= this.#compacted;
      const tooOld = first.at < expired && count > this.#minEvents;
      if (!forgotten && !tooOld && count <= this.#maxEvents) break;
      this.#compacted = Math.max(this.#compacted, first.event.entry.revision);
      this.#head++;
    }
    if (this.#head > 1024 && this.#head > this.#events.length / 2) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
  }
}
