/**
 * Where objects live. A storage knows keys, bytes and revisions; what an object means is the registry's business.
 *
 * Guarantees
 * - One counter for all keys: every effective write takes the next revision, and only writes do.
 * - A write is one step: it happens wholly, with its precondition checked, or not at all. When its promise resolves,
 *   every later `get` and `list` sees it (and, for a durable storage, it survives a crash).
 * - Watchers of overlapping prefixes see the same events in the same order, each once, by rising revision.
 *
 * Assumptions: keys are ASCII, start with `/` and do not end with it; one storage is used by one server.
 * Caveat: bytes handed out are shared and must not be changed.
 */
export interface Storage {
  /** Revision of the newest write. At least 1 for a new storage, so that a list of nothing has a revision too. */
  revision(): number;

  get(key: string): Promise<Entry | undefined>;

  /**
   * Entries whose key starts with `prefix`, in byte order of their keys, as they were at `options.revision`.
   * @throws CompactedError when that revision is no longer kept; FutureRevisionError when it is not there yet.
   */
  list(prefix: string, options?: ListOptions): Promise<ListResult>;

  /** @throws KeyExistsError */
  create(key: string, encode: Encode): Promise<Entry>;

  /** Replaces the entry if its revision is still `expected`. @throws RevisionMismatchError, also when the key is absent */
  update(key: string, expected: number, encode: Encode): Promise<Entry>;

  /**
   * Removes the entry if its revision is still `expected`. `encode` writes its last state, which goes to watchers with
   * the revision of the deletion. @throws RevisionMismatchError, also when the key is absent
   */
  delete(key: string, expected: number, encode: Encode): Promise<Entry>;

  /**
   * Calls `sink` for every event with a revision above `after`, first those that are history already, then new ones as
   * they happen, in the turn of the write. `sink` must be quick and must not throw. The returned function ends it.
   * @throws CompactedError when events after `after` are no longer kept.
   */
  watch(prefix: string, after: number, sink: (event: StorageEvent) => void): () => void;

  /** Forgets history up to and including `revision`: lists at and watches from before it throw from then on. */
  compact(revision: number): void;

  /** Releases what the storage holds (files, timers). Watches end without a further event. */
  close(): Promise<void>;
}

/** Writes an object's bytes; it is told the revision they will be stored at, to put it into the object. */
export type Encode = (revision: number) => Uint8Array;

export interface Entry {
  readonly key: string;
  /** Revision of the write that made this state. */
  readonly revision: number;
  /** One JSON document, without a line end. */
  readonly value: Uint8Array;
}

export interface ListOptions {
  /** State at this revision; default the newest. */
  readonly revision?: number;
  /** Only keys that sort after this one. */
  readonly after?: string;
  /** At most so many entries; default all. */
  readonly limit?: number;
}

export interface ListResult {
  readonly entries: readonly Entry[];
  /** Revision of the state listed. */
  readonly revision: number;
  /** How many entries follow beyond `limit`. */
  readonly remaining: number;
}

export type StorageEvent =
  | { readonly type: "put"; readonly entry: Entry; readonly previous: Entry | undefined }
  /** `entry` holds the last state with the revision of the deletion; `previous` the state before. */
  | { readonly type: "delete"; readonly entry: Entry; readonly previous: Entry };

export class KeyExistsError extends Error {
  override readonly name = "KeyExistsError";
  readonly code = "KEY_EXISTS";
  readonly current: Entry;
  constructor(current: Entry) {
    super(`key ${current.key} exists already at revision ${current.revision}`);
    this.current = current;
  }
}

export class RevisionMismatchError extends Error {
  override readonly name = "RevisionMismatchError";
  readonly code = "REVISION_MISMATCH";
  /** What is there now; undefined when the key is absent. */
  readonly current: Entry | undefined;
  constructor(key: string, expected: number, current: Entry | undefined) {
    super(`key ${key} is ${current ? `at revision ${current.revision}` : "absent"}, not at revision ${expected}`);
    this.current = current;
  }
}

export class CompactedError extends Error {
  override readonly name = "CompactedError";
  readonly code = "COMPACTED";
  /** The oldest revision that can still be listed and watched from. */
  readonly oldest: number;
  constructor(revision: number, oldest: number) {
    super(`too old resource version: ${revision} (${oldest})`);
    this.oldest = oldest;
  }
}

export class FutureRevisionError extends Error {
  override readonly name = "FutureRevisionError";
  readonly code = "FUTURE_REVISION";
  readonly current: number;
  constructor(revision: number, current: number) {
    super(`Too large resource version: ${revision}, current: ${current}`);
    this.current = current;
  }
}
