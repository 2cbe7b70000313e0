import type { Clock } from "@homeostat/api";
import type { Cause } from "../ledger/cause.ts";
import { DelayHeap } from "./delay-heap.ts";
import { addCause, type Entry, newEntry, Priority } from "./entry.ts";
import { Ring } from "./ring.ts";

/**
 * A queue of keys that need work.
 *
 * Guarantees: a key is worked on by one worker at a time; however often it is added while it waits it is handed out
 * once, and however often while it is worked on, once more; no add is lost. Higher levels go first; inside a level
 * the order is that of becoming ready. A key has one entry whatever was asked of it: it is ready at the earliest
 * time asked for, at the highest level asked for. A level that has waited for `ageingMs` is served one hand-out in
 * four, so that nothing starves and a backlog cannot hold up what is new.
 *
 * All delays share one timer. Source: client-go `util/workqueue`, controller-runtime `priorityqueue`.
 */
export class Workqueue<T> {
  readonly #clock: Clock;
  readonly #keyOf: (item: T) => string;
  readonly #ageingMs: number;
  readonly #observer: WorkqueueObserver | undefined;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #rings = [new Ring<T>(), new Ring<T>(), new Ring<T>(), new Ring<T>()] as const;
  readonly #depths = [0, 0, 0, 0];
  readonly #waiting = new DelayHeap<T>();
  readonly #processing = new Set<Entry<T>>();
  readonly #getters: ((taken: Taken<T> | undefined) => void)[] = [];
  #drained: (() => void)[] = [];
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
  }

  /** Keys that are ready, those among them that are being worked on included. */
  get length(): number {
    return this.#depths[0]! + this.#depths[1]! + this.#depths[2]! + this.#depths[3]!;
  }

  /** Ready keys of one level. */
  depth(level: Priority): number {
    return this.#depths[level]!;
  }

  /** Keys whose time has not come. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Keys that are being worked on. */
  get processing(): number {
    return this.#processing.size;
  }

  /** Asks for work on a key; at once, or after `afterMs`. Ignored after shutdown. */
  add(item: T, options: AddOptions = {}): void {
    if (this.#shutDown) return;
    const key = this.#keyOf(item);
    let entry = this.#entries.get(key);
    if (!entry) this.#entries.set(key, (entry = newEntry(key, item)));
    if (options.cause) addCause(entry, options.cause);
    if (options.causes) for (const cause of options.causes) addCause(entry, cause);
    const level = options.priority ?? Priority.normal;
    const afterMs = options.afterMs ?? 0;
    if (afterMs > 0) {
      this.#observer?.retried();
      this.#addDelayed(entry, level, this.#clock.monotonic() + afterMs);
    } else {
      this.#addReady(entry, level);
    }
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
    if (entry.state === "ready") {
      this.#rings[entry.level].push(entry);
      this.#serve();
    } else {
      this.#release(entry);
    }
    if (this.#processing.size === 0) for (const resolve of this.#drained.splice(0)) resolve();
  }

  /** Counts a failure of a key. @returns how many there were before */
  failed(key: string): number {
    const entry = this.#entries.get(key);
    return entry ? entry.failures++ : 0;
  }

  /** Forgets the failures of a key. */
  forget(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    entry.failures = 0;
    this.#release(entry);
  }

  /** How often a key has failed since it was last forgotten. */
  failures(key: string): number {
    return this.#entries.get(key)?.failures ?? 0;
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
    for (const ring of this.#rings) ring.clear();
    this.#depths.fill(0);
    for (const [key, entry] of this.#entries) {
      entry.state = "absent";
      if (!entry.processing) this.#entries.delete(key);
    }
    for (const resolve of this.#getters.splice(0)) resolve(undefined);
    return dropped;
  }

  /** Resolves when no work is running. */
  drained(): Promise<void> {
    if (this.#processing.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  #addReady(entry: Entry<T>, level: Priority): void {
    if (entry.state === "ready") {
      if (level > entry.level) this.#raise(entry, level);
      return;
    }
    if (entry.state === "waiting") {
      this.#waiting.remove(entry);
      this.#arm();
    }
    this.#becomeReady(entry, entry.state === "waiting" ? (Math.max(level, entry.level) as Priority) : level);
    this.#serve();
  }

  #addDelayed(entry: Entry<T>, level: Priority, readyAt: number): void {
    if (entry.state === "ready") {
      if (level > entry.level) this.#raise(entry, level);
      return;
    }
    if (entry.state === "waiting") {
      entry.level = Math.max(level, entry.level) as Priority;
      if (readyAt >= entry.readyAt) return;
      entry.readyAt = readyAt;
      this.#waiting.earlier(entry);
    } else {
      entry.state = "waiting";
      entry.level = level;
      entry.readyAt = readyAt;
      entry.ticket = this.#ticket++;
      this.#waiting.push(entry);
    }
    this.#arm();
  }

  #becomeReady(entry: Entry<T>, level: Priority): void {
    entry.state = "ready";
    entry.level = level;
    entry.readySince = this.#clock.monotonic();
    entry.ticket = this.#ticket++;
    this.#depths[level]!++;
    if (!entry.processing) this.#rings[level].push(entry);
    this.#observer?.added();
  }

  /** Goes to the end of the higher level; the place in the lower one is a leftover from now on. */
  #raise(entry: Entry<T>, level: Priority): void {
    this.#depths[entry.level]!--;
    this.#depths[level]!++;
    entry.level = level;
    entry.ticket = this.#ticket++;
    if (!entry.processing) this.#rings[level].push(entry);
  }

  #next(): Entry<T> | undefined {
    if (++this.#handOuts % 4 === 0) {
      const oldest = this.#now() - this.#ageingMs;
      for (let level = 0; level < this.#rings.length; level++) {
        const entry = this.#rings[level]!.peek();
        if (entry && entry.readySince <= oldest) return this.#rings[level]!.shift();
      }
    }
    for (let level = this.#rings.length - 1; level >= 0; level--) {
      const entry = this.#rings[level]!.shift();
      if (entry) return entry;
    }
    return undefined;
  }

  #now(): number {
    return this.#clock.monotonic();
  }

  #handOut(entry: Entry<T>): Taken<T> {
    const now = this.#now();
    this.#depths[entry.level]!--;
    entry.state = "absent";
    entry.ticket = 0;
    entry.processing = true;
    entry.startedAt = now;
    this.#processing.add(entry);
    this.#observer?.waited((now - entry.readySince) / 1000);
    const { key, item, level: priority, causes, droppedCauses } = entry;
    entry.causes = [];
    entry.droppedCauses = 0;
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
    if (entry.state === "absent" && !entry.processing && entry.failures === 0) this.#entries.delete(entry.key);
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
      this.#becomeReady(entry, entry.level);
    }
    this.#arm();
    this.#serve();
  }
}

/** Timers know whole milliseconds: one set for a fraction may fire before its time, again and again. */
const wholeMs = (ms: number): number => Math.max(1, Math.ceil(ms));

export interface WorkqueueOptions<T> {
  readonly clock: Clock;
  /** The same string for the same item, always. */
  readonly keyOf: (item: T) => string;
  /** From how long a ready key has waited its level is served out of turn, in milliseconds. Default 10000. */
  readonly ageingMs?: number;
  readonly observer?: WorkqueueObserver;
}

/** Told what a queue does; for metrics. Seconds, as Prometheus wants them. */
export interface WorkqueueObserver {
  /** A key became ready. */
  added(): void;
  /** A key was added with a delay. */
  retried(): void;
  /** A key was handed out after so long. */
  waited(seconds: number): void;
  /** Work on a key ended after so long. */
  worked(seconds: number): void;
}

export interface AddOptions {
  /** Milliseconds until the key is ready. Default 0. */
  readonly afterMs?: number;
  /** Default `normal`. */
  readonly priority?: Priority;
  readonly cause?: Cause;
  readonly causes?: readonly Cause[];
}

/** A key as it is handed out. */
export interface Taken<T> {
  readonly key: string;
  readonly item: T;
  readonly priority: Priority;
  readonly causes: readonly Cause[];
  readonly droppedCauses: number;
  /** How long it was ready, in milliseconds. */
  readonly waitedMs: number;
}
