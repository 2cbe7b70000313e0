import type { Entry } from "./entry.ts";
import { Ring } from "./ring.ts";

/** The ready keys of one priority. */
export interface Level<T> {
  readonly priority: number;
  readonly ring: Ring<T>;
  /** Ready keys, those that are also being worked on included. */
  depth: number;
}

/**
 * A ring for each priority in use, in order. Rings that have become empty stay for the next key of their priority, and
 * are dropped when a new priority turns up: so the common few cost nothing, and any number of others leaves nothing.
 */
export class Levels<T> {
  readonly #byPriority = new Map<number, Level<T>>();
  /** Lowest first. */
  #sorted: Level<T>[] = [];
  #depth = 0;

  /** Ready keys of all levels. */
  get depth(): number {
    return this.#depth;
  }

  depths(): IterableIterator<readonly [priority: number, depth: number]> {
    return this.#sorted.map(({ priority, depth }) => [priority, depth] as const).values();
  }

  depthOf(priority: number): number {
    return this.#byPriority.get(priority)?.depth ?? 0;
  }

  /** Puts a ready entry at the end of its ring; one that is being worked on keeps that place until it may go. */
  enter(entry: Entry<T>, priority: number): void {
    const level = this.#byPriority.get(priority) ?? this.#add(priority);
    entry.priority = priority;
    level.depth++;
    this.#depth++;
    level.ring.push(entry);
  }

  /** No longer counts an entry. Its place in the ring is a leftover as soon as its ticket changes. */
  leave(entry: Entry<T>): void {
    this.#byPriority.get(entry.priority)!.depth--;
    this.#depth--;
  }

  /** Takes the first entry of the highest level that has one. */
  shift(): Entry<T> | undefined {
    for (let at = this.#sorted.length - 1; at >= 0; at--) {
      const entry = this.#sorted[at]!.ring.shift();
      if (entry) return entry;
    }
    return undefined;
  }

  /** Takes the entry that is ready for longest, if that is since `readySince` or before. */
  shiftOldest(readySince: number): Entry<T> | undefined {
    let oldest: Level<T> | undefined;
    let since = readySince;
    for (const level of this.#sorted) {
      const entry = level.ring.peek();
      if (!entry || entry.readySince > since || (oldest && entry.readySince === since)) continue;
      since = entry.readySince;
      oldest = level;
    }
    return oldest?.ring.shift();
  }

  clear(): void {
    this.#byPriority.clear();
    this.#sorted = [];
    this.#depth = 0;
  }

  #add(priority: number): Level<T> {
    this.#sorted = this.#sorted.filter((level) => {
      if (level.depth > 0) return true;
      this.#byPriority.delete(level.priority);
      return false;
    });
    const level: Level<T> = { priority, ring: new Ring<T>(), depth: 0 };
    const at = this.#sorted.findIndex((other) => other.priority > priority);
    this.#sorted.splice(at < 0 ? this.#sorted.length : at, 0, level);
    this.#byPriority.set(priority, level);
    return level;
  }
}
