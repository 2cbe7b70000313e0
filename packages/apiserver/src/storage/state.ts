import { History, type HistoryOptions } from "./history.ts";
import { SortedEntries } from "./sorted-entries.ts";
import {
  CompactedError,
  type Entry,
  FutureRevisionError,
  type ListOptions,
  type ListResult,
  type StorageEvent,
} from "./storage.ts";

interface Watcher {
  readonly prefix: string;
  readonly sink: (event: StorageEvent) => void;
  /** Revision up to which events were considered. */
  seen: number;
  /** Set while its sink runs, so that a write made by a sink cannot overtake the event before it. */
  busy: boolean;
  ended: boolean;
}

/**
 * The reading half of a storage: what is there, what happened, who watches. Events are applied in the order of their
 * revisions, which must follow each other without a gap; checking preconditions is the caller's part.
 *
 * Watchers pull from history up to the newest revision rather than being handed events. So a sink may write, watch or
 * end watches, and every watcher still sees each event once and in order.
 */
export class StorageState {
  readonly #entries = new SortedEntries();
  readonly #history: History;
  readonly #watchers = new Set<Watcher>();
  #revision: number;
  #deliveries = 0;

  /** @param entries the state at `revision`; nothing before it can be listed or watched from */
  constructor(options: HistoryOptions, revision = 1, entries: Iterable<Entry> = []) {
    this.#revision = revision;
    this.#history = new History(revision, options);
    for (const entry of entries) this.#entries.set(entry);
  }

  get revision(): number {
    return this.#revision;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** All entries in the order of their keys. */
  all(): Entry[] {
    return this.#entries.all();
  }

  list(prefix: string, { revision = this.#revision, after, limit }: ListOptions = {}): ListResult {
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision);
    if (revision < this.#history.oldest) throw new CompactedError(revision, this.#history.oldest);
    // No key sorts between `after` and `after` with a zero character.
    const from = after !== undefined && after >= prefix ? `${after}\0` : prefix;
    const { entries, total } =
      revision === this.#revision
        ? this.#entries.range(from, prefixEnd(prefix), limit)
        : this.#rangeAt(revision, prefix, from, limit);
    return { entries, revision, remaining: total - entries.length };
  }

  watch(prefix: string, after: number, sink: (event: StorageEvent) => void): () => void {
    if (after < this.#history.oldest) throw new CompactedError(after, this.#history.oldest);
    const watcher: Watcher = { prefix, sink, seen: after, busy: false, ended: false };
    this.#watchers.add(watcher);
    this.#deliver([watcher]);
    return () => {
      watcher.ended = true;
      this.#watchers.delete(watcher);
    };
  }

  apply(event: StorageEvent): void {
    this.#revision = event.entry.revision;
    if (event.type === "put") this.#entries.set(event.entry);
    else this.#entries.remove(event.entry.key);
    this.#history.append(event);
    this.#deliver(this.#watchers);
  }

  compact(revision: number): void {
    this.#history.compact(Math.min(revision, this.#revision));
    if (this.#deliveries === 0) this.#history.trim();
  }

  endWatches(): void {
    for (const watcher of this.#watchers) watcher.ended = true;
    this.#watchers.clear();
  }

  #deliver(watchers: Iterable<Watcher>): void {
    this.#deliveries++;
    try {
      for (const watcher of watchers) this.#pump(watcher);
    } finally {
      this.#deliveries--;
    }
    if (this.#deliveries === 0) this.#history.trim();
  }

  #pump(watcher: Watcher): void {
    if (watcher.busy) return;
    watcher.busy = true;
    try {
      while (!watcher.ended && watcher.seen < this.#revision) {
        const event = this.#history.at(++watcher.seen);
        if (event?.entry.key.startsWith(watcher.prefix)) watcher.sink(event);
      }
    } finally {
      watcher.busy = false;
    }
  }

  /** A range as it was: today's entries with every later event undone. */
  #rangeAt(revision: number, prefix: string, from: string, limit = Number.POSITIVE_INFINITY) {
    const before = new Map<string, Entry | undefined>();
    for (let undone = this.#revision; undone > revision; undone--) {
      const event = this.#history.at(undone)!;
      const { key } = event.entry;
      if (key.startsWith(prefix) && key >= from) before.set(key, event.previous);
    }
    const current = this.#entries.range(from, prefixEnd(prefix)).entries;
    const restored = [...before.values()].filter((entry) => entry !== undefined);
    const all = current.filter((entry) => !before.has(entry.key)).concat(restored);
    if (restored.length > 0) all.sort((a, b) => (a.key < b.key ? -1 : 1));
    return { entries: all.slice(0, limit), total: all.length };
  }
}

/** The first key behind all keys that start with `prefix`; undefined when there is none. */
function prefixEnd(prefix: string): string | undefined {
  if (prefix === "") return undefined;
  const last = prefix.length - 1;
  return prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
}
