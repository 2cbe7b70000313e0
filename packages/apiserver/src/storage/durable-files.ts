import { type FileHandle, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { decodeFrames, encodeFrame, hasFrameBehind, type LogRecord } from "./log-frames.ts";
import type { Entry } from "./storage.ts";

/**
 * The files of a durable storage in their directory:
 *
 *   snapshot-R   everything as it was at revision R
 *   log-R        writes after revision R, in order
 *
 * A snapshot gets its name only when it is complete. While it is made, writes go to a new log already; the older logs
 * are removed when it is there. So newest snapshot and all logs together always hold everything, whenever a crash comes.
 */
export interface Recovered {
  /** Revision of the snapshot; 1 when there is none. */
  readonly revision: number;
  readonly entries: readonly Entry[];
  /** Writes after the snapshot. */
  readonly records: readonly LogRecord[];
  readonly snapshotBytes: number;
  readonly logBytes: number;
}

/** Key of the record that ends a snapshot; no object has it, since keys start with a slash. */
const endKey = "end";

const fileName = (kind: "snapshot" | "log", revision: number): string =>
  `${kind}-${String(revision).padStart(16, "0")}`;

/** @throws Error when a file is damaged other than by a crash */
export async function recover(directory: string): Promise<Recovered> {
  const names = (await readdir(directory)).sort();
  for (const name of names.filter((candidate) => candidate.endsWith(".tmp"))) await rm(join(directory, name));
  const newest = names.filter((name) => /^snapshot-\d+$/.test(name)).at(-1);
  const snapshot = newest ? await readSnapshot(join(directory, newest)) : { revision: 1, entries: [], bytes: 0 };
  const logs = names.filter((name) => /^log-\d+$/.test(name));
  const records: LogRecord[] = [];
  let { revision } = snapshot;
  let logBytes = 0;
  for (const name of logs) {
    const log = await readLog(join(directory, name), name === logs.at(-1));
    logBytes += log.bytes;
    for (const record of log.records) {
      if (record.entry.revision <= revision) continue;
      if (record.entry.revision !== revision + 1) {
        throw damaged(join(directory, name), `revision ${revision + 1} is missing before ${record.entry.revision}`);
      }
      records.push(record);
      revision++;
    }
  }
  return { revision: snapshot.revision, entries: snapshot.entries, records, snapshotBytes: snapshot.bytes, logBytes };
}

async function readSnapshot(path: string): Promise<{ revision: number; entries: Entry[]; bytes: number }> {
  const bytes = await readFile(path);
  const { frames, end } = decodeFrames(bytes);
  const entries = frames.flat().map(({ entry }) => entry);
  const last = entries.pop();
  if (end !== bytes.length || last?.key !== endKey)
    throw damaged(path, `it is not whole: byte ${end} of ${bytes.length} is wrong`);
  return { revision: last.revision, entries, bytes: bytes.length };
}

/** @param last whether a crash may have left a torn end, which is cut off then */
async function readLog(path: string, last: boolean): Promise<{ records: LogRecord[]; bytes: number }> {
  const bytes = await readFile(path);
  const { frames, end } = decodeFrames(bytes);
  if (end < bytes.length) {
    if (!last || hasFrameBehind(bytes, end)) throw damaged(path, `byte ${end} is wrong, though what follows is intact`);
    await cutOff(path, end);
  }
  return { records: frames.flat(), bytes: end };
}

/** On the disk at once: the next log may be acknowledged before the system gets round to it. */
async function cutOff(path: string, size: number): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.truncate(size);
    await file.sync();
  } finally {
    await file.close();
  }
}

function damaged(path: string, what: string): Error {
  return new Error(
    `the storage file ${path} is damaged: ${what}; restore the directory from a copy, or remove it to start empty`,
  );
}

/** So much of a snapshot is one frame, in bytes. */
const snapshotFrameBytes = 1 << 20;

/** @returns its size in bytes */
export async function writeSnapshot(directory: string, revision: number, entries: readonly Entry[]): Promise<number> {
  const path = join(directory, fileName("snapshot", revision));
  const file = await open(`${path}.tmp`, "w");
  let size = 0;
  try {
    for (const frame of snapshotFrames(revision, entries)) {
      await file.writeFile(frame);
      size += frame.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
  await syncDirectory(directory);
  return size;
}

function* snapshotFrames(revision: number, entries: readonly Entry[]): Generator<Buffer> {
  let records: LogRecord[] = [];
  let bytes = 0;
  for (const entry of entries) {
    records.push({ type: "put", entry });
    bytes += entry.value.length;
    if (bytes < snapshotFrameBytes) continue;
    yield encodeFrame(records);
    records = [];
    bytes = 0;
  }
  yield encodeFrame([...records, { type: "put", entry: { key: endKey, revision, value: new Uint8Array(0) } }]);
}

/** Removes what a snapshot at `revision` makes superfluous. */
export async function removeBefore(directory: string, revision: number): Promise<void> {
  for (const name of await readdir(directory)) {
    const match = /^(?:snapshot|log)-(\d+)$/.exec(name);
    if (match && Number(match[1]) < revision) await rm(join(directory, name));
  }
}

/** The log that is written to. */
export interface LogFile {
  /** Its size in bytes. */
  readonly size: number;
  /**
   * Adds bytes and makes sure that they are on the disk.
   * @throws Error after which nothing was added, or DiskUnreliableError
   */
  append(frame: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** It is unknown what is on the disk. Nothing can be written until the directory was read anew. */
export class DiskUnreliableError extends Error {
  override readonly name = "DiskUnreliableError";
  readonly code = "DISK_UNRELIABLE";
}

/** Opens the log that follows `revision`, or makes it. */
export async function openLog(directory: string, revision: number): Promise<LogFile> {
  const path = join(directory, fileName("log", revision));
  const file = await open(path, "a");
  await syncDirectory(directory);
  let { size } = await file.stat();
  return {
    get size() {
      return size;
    },
    async append(frame) {
      await file.writeFile(frame).catch((error: unknown) => undo(file, path, size, error));
      // After a failed sync the system may have dropped what was to be written and forgotten that it did.
      await file.datasync().catch((error: unknown) => {
        throw new DiskUnreliableError(`cannot make sure that ${path} is on the disk: ${String(error)}`, {
          cause: error,
        });
      });
      size += frame.length;
    },
    close: () => file.close(),
  };
}

async function undo(file: FileHandle, path: string, size: number, cause: unknown): Promise<never> {
  await file.truncate(size).catch((error: unknown) => {
    throw new DiskUnreliableError(`cannot undo a failed write to ${path}: ${String(error)}`, { cause });
  });
  throw new Error(`cannot write to ${path}: ${String(cause)}; make room or check the disk`, { cause });
}

/** New names are on the disk only when the directory is. Systems that cannot open a directory do it by themselves. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EISDIR" || error.code === "EPERM") return undefined;
    throw error;
  });
  if (!handle) return;
  await handle.sync().finally(() => handle.close());
}
