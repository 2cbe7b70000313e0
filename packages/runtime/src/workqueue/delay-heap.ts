import type { Entry } from "./entry.ts";

/**
 * Entries by the time they become ready, the earliest on top. Four children a node: half the depth of a binary heap,
 * and the children lie side by side. An entry knows its place, so it can be moved or taken out without a search.
 */
export class DelayHeap<T> {
  readonly #entries: Entry<T>[] = [];

  get size(): number {
    return this.#entries.length;
  }

  peek(): Entry<T> | undefined {
    return this.#entries[0];
  }

  push(entry: Entry<T>): void {
    entry.heapIndex = this.#entries.length;
    this.#entries.push(entry);
    this.#up(entry.heapIndex);
  }

  /** To be called after `readyAt` was made earlier. */
  earlier(entry: Entry<T>): void {
    this.#up(entry.heapIndex);
  }

  remove(entry: Entry<T>): void {
    const at = entry.heapIndex;
    const last = this.#entries.pop()!;
    entry.heapIndex = -1;
    if (last === entry) return;
    this.#place(last, at);
    this.#up(at);
    this.#down(last.heapIndex);
  }

  clear(): void {
    for (const entry of this.#entries) entry.heapIndex = -1;
    this.#entries.length = 0;
  }

  #place(entry: Entry<T>, at: number): void {
    this.#entries[at] = entry;
    entry.heapIndex = at;
  }

  #before(a: Entry<T>, b: Entry<T>): boolean {
    return a.readyAt < b.readyAt || (a.readyAt === b.readyAt && a.ticket < b.ticket);
  }

  #up(from: number): void {
    let at = from;
    const entry = this.#entries[at]!;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (!this.#before(entry, this.#entries[parent]!)) break;
      this.#place(this.#entries[parent]!, at);
      at = parent;
    }
    this.#place(entry, at);
  }

  #down(from: number): void {
    let at = from;
    const entry = this.#entries[at]!;
    for (;;) {
      const first = at * 4 + 1;
      if (first >= this.#entries.length) break;
      let least = first;
      for (let child = first + 1; child < Math.min(first + 4, this.#entries.length); child++) {
        if (this.#before(this.#entries[child]!, this.#entries[least]!)) least = child;
      }
      if (!this.#before(this.#entries[least]!, entry)) break;
      this.#place(this.#entries[least]!, at);
      at = least;
    }
    this.#place(entry, at);
  }
}
