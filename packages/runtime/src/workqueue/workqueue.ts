import type { Clock } from "@homeostat/api";
import type { AddOptions, Taken, WorkqueueObserver, WorkqueueOptions } from "./contract.ts";
import { DelayHeap } from "./delay-heap.ts";
import { addCause, causesBy, type Entry, newEntry, noCauses } from "./entry.ts";
import { Levels } from "./levels.ts";
import { checkPriority, Priority } from "./priority.ts";
import type { RateLimiter } from "./rate-limiter.ts";

export type { AddOptions, Taken, WorkqueueObserver, WorkqueueOptions } from "./contract.ts";

/**
 * A queue of keys that need work.
 *
 * Guarantees: a key is worked on by one worker at a time; however often it is added while it waits it is handed out
 * once, and however often while it is worked on, once more; no add is lost. Higher priorities go first; inside one
 * the order is that of becoming ready. A key has one entry whatever was asked of it: it is ready at the earliest
 * time asked for, at the highest priority asked for. One hand-out in four goes to the key that has been ready for
 * longest, once that is `ageingMs`, so that nothing starves and a backlog cannot hold up what is new.
 *
 * All delays share one timer. Source: client-go `util/workqueue`, controller-runtime `priorityqueue`.
 */
export class Workqueue<T> {
  readonly #clock: Clock;
  readonly #keyOf: (item: T) => string;
  readonly #ageingMs: number;
  readonly #observer: WorkqueueObserver | undefined;
  readonly #limiter: RateLimiter | undefined;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #ready = new Levels<T>();
  readonly #waiting = new DelayHeap<T>();
  readonly #processing = new Set<Entry<T>>();
  readonly #getters: ((taken: Taken<T> | undefined) => void)[] = [];
  #settling: { readonly left: Set<Entry<T>>; readonly resolve: () => void }[] = [];
  #ticket = 1;
  #handOuts = 0;
  #cancelTimer: (() => void) | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #shutDown = false;

  constructor(options: WorkqueueOptions<T>) {
    this.#clock = options.clock;
    this.#keyOf = options.keyOf;
    this.#ageingMs = options.ageingMs ?? 10_000;
    this.#observer = options.observer;
    this.#limiter = options.rateLimiter;
  }

  /** Keys that are ready, those among them that are being worked on included. */
  get length(): number {
    return this.#ready.depth;
  }

  /** Ready keys of one priority. */
  depth(priority: number): number {
    return this.#ready.depthOf(priority);
  }

  /** Ready keys of each priority in use, lowest first. */
  depths(): Iterable<readonly [priority: number, depth: number]> {
    return this.#ready.depths();
  }

  /** Keys whose time has not come. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Keys that are being worked on. */
  get processing(): number {
    return this.#processing.size;
  }

  /**
   * Asks for work on a key; at once, after `afterMs`, or when the rate limiter lets it: where both are given, after the
   * shorter of the two. Ignored after shutdown.
   * @throws RangeError when the priority is no integer
   */
  add(item: T, options: AddOptions = {}): void {
    if (this.#shutDown) return;
    const key = this.#keyOf(item);
    const priority = options.priority === undefined ? Priority.normal : checkPriority(options.priority);
    const afterMs = options.rateLimited ? this.#limitedDelay(key, options) : (options.afterMs ?? 0);
    let entry = this.#entries.get(key);
    if (!entry) this.#entries.set(key, (entry = newEntry(key, item)));
    if (options.cause) addCause(entry, options.cause);
    if (options.cause?.type === "requeue") entry.requeueAt = this.#clock.monotonic() + afterMs;
    if (options.causes) for (const cause of options.causes) addCause(entry, cause);
    if (afterMs > 0) {
      this.#observer?.retried();
      this.#addDelayed(entry, priority, this.#clock.monotonic() + afterMs);
    } else {
      this.#addReady(entry, priority);
    }
  }

  /** Adds several keys alike; each has its own delay where the rate limiter decides. */
  addAll(items: Iterable<T>, options?: AddOptions): void {
    for (const item of items) this.add(item, options);
  }

  /**
   * The next key, now or as soon as there is one; undefined when the queue is shut down.
   * The taker owes a `done`.
   */
  get(): Promise<Taken<T> | undefined> {
    if (this.#shutDown) return Promise.resolve(undefined);
    const entry = this.#next();
    if (entry) return Promise.resolve(this.#handOut(entry));
    return new Promise((resolve) => this.#getters.push(resolve));
  }

  /** Ends the work on a key; if it was added meanwhile, it is handed out again. */
  done(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry?.processing) return;
    entry.processing = false;
    this.#processing.delete(entry);
    this.#observer?.worked((this.#clock.monotonic() - entry.startedAt) / 1000);
    if (entry.state === "ready") this.#serve();
    else this.#release(entry);
    if (this.#settling.length > 0) this.#settle(entry);
  }

  /** Forgets the failures of a key. */
  forget(key: string): void {
    this.#limiter?.forget(key);
  }

  /** How often a key has failed since it was last forgotten. */
  failures(key: string): number {
    return this.#limiter?.failures(key) ?? 0;
  }

  /**
   * Drops queued keys and forgets their failures; work that runs goes on.
   * @returns how many were dropped
   */
  drop(matches: (item: T) => boolean): number {
    let dropped = 0;
    for (const entry of [...this.#entries.values()]) {
      if (!matches(entry.item)) continue;
      this.#limiter?.forget(entry.key);
      if (entry.state === "waiting") this.#waiting.remove(entry);
      else if (entry.state === "ready") this.#ready.leave(entry);
      else continue;
      entry.state = "absent";
      entry.ticket = 0;
      entry.causes = noCauses;
      entry.droppedCauses = 0;
      this.#release(entry);
      dropped++;
    }
    if (!this.#shutDown) this.#arm();
    return dropped;
  }

  /** Seconds all running work has taken so far, and the longest of it. */
  running(): { readonly totalSeconds: number; readonly longestSeconds: number } {
    const now = this.#clock.monotonic();
    let totalSeconds = 0;
    let longestSeconds = 0;
    for (const entry of this.#processing) {
      const seconds = (now - entry.startedAt) / 1000;
      totalSeconds += seconds;
      longestSeconds = Math.max(longestSeconds, seconds);
    }
    return { totalSeconds, longestSeconds };
  }

  /** Keys that are being worked on. */
  processingKeys(): string[] {
    return [...this.#processing].map((entry) => entry.key);
  }

  /**
   * Takes no more adds, hands nothing more out, and drops what is queued. Running work goes on; see `drained`.
   * @returns how many keys were dropped
   */
  shutDown(): number {
    if (this.#shutDown) return 0;
    this.#shutDown = true;
    const dropped = this.length + this.#waiting.size;
    this.#cancelTimer?.();
    this.#waiting.clear();
    this.#ready.clear();
    for (const [key, entry] of this.#entries) {
      entry.state = "absent";
      if (!entry.processing) this.#entries.delete(key);
    }
    for (const resolve of this.#getters.splice(0)) resolve(undefined);
    return dropped;
  }

  /** Resolves when all work that runs now has ended; after a shutdown there is no other. */
  drained(): Promise<void> {
    return this.settled(() => true);
  }

  /** Resolves when the work that runs now on such items has ended. */
  settled(matches: (item: T) => boolean): Promise<void> {
    const left = new Set([...this.#processing].filter((entry) => matches(entry.item)));
    if (left.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#settling.push({ left, resolve }));
  }

  #settle(entry: Entry<T>): void {
    this.#settling = this.#settling.filter(({ left, resolve }) => {
      left.delete(entry);
      if (left.size === 0) resolve();
      return left.size > 0;
    });
  }

  /** What the limiter says counts as a failure even where `afterMs` is shorter. */
  #limitedDelay(key: string, { afterMs, error }: AddOptions): number {
    if (!this.#limiter) throw new Error("the queue was made without a rate limiter: give it one, or use afterMs");
    const limited = this.#limiter.when(key, error);
    return afterMs !== undefined && afterMs > 0 ? Math.min(afterMs, limited) : limited;
  }

  #addReady(entry: Entry<T>, priority: number): void {
    if (entry.state === "ready") {
      if (priority > entry.priority) this.#raise(entry, priority);
      return;
    }
    if (entry.state === "waiting") {
      this.#waiting.remove(entry);
      this.#arm();
      this.#becomeReady(entry, Math.max(priority, entry.priority));
    } else {
      this.#becomeReady(entry, priority);
    }
    this.#serve();
  }

  #addDelayed(entry: Entry<T>, priority: number, readyAt: number): void {
    if (entry.state === "ready") {
      if (priority > entry.priority) this.#raise(entry, priority);
      return;
    }
    if (entry.state === "waiting") {
      entry.priority = Math.max(priority, entry.priority);
      if (readyAt >= entry.readyAt) return;
      entry.readyAt = readyAt;
      this.#waiting.earlier(entry);
    } else {
      entry.state = "waiting";
      entry.priority = priority;
      entry.readyAt = readyAt;
      entry.ticket = this.#ticket++;
      this.#waiting.push(entry);
    }
    this.#arm();
  }

  #becomeReady(entry: Entry<T>, priority: number): void {
    entry.state = "ready";
    entry.readySince = this.#clock.monotonic();
    entry.ticket = this.#ticket++;
    this.#ready.enter(entry, priority);
    this.#observer?.added();
  }

  /** Goes to the end of the higher level; the place in the lower one is a leftover from now on. */
  #raise(entry: Entry<T>, priority: number): void {
    this.#ready.leave(entry);
    entry.ticket = this.#ticket++;
    this.#ready.enter(entry, priority);
  }

  #next(): Entry<T> | undefined {
    if (this.#ready.depth === 0) return undefined;
    const aged = ++this.#handOuts % 4 === 0 ? this.#ready.shiftOldest(this.#now() - this.#ageingMs) : undefined;
    return aged ?? this.#ready.shift();
  }

  #now(): number {
    return this.#clock.monotonic();
  }

  #handOut(entry: Entry<T>): Taken<T> {
    const now = this.#now();
    this.#ready.leave(entry);
    entry.state = "absent";
    entry.ticket = 0;
    entry.processing = true;
    entry.startedAt = now;
    this.#processing.add(entry);
    this.#observer?.waited((now - entry.readySince) / 1000);
    const { key, item, priority, droppedCauses } = entry;
    const causes = causesBy(now, entry);
    entry.causes = noCauses;
    entry.droppedCauses = 0;
    entry.requeueAt = 0;
    return { key, item, priority, causes, droppedCauses, waitedMs: now - entry.readySince };
  }

  #serve(): void {
    while (this.#getters.length > 0) {
      const entry = this.#next();
      if (!entry) return;
      this.#getters.shift()!(this.#handOut(entry));
    }
  }

  #release(entry: Entry<T>): void {
    if (entry.state === "absent" && !entry.processing) this.#entries.delete(entry.key);
  }

  /** Keeps the one timer set for the first waiting entry. */
  #arm(): void {
    const readyAt = this.#waiting.peek()?.readyAt ?? Number.POSITIVE_INFINITY;
    if (readyAt === this.#armedFor) return;
    this.#cancelTimer?.();
    this.#armedFor = readyAt;
    this.#cancelTimer =
      readyAt === Number.POSITIVE_INFINITY
        ? undefined
        : this.#clock.setTimer(() => this.#onTimer(), wholeMs(readyAt - this.#now()));
  }

  #onTimer(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.#cancelTimer = undefined;
    const now = this.#now();
    for (let entry = this.#waiting.peek(); entry && entry.readyAt <= now; entry = this.#waiting.peek()) {
      this.#waiting.remove(entry);
      this.#becomeReady(entry, entry.priority);
    }
    this.#arm();
    this.#serve();
  }
}

/** Timers know whole milliseconds: one set for a fraction may fire before its time, again and again. */
const wholeMs = (ms: number): number => Math.max(1, Math.ceil(ms));
