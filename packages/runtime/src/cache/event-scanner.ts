import { isOpenBrace, keyIs, readString, ScanError, scanMembers, skipSpace, skipValue } from "./scanner.ts";

export type EventType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";

/** Where the object of a watch event lies. */
export interface LocatedEvent {
  type: EventType;
  start: number;
  end: number;
}

const opening = Buffer.from('{"type":"');
const middle = Buffer.from('","object":{');
const types: readonly EventType[] = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"];

/**
 * Finds the object of an event written as API servers write it: `{"type":"…","object":{…}}` without white space, and
 * nothing after the object, which is the only shape the API defines. Everything else is left to {@link locateEvent}.
 * Reads some thirty bytes, whatever the size of the event.
 *
 * @returns whether it was found; then `into` is set
 */
export function locateEventFast(b: Buffer, start: number, end: number, into: LocatedEvent): boolean {
  if (end - start < 30 || b[end - 1] !== 125 || b[end - 2] !== 125 || !matches(b, start, opening)) return false;
  const at = start + opening.length;
  const type = typeAt(b, at);
  if (!type || !matches(b, at + type.length, middle)) return false;
  into.type = type;
  into.start = at + type.length + middle.length - 1;
  into.end = end - 1;
  return true;
}

/** Finds the object of an event in any order of keys and with any white space. @throws ScanError */
export function locateEvent(b: Buffer, start: number, end: number): LocatedEvent {
  let type: string | undefined;
  let objectStart = -1;
  let objectEnd = -1;
  const begin = skipSpace(b, start, end);
  const after = scanMembers(b, begin, end, (keyStart, keyEnd, value) => {
    const valueEnd = skipValue(b, value, end);
    if (keyIs(b, keyStart, keyEnd, "type")) type = readString(b, value + 1, valueEnd - 1);
    else if (keyIs(b, keyStart, keyEnd, "object")) {
      if (!isOpenBrace(b, value)) throw new ScanError("object of the event expected", value);
      objectStart = value;
      objectEnd = valueEnd;
    }
    return valueEnd;
  });
  if (skipSpace(b, after, end) !== end) throw new ScanError("more than one value on a line", after);
  if (!types.includes(type as EventType)) throw new ScanError(`event of type ${JSON.stringify(type)}`, begin);
  if (objectStart < 0) throw new ScanError("event without object", begin);
  return { type: type as EventType, start: objectStart, end: objectEnd };
}

function matches(b: Buffer, at: number, text: Buffer): boolean {
  for (let k = 0; k < text.length; k++) if (b[at + k] !== text[k]) return false;
  return true;
}

/** The types differ in their first letter; the quote after them is checked by the caller. */
function typeAt(b: Buffer, at: number): EventType | undefined {
  for (const type of types) {
    if (b[at] !== type.charCodeAt(0)) continue;
    for (let k = 1; k < type.length; k++) if (b[at + k] !== type.charCodeAt(k)) return undefined;
    return type;
  }
  return undefined;
}
