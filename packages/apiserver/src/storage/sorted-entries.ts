import type { Entry } from "./storage.ts";

/** A chunk is cut in two when it grows beyond this: long enough to keep chunks few, short enough to make shifting cheap. */
const chunkLimit = 512;

/**
 * Entries by key and in the order of their keys: a list of sorted chunks, found by binary search. Insertion shifts one
 * chunk only, whatever the number of entries; ranges are read in order without sorting.
 */
export class SortedEntries {
  readonly #byKey = new Map<string, Entry>();
  /** Never empty chunks, but for the first of an empty collection. */
  readonly #chunks: Entry[][] = [[]];

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): Entry | undefined {
    return this.#byKey.get(key);
  }

  set(entry: Entry): void {
    const chunkIndex = this.#chunkOf(entry.key);
    const chunk = this.#chunks[chunkIndex]!;
    const index = lowerBound(chunk, entry.key);
    if (this.#byKey.has(entry.key)) {
      chunk[index] = entry;
    } else {
      chunk.splice(index, 0, entry);
      if (chunk.length > chunkLimit) this.#chunks.splice(chunkIndex + 1, 0, chunk.splice(chunkLimit / 2));
    }
    this.#byKey.set(entry.key, entry);
  }

  remove(key: string): void {
    if (!this.#byKey.delete(key)) return;
    const chunkIndex = this.#chunkOf(key);
    const chunk = this.#chunks[chunkIndex]!;
    chunk.splice(lowerBound(chunk, key), 1);
    if (chunk.length === 0 && this.#chunks.length > 1) this.#chunks.splice(chunkIndex, 1);
  }

  /** All entries in order. */
  all(): Entry[] {
    return this.#chunks.flat();
  }

  /**
   * Entries with `from <= key < to` (no upper bound when undefined), at most `limit`, and how many there are in all.
   */
  range(from: string, to: string | undefined, limit = Number.POSITIVE_INFINITY): { entries: Entry[]; total: number } {
    const entries: Entry[] = [];
    let total = 0;
    for (let index = this.#chunkOf(from); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]!;
      if (to !== undefined && chunk.length > 0 && chunk[0]!.key >= to) break;
      const start = lowerBound(chunk, from);
      const end = to === undefined ? chunk.length : lowerBound(chunk, to);
      const wanted = Math.min(end, start + limit - entries.length);
      for (let position = start; position < wanted; position++) entries.push(chunk[position]!);
      total += Math.max(0, end - start);
    }
    return { entries, total };
  }

  /** Index of the chunk that holds `key` or would. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#chunks[middle]![0]!.key <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Index of the first entry whose key is not before `key`. */
function lowerBound(entries: readonly Entry[], key: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (entries[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
