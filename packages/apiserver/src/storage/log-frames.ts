import { crc32 } from "node:zlib";
import type { Entry } from "./storage.ts";

/**
 * How files of a durable storage are written: a row of frames, each with its length and checksum before it.
 *
 *   frame   length of the payload (4 bytes), CRC-32 of the payload (4), payload
 *   payload records
 *   record  type (1), revision (6), length of the key (2), length of the value (4), key, value
 *
 * What is committed together is one frame, so that it is there wholly or not at all. All numbers are big-endian.
 */
export interface LogRecord {
  readonly type: "put" | "delete";
  readonly entry: Entry;
}

const frameHead = 8;
const recordHead = 13;
const types = { put: 1, delete: 2 } as const;

export function encodeFrame(records: readonly LogRecord[]): Buffer {
  const keys = records.map(({ entry }) => Buffer.from(entry.key));
  const size = records.reduce(
    (sum, { entry }, index) => sum + recordHead + keys[index]!.length + entry.value.length,
    0,
  );
  const frame = Buffer.allocUnsafe(frameHead + size);
  let at = frameHead;
  for (const [index, { type, entry }] of records.entries()) {
    const key = keys[index]!;
    at = frame.writeUInt8(types[type], at);
    at = frame.writeUIntBE(entry.revision, at, 6);
    at = frame.writeUInt16BE(key.length, at);
    at = frame.writeUInt32BE(entry.value.length, at);
    at += key.copy(frame, at);
    frame.set(entry.value, at);
    at += entry.value.length;
  }
  frame.writeUInt32BE(size, 0);
  frame.writeUInt32BE(crc32(frame.subarray(frameHead)), 4);
  return frame;
}

export interface DecodedFrames {
  readonly frames: readonly (readonly LogRecord[])[];
  /** Where the first bytes start that are no whole frame; the length of the input when there are none. */
  readonly end: number;
}

/** Reads frames from the start of `bytes` until the first that is cut short or damaged. */
export function decodeFrames(bytes: Buffer): DecodedFrames {
  const frames: LogRecord[][] = [];
  let at = 0;
  for (let size = frameSizeAt(bytes, at); size !== undefined; size = frameSizeAt(bytes, at)) {
    frames.push(decodeRecords(bytes.subarray(at + frameHead, at + size)));
    at += size;
  }
  return { frames, end: at };
}

/**
 * Whether a whole frame starts anywhere behind `from`. Then what is at `from` is no torn end, which a crash leaves, but
 * damage in the middle of what was committed.
 */
export function hasFrameBehind(bytes: Buffer, from: number): boolean {
  for (let at = from + 1; at + frameHead + recordHead <= bytes.length; at++) {
    const type = bytes[at + frameHead];
    if ((type === types.put || type === types.delete) && frameSizeAt(bytes, at) !== undefined) return true;
  }
  return false;
}

/** Undefined unless a whole frame with the right checksum starts there. */
function frameSizeAt(bytes: Buffer, at: number): number | undefined {
  if (at + frameHead > bytes.length) return undefined;
  const size = bytes.readUInt32BE(at);
  const end = at + frameHead + size;
  // A run of zeros, which some file systems leave behind a crash, would be a frame of nothing.
  if (size < recordHead || end > bytes.length) return undefined;
  return crc32(bytes.subarray(at + frameHead, end)) === bytes.readUInt32BE(at + 4) ? frameHead + size : undefined;
}

function decodeRecords(payload: Buffer): LogRecord[] {
  const records: LogRecord[] = [];
  for (let at = 0; at < payload.length; ) {
    const type = payload[at] === types.put ? "put" : "delete";
    const revision = payload.readUIntBE(at + 1, 6);
    const keyEnd = at + recordHead + payload.readUInt16BE(at + 7);
    const end = keyEnd + payload.readUInt32BE(at + 9);
    const key = payload.toString("utf8", at + recordHead, keyEnd);
    // A copy: the whole file would stay in memory for the sake of one value otherwise.
    records.push({ type, entry: { key, revision, value: Uint8Array.from(payload.subarray(keyEnd, end)) } });
    at = end;
  }
  return records;
}
