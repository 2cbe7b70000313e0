import type { Entry } from "./entry.ts";

/**
 * A first-in-first-out list of entries in one growing array: a push and a shift cost no allocation. Entries that are
 * being worked on keep their place and are passed over; there are no more of them than workers.
 */
export class Ring<T> {
  #entries: (Entry<T> | undefined)[] = new Array(16);
  #tickets: number[] = new Array(16).fill(0);
  #head = 0;
  #count = 0;

  push(entry: Entry<T>): void {
    if (this.#count === this.#entries.length) this.#grow();
    const at = (this.#head + this.#count) & (this.#entries.length - 1);
    this.#entries[at] = entry;
    this.#tickets[at] = entry.ticket;
    this.#count++;
  }

  /** The oldest entry whose place still counts and that may be handed out; leftovers before it are dropped. */
  peek(): Entry<T> | undefined {
    const entry = this.shift();
    if (entry) this.#unshift(entry);
    return entry;
  }

  /** Takes what `peek` would tell. */
  shift(): Entry<T> | undefined {
    let held: Entry<T>[] | undefined;
    let found: Entry<T> | undefined;
    while (this.#count > 0 && !found) {
      const entry = this.#entries[this.#head]!;
      const counts = entry.ticket === this.#tickets[this.#head];
      this.#drop();
      if (!counts) continue;
      if (entry.processing) (held ??= []).push(entry);
      else found = entry;
    }
    for (let at = (held?.length ?? 0) - 1; at >= 0; at--) this.#unshift(held![at]!);
    return found;
  }

  clear(): void {
    this.#entries = new Array(16);
    this.#tickets = new Array(16).fill(0);
    this.#head = 0;
    this.#count = 0;
  }

  /** Puts back what has just been taken from there: there is room. */
  #unshift(entry: Entry<T>): void {
    this.#head = (this.#head - 1) & (this.#entries.length - 1);
    this.#entries[this.#head] = entry;
    this.#tickets[this.#head] = entry.ticket;
    this.#count++;
  }

  #drop(): void {
    this.#entries[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#entries.length - 1);
    this.#count--;
  }

  #grow(): void {
    const size = this.#entries.length;
    const entries = new Array<Entry<T> | undefined>(size * 2);
    const tickets = new Array<number>(size * 2).fill(0);
    for (let i = 0; i < size; i++) {
      const from = (this.#head + i) & (size - 1);
      entries[i] = this.#entries[from];
      tickets[i] = this.#tickets[from]!;
    }
    this.#entries = entries;
    this.#tickets = tickets;
    this.#head = 0;
  }
}
