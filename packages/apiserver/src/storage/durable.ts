import { type ServerLog, silentLog } from "../log.ts";
import { lockDirectory } from "./directory-lock.ts";
import {
  DiskUnreliableError,
  type LogFile,
  openLog,
  type Recovered,
  recover,
  removeBefore,
  writeSnapshot,
} from "./durable-files.ts";
import type { HistoryOptions } from "./history.ts";
import { encodeFrame, type LogRecord } from "./log-frames.ts";
import { makeDirectory } from "./make-directory.ts";
import { StorageState } from "./state.ts";
import type { Entry, Storage, StorageEvent } from "./storage.ts";
import { planWrite, type Write } from "./write.ts";

export interface DurableStorageOptions extends HistoryOptions {
  /** Made when it is not there. */
  readonly directory: string;
  /** A log that has grown beyond this, and beyond the last snapshot, is replaced by a new one. In bytes; default 16 MiB. */
  readonly maxLogBytes?: number;
  readonly log?: ServerLog;
}

/** So many writes go to the disk at once at most. */
const maxBatch = 1000;

interface Pending {
  readonly write: Write;
  readonly resolve: (entry: Entry) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A storage that survives a crash: reads are those of the memory storage; a write is on the disk before its promise
 * resolves and before anyone sees it.
 *
 * Flow: writes gather while the disk is busy. A batch is checked in order, each write against those before it, written
 * as one frame, synced once, then applied and told to watchers. Revisions and history go on after a restart.
 *
 * @throws Error when the directory cannot be written, is used by another process, or is damaged
 */
export async function openDurableStorage(options: DurableStorageOptions): Promise<Storage> {
  const { directory } = options;
  const unlock = await prepare(directory);
  try {
    const recovered = await recover(directory);
    const state = new StorageState(options, recovered.revision, recovered.entries);
    for (const record of recovered.records) state.apply(eventOf(record, state));
    const log = await openLog(directory, state.revision);
    return new DurableStorage(options, state, log, recovered, unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function prepare(directory: string): Promise<() => Promise<void>> {
  try {
    // For its owner only: there are Secrets in it.
    await makeDirectory(directory);
    return await lockDirectory(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new Error(`cannot keep data in ${directory}: ${explanation(code, error)}`, { cause: error });
  }
}

function explanation(code: string, error: unknown): string {
  switch (code) {
    case "EACCES":
    case "EPERM":
      return "this user may not write there; change its permissions or choose another directory";
    case "ENOENT":
      return "nothing can be made there; choose another directory";
    case "EROFS":
      return "the file system is read-only; choose another directory";
    case "EEXIST":
    case "ENOTDIR":
      return "it, or a part of its path, is a file; choose another directory";
    default:
      return String(error);
  }
}

function eventOf({ type, entry }: LogRecord, state: StorageState): StorageEvent {
  const previous = state.get(entry.key);
  if (type === "put") return { type, entry, previous };
  return { type, entry, previous: previous ?? entry };
}

class DurableStorage implements Storage {
  readonly #directory: string;
  readonly #maxLogBytes: number;
  readonly #messages: ServerLog;
  readonly #state: StorageState;
  readonly #unlock: () => Promise<void>;
  #log: LogFile;
  #snapshotBytes: number;
  /** Size of the logs since the newest snapshot, in bytes. */
  #loggedBytes: number;
  #queue: Pending[] = [];
  /** Set while batches are written. */
  #writing: Promise<void> | undefined;
  /** Set while a snapshot is written. */
  #snapshotting: Promise<void> | undefined;
  /** Why nothing can be written any more. */
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    { directory, maxLogBytes = 16 << 20, log = silentLog }: DurableStorageOptions,
    state: StorageState,
    file: LogFile,
    { snapshotBytes, logBytes }: Recovered,
    unlock: () => Promise<void>,
  ) {
    this.#directory = directory;
    this.#maxLogBytes = maxLogBytes;
    this.#messages = log;
    this.#state = state;
    this.#log = file;
    this.#loggedBytes = logBytes;
    this.#snapshotBytes = snapshotBytes;
    this.#unlock = unlock;
  }

  revision = (): number => this.#state.revision;
  get = async (key: string): Promise<Entry | undefined> => this.#state.get(key);
  list: Storage["list"] = async (prefix, options) => this.#state.list(prefix, options);
  create: Storage["create"] = (key, encode) => this.#enqueue({ type: "create", key, encode });
  update: Storage["update"] = (key, expected, encode) => this.#enqueue({ type: "update", key, expected, encode });
  delete: Storage["delete"] = (key, expected, encode) => this.#enqueue({ type: "delete", key, expected, encode });
  watch: Storage["watch"] = (prefix, after, sink) => this.#state.watch(prefix, after, sink);
  compact = (revision: number): void => this.#state.compact(revision);
  close = (): Promise<void> => (this.#closing ??= this.#close());

  async #close(): Promise<void> {
    this.#failure ??= new Error("the storage is closed");
    this.#state.endWatches();
    await this.#writing;
    await this.#snapshotting;
    await this.#log.close();
    await this.#unlock();
  }

  #enqueue(write: Write): Promise<Entry> {
    return new Promise((resolve, reject) => {
      if (this.#failure) {
        reject(new Error(`cannot ${write.type} key ${write.key}: ${this.#failure.message}`, { cause: this.#failure }));
        return;
      }
      this.#queue.push({ write, resolve, reject });
      this.#writing ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    // Writes started in the same turn go together.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      await this.#commit(this.#queue.splice(0, maxBatch));
      await this.#compactLog();
    }
    this.#writing = undefined;
  }

  async #commit(batch: readonly Pending[]): Promise<void> {
    const { events, outcomes } = plan(batch, this.#state);
    try {
      if (events.length > 0) {
        const frame = encodeFrame(events);
        await this.#log.append(frame);
        this.#loggedBytes += frame.length;
      }
    } catch (error) {
      if (error instanceof DiskUnreliableError) this.#failure = error;
      this.#messages.error({ err: error, directory: this.#directory }, "writes are lost");
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const event of events) this.#state.apply(event);
    for (const settle of outcomes) settle();
  }

  /** Starts a new log when the present one is long, and a snapshot that will replace what came before it. */
  async #compactLog(): Promise<void> {
    const limit = Math.max(this.#maxLogBytes, this.#snapshotBytes);
    if (this.#snapshotting || this.#failure || this.#loggedBytes < limit) return;
    try {
      const { revision } = this.#state;
      const former = this.#log;
      this.#log = await openLog(this.#directory, revision);
      await former.close();
      this.#loggedBytes = 0;
      this.#snapshotting = this.#snapshot(revision, this.#state.all()).finally(() => {
        this.#snapshotting = undefined;
      });
    } catch (error) {
      this.#messages.warn(
        { err: error, directory: this.#directory },
        "cannot start a new log; the old one goes on growing",
      );
    }
  }

  async #snapshot(revision: number, entries: readonly Entry[]): Promise<void> {
    try {
      this.#snapshotBytes = await writeSnapshot(this.#directory, revision, entries);
      await removeBefore(this.#directory, revision);
    } catch (error) {
      // Nothing is lost: the logs before are still there.
      this.#messages.warn(
        { err: error, directory: this.#directory, revision },
        "cannot write a snapshot; logs are kept",
      );
    }
  }
}

/** Checks a batch in order: each write sees those before it, though none has happened yet. */
function plan(batch: readonly Pending[], state: StorageState): { events: StorageEvent[]; outcomes: (() => void)[] } {
  const ahead = new Map<string, Entry | undefined>();
  const events: StorageEvent[] = [];
  const outcomes = batch.map(({ write, resolve, reject }) => {
    try {
      const current = ahead.has(write.key) ? ahead.get(write.key) : state.get(write.key);
      const event = planWrite(write, current, state.revision + events.length + 1);
      ahead.set(write.key, event.type === "put" ? event.entry : undefined);
      events.push(event);
      return () => resolve(event.entry);
    } catch (error) {
      return () => reject(error);
    }
  });
  return { events, outcomes };
}
