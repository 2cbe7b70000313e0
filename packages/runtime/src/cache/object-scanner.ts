import {
  isComma,
  isOpenBrace,
  isOpenBracket,
  isQuote,
  readString,
  ScanError,
  skipSpace,
  skipString,
  skipValue,
} from "./scanner.ts";

/**
 * Where things lie in the bytes of one Kubernetes object. Positions are absolute in the scanned buffer; -1 where a
 * thing is absent or null. Strings are given without their quotes. One record is used for many scans.
 */
export interface ObjectSpans {
  start: number;
  end: number;
  kindStart: number;
  kindEnd: number;
  apiVersionStart: number;
  apiVersionEnd: number;
  nameStart: number;
  nameEnd: number;
  namespaceStart: number;
  namespaceEnd: number;
  uidStart: number;
  uidEnd: number;
  resourceVersionStart: number;
  resourceVersionEnd: number;
  /** The number itself; -1 where there is none. */
  generation: number;
  deletionTimestampStart: number;
  deletionTimestampEnd: number;
  labelsStart: number;
  labelsEnd: number;
  annotationsStart: number;
  annotationsEnd: number;
  ownerReferencesStart: number;
  ownerReferencesEnd: number;
  finalizersStart: number;
  finalizersEnd: number;
  /** What to leave out to be rid of managedFields: the member with the comma that goes with it. */
  cutStart: number;
  cutEnd: number;
  /** Name of the manager of the newest entry of managedFields that is not about the status subresource. */
  writerStart: number;
  writerEnd: number;
  /** Name of the manager of the newest entry that is about it. */
  statusWriterStart: number;
  statusWriterEnd: number;
}

export function createObjectSpans(): ObjectSpans {
  return {
    start: -1,
    end: -1,
    kindStart: -1,
    kindEnd: -1,
    apiVersionStart: -1,
    apiVersionEnd: -1,
    nameStart: -1,
    nameEnd: -1,
    namespaceStart: -1,
    namespaceEnd: -1,
    uidStart: -1,
    uidEnd: -1,
    resourceVersionStart: -1,
    resourceVersionEnd: -1,
    generation: -1,
    deletionTimestampStart: -1,
    deletionTimestampEnd: -1,
    labelsStart: -1,
    labelsEnd: -1,
    annotationsStart: -1,
    annotationsEnd: -1,
    ownerReferencesStart: -1,
    ownerReferencesEnd: -1,
    finalizersStart: -1,
    finalizersEnd: -1,
    cutStart: -1,
    cutEnd: -1,
    writerStart: -1,
    writerEnd: -1,
    statusWriterStart: -1,
    statusWriterEnd: -1,
  };
}

function clear(out: ObjectSpans): void {
  out.kindStart = out.kindEnd = out.apiVersionStart = out.apiVersionEnd = -1;
  out.nameStart = out.nameEnd = out.namespaceStart = out.namespaceEnd = -1;
  out.uidStart = out.uidEnd = out.resourceVersionStart = out.resourceVersionEnd = -1;
  out.generation = out.deletionTimestampStart = out.deletionTimestampEnd = -1;
  out.labelsStart = out.labelsEnd = out.annotationsStart = out.annotationsEnd = -1;
  out.ownerReferencesStart = out.ownerReferencesEnd = out.finalizersStart = out.finalizersEnd = -1;
  out.cutStart = out.cutEnd = out.writerStart = out.writerEnd = -1;
  out.statusWriterStart = out.statusWriterEnd = -1;
}

// Keys are told apart by length and bytes. An escape in a key is legal and never written by anybody, so it is looked
// for only where nothing matched.
const name = 1;
const namespace = 2;
const uid = 3;
const resourceVersion = 4;
const generation = 5;
const labels = 6;
const annotations = 7;
const ownerReferences = 8;
const finalizers = 9;
const managedFields = 10;
const deletionTimestamp = 11;
const kind = 12;
const apiVersion = 13;
const metadata = 14;
const manager = 15;
const time = 16;
const subresource = 17;

interface Key {
  readonly code: number;
  readonly text: string;
  readonly bytes: Buffer;
}

function keysByLength(keys: Readonly<Record<string, number>>): readonly (readonly Key[])[] {
  const table: Key[][] = Array.from({ length: 32 }, () => []);
  for (const [text, code] of Object.entries(keys)) table[text.length]!.push({ code, text, bytes: Buffer.from(text) });
  return table;
}

const metadataKeys = keysByLength({
  name,
  namespace,
  uid,
  resourceVersion,
  generation,
  labels,
  annotations,
  ownerReferences,
  finalizers,
  managedFields,
  deletionTimestamp,
});
const topKeys = keysByLength({ kind, apiVersion, metadata });
const entryKeys = keysByLength({ manager, time, subresource });
const statusName = Buffer.from("status");

function keyCode(table: readonly (readonly Key[])[], b: Buffer, start: number, end: number): number {
  const candidates = end - start < 32 ? table[end - start]! : [];
  next: for (let c = 0; c < candidates.length; c++) {
    const { bytes, code } = candidates[c]!;
    for (let k = 0; k < bytes.length; k++) if (b[start + k] !== bytes[k]) continue next;
    return code;
  }
  for (let k = start; k < end; k++) {
    if (b[k] === 92) {
      const text = readString(b, start, end);
      return table[text.length]?.find((key) => key.text === text)?.code ?? 0;
    }
  }
  return 0;
}

/**
 * Scans one object.
 *
 * @param start at its opening brace
 * @param end where it ends, where that is known, otherwise as far as it may reach
 * @param whole whether its end is to be found. Where it is known already, the scan leaves off as soon as it has kind,
 *   version and metadata: most of the bytes come after them.
 * @throws ScanError
 */
export function scanObject(b: Buffer, start: number, end: number, whole: boolean, out: ObjectSpans): void {
  clear(out);
  out.start = start;
  out.end = end;
  if (!isOpenBrace(b, start)) throw new ScanError("object expected", start);
  let wanted = 3;
  let at = skipSpace(b, start + 1, end);
  if (b[at] === 125 && at < end) {
    out.end = at + 1;
    return;
  }
  for (;;) {
    const keyEnd = keyAt(b, at, end);
    const value = valueAfter(b, keyEnd, end);
    const code = keyCode(topKeys, b, at + 1, keyEnd - 1);
    let valueEnd: number;
    if (code === metadata && isOpenBrace(b, value)) valueEnd = scanMetadata(b, value, end, out);
    else {
      valueEnd = skipValue(b, value, end);
      if (code === kind && isQuote(b, value)) {
        out.kindStart = value + 1;
        out.kindEnd = valueEnd - 1;
      } else if (code === apiVersion && isQuote(b, value)) {
        out.apiVersionStart = value + 1;
        out.apiVersionEnd = valueEnd - 1;
      }
    }
    if (code !== 0 && --wanted === 0 && !whole) return;
    at = afterMember(b, valueEnd, start, end);
    if (at < 0) {
      out.end = -at;
      return;
    }
  }
}

/** @returns position after the key's closing quote */
function keyAt(b: Buffer, at: number, end: number): number {
  if (at >= end || !isQuote(b, at)) throw new ScanError("key expected", at);
  return skipString(b, at, end);
}

/** @returns position of the first byte of the value of a key that ends at `keyEnd` */
function valueAfter(b: Buffer, keyEnd: number, end: number): number {
  const colon = b[keyEnd] === 58 ? keyEnd : skipSpace(b, keyEnd, end);
  if (colon >= end || b[colon] !== 58) throw new ScanError("colon expected", colon);
  const value = colon + 1;
  return b[value]! > 32 ? value : skipSpace(b, value, end);
}

/** @returns position of the next key; minus the position after the closing brace where there is none */
function afterMember(b: Buffer, valueEnd: number, start: number, end: number): number {
  let at = b[valueEnd]! > 32 ? valueEnd : skipSpace(b, valueEnd, end);
  if (at >= end) throw new ScanError("brackets are not closed", start);
  if (b[at] === 125) return -(at + 1);
  if (!isComma(b, at)) throw new ScanError("comma expected", at);
  at++;
  return b[at]! > 32 ? at : skipSpace(b, at, end);
}

function scanMetadata(b: Buffer, start: number, end: number, out: ObjectSpans): number {
  let at = skipSpace(b, start + 1, end);
  if (b[at] === 125 && at < end) return at + 1;
  let previousEnd = -1;
  for (;;) {
    const keyEnd = keyAt(b, at, end);
    const value = valueAfter(b, keyEnd, end);
    const code = keyCode(metadataKeys, b, at + 1, keyEnd - 1);
    const valueEnd =
      code === managedFields && isOpenBracket(b, value) ? scanManagers(b, value, end, out) : skipValue(b, value, end);
    if (code !== 0 && code !== managedFields) note(b, code, value, valueEnd, out);
    const next = afterMember(b, valueEnd, start, end);
    if (code === managedFields) {
      // With the comma before it; the first member goes with the comma after it.
      out.cutStart = previousEnd >= 0 ? previousEnd : at;
      out.cutEnd = previousEnd >= 0 || next < 0 ? valueEnd : next;
    }
    if (next < 0) return -next;
    previousEnd = valueEnd;
    at = next;
  }
}

function note(b: Buffer, code: number, value: number, valueEnd: number, out: ObjectSpans): void {
  if (isQuote(b, value)) noteString(code, value + 1, valueEnd - 1, out);
  else if (code === generation) out.generation = numberAt(b, value, valueEnd);
  else if (isOpenBrace(b, value) || isOpenBracket(b, value)) noteNested(code, value, valueEnd, out);
}

function noteString(code: number, start: number, end: number, out: ObjectSpans): void {
  switch (code) {
    case name:
      out.nameStart = start;
      out.nameEnd = end;
      break;
    case namespace:
      out.namespaceStart = start;
      out.namespaceEnd = end;
      break;
    case uid:
      out.uidStart = start;
      out.uidEnd = end;
      break;
    case resourceVersion:
      out.resourceVersionStart = start;
      out.resourceVersionEnd = end;
      break;
    case deletionTimestamp:
      out.deletionTimestampStart = start;
      out.deletionTimestampEnd = end;
      break;
  }
}

function noteNested(code: number, start: number, end: number, out: ObjectSpans): void {
  switch (code) {
    case labels:
      out.labelsStart = start;
      out.labelsEnd = end;
      break;
    case annotations:
      out.annotationsStart = start;
      out.annotationsEnd = end;
      break;
    case ownerReferences:
      out.ownerReferencesStart = start;
      out.ownerReferencesEnd = end;
      break;
    case finalizers:
      out.finalizersStart = start;
      out.finalizersEnd = end;
      break;
  }
}

function numberAt(b: Buffer, start: number, end: number): number {
  let value = 0;
  for (let k = start; k < end; k++) {
    const digit = b[k]! - 48;
    if (digit < 0 || digit > 9) {
      // null, or written in another way.
      const parsed = Number(b.toString("latin1", start, end));
      return Number.isFinite(parsed) && parsed >= 0 && b[start] !== 110 ? parsed : -1;
    }
    value = value * 10 + digit;
  }
  return value;
}

/**
 * Goes over managedFields and notes the managers of its newest entries: times are RFC 3339 in UTC, so they order as
 * text. They have seconds only, and a controller answers a wish with a status within the same one: hence one writer for
 * each.
 */
function scanManagers(b: Buffer, start: number, end: number, out: ObjectSpans): number {
  let newestStart = -1;
  let newestEnd = -1;
  let newestStatusStart = -1;
  let newestStatusEnd = -1;
  let at = skipSpace(b, start + 1, end);
  if (b[at] === 93 && at < end) return at + 1;
  for (;;) {
    let managerStart = -1;
    let managerEnd = -1;
    let timeStart = -1;
    let timeEnd = -1;
    let isStatus = false;
    let entryEnd: number;
    if (isOpenBrace(b, at)) {
      let member = skipSpace(b, at + 1, end);
      if (b[member] === 125 && member < end) entryEnd = member + 1;
      else {
        for (;;) {
          const keyEnd = keyAt(b, member, end);
          const value = valueAfter(b, keyEnd, end);
          const valueEnd = skipValue(b, value, end);
          if (isQuote(b, value)) {
            const code = keyCode(entryKeys, b, member + 1, keyEnd - 1);
            if (code === manager) {
              managerStart = value + 1;
              managerEnd = valueEnd - 1;
            } else if (code === time) {
              timeStart = value + 1;
              timeEnd = valueEnd - 1;
            } else if (code === subresource) {
              isStatus = statusName.compare(b, value + 1, valueEnd - 1) === 0;
            }
          }
          const next = afterMember(b, valueEnd, at, end);
          if (next < 0) {
            entryEnd = -next;
            break;
          }
          member = next;
        }
      }
    } else entryEnd = skipValue(b, at, end);
    if (managerStart >= 0 && isStatus) {
      if (out.statusWriterStart < 0 || !isOlder(b, timeStart, timeEnd, newestStatusStart, newestStatusEnd)) {
        out.statusWriterStart = managerStart;
        out.statusWriterEnd = managerEnd;
        newestStatusStart = timeStart;
        newestStatusEnd = timeEnd;
      }
    } else if (managerStart >= 0 && (out.writerStart < 0 || !isOlder(b, timeStart, timeEnd, newestStart, newestEnd))) {
      out.writerStart = managerStart;
      out.writerEnd = managerEnd;
      newestStart = timeStart;
      newestEnd = timeEnd;
    }
    at = skipSpace(b, entryEnd, end);
    if (at >= end) throw new ScanError("brackets are not closed", start);
    if (b[at] === 93) return at + 1;
    if (!isComma(b, at)) throw new ScanError("comma expected", at);
    at = skipSpace(b, at + 1, end);
  }
}

function isOlder(b: Buffer, start: number, end: number, otherStart: number, otherEnd: number): boolean {
  if (otherStart < 0) return false;
  if (start < 0) return true;
  return b.compare(b, otherStart, otherEnd, start, end) < 0;
}
