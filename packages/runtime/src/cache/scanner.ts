/**
 * Walks JSON in bytes without making values of it: positions only. Grammar as JSON.parse takes it, with two liberties:
 * inside a value that is skipped only strings and brackets are looked at (whoever parses it later finds the rest), and
 * bytes are not checked to be UTF-8.
 *
 * All functions stop at `end` and throw SyntaxError where the value does not.
 */

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;

export class ScanError extends SyntaxError {
  override readonly name = "ScanError";
  readonly position: number;
  constructor(what: string, position: number) {
    super(`no valid JSON: ${what} at byte ${position}`);
    this.position = position;
  }
}

/** First position from `i` that is no white space. */
export function skipSpace(b: Uint8Array, i: number, end: number): number {
  while (i < end) {
    const c = b[i]!;
    if (c !== 32 && c !== 10 && c !== 13 && c !== 9) return i;
    i++;
  }
  return i;
}

/** @param i at the opening quote @returns position after the closing one */
export function skipString(b: Uint8Array, i: number, end: number): number {
  for (let k = i + 1; k < end; k++) {
    const c = b[k];
    if (c === QUOTE) return k + 1;
    if (c === BACKSLASH) k++;
  }
  throw new ScanError("string without end", i);
}

/** @param i at the value's first byte @returns position after its last */
export function skipValue(b: Uint8Array, i: number, end: number): number {
  const c = b[i];
  if (c === QUOTE) return skipString(b, i, end);
  if (c === OPEN_BRACE || c === OPEN_BRACKET) return skipNested(b, i, end);
  let k = i;
  while (k < end) {
    const d = b[k]!;
    if (d === COMMA || d === CLOSE_BRACE || d === CLOSE_BRACKET || d <= 32) break;
    k++;
  }
  if (k === i) throw new ScanError("value is missing", i);
  return k;
}

function skipNested(b: Uint8Array, i: number, end: number): number {
  let depth = 0;
  for (let k = i; k < end; k++) {
    const c = b[k]!;
    if (c === QUOTE) {
      for (k++; k < end; k++) {
        const d = b[k];
        if (d === QUOTE) break;
        if (d === BACKSLASH) k++;
      }
    } else if (c === OPEN_BRACE || c === OPEN_BRACKET) depth++;
    else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) {
      if (--depth === 0) return k + 1;
    }
  }
  throw new ScanError("brackets are not closed", i);
}

/**
 * Visits the members of an object.
 *
 * @param i at the opening brace
 * @param member gets the positions between the key's quotes and the value's first byte; answers where the value ends,
 *   or a negative number to stop
 * @returns position after the closing brace; where the visit was stopped, what `member` answered
 */
export function scanMembers(
  b: Uint8Array,
  i: number,
  end: number,
  member: (keyStart: number, keyEnd: number, value: number) => number,
): number {
  if (b[i] !== OPEN_BRACE) throw new ScanError("object expected", i);
  const at = skipSpace(b, i + 1, end);
  if (b[at] === CLOSE_BRACE && at < end) return at + 1;
  return scanMembersFrom(b, at, end, member);
}

/** Visits the members of an object from the key at `first` on; otherwise as {@link scanMembers}. */
export function scanMembersFrom(
  b: Uint8Array,
  first: number,
  end: number,
  member: (keyStart: number, keyEnd: number, value: number) => number,
): number {
  let at = first;
  for (;;) {
    if (b[at] !== QUOTE || at >= end) throw new ScanError("key expected", at);
    const keyEnd = skipString(b, at, end);
    let value = b[keyEnd] === COLON ? keyEnd : skipSpace(b, keyEnd, end);
    if (b[value] !== COLON || value >= end) throw new ScanError("colon expected", value);
    value = skipSpace(b, value + 1, end);
    const valueEnd = member(at + 1, keyEnd - 1, value);
    if (valueEnd < 0) return valueEnd;
    at = skipSpace(b, valueEnd, end);
    if (at >= end) throw new ScanError("brackets are not closed", first);
    if (b[at] === CLOSE_BRACE) return at + 1;
    if (b[at] !== COMMA) throw new ScanError("comma expected", at);
    at = skipSpace(b, at + 1, end);
  }
}

/**
 * Visits the elements of an array.
 *
 * @param i at the opening bracket
 * @param element gets the position of the element's first byte and answers where it ends
 * @returns position after the closing bracket
 */
export function scanElements(b: Uint8Array, i: number, end: number, element: (value: number) => number): number {
  if (b[i] !== OPEN_BRACKET) throw new ScanError("array expected", i);
  let at = skipSpace(b, i + 1, end);
  if (b[at] === CLOSE_BRACKET && at < end) return at + 1;
  for (;;) {
    if (at >= end) throw new ScanError("brackets are not closed", i);
    at = skipSpace(b, element(at), end);
    if (at >= end) throw new ScanError("brackets are not closed", i);
    if (b[at] === CLOSE_BRACKET) return at + 1;
    if (b[at] !== COMMA) throw new ScanError("comma expected", at);
    at = skipSpace(b, at + 1, end);
  }
}

/** Whether the key between `start` and `end` is `name`, however it is written. */
export function keyIs(b: Buffer, start: number, end: number, name: string): boolean {
  const length = end - start;
  if (length === name.length) {
    for (let k = 0; k < length; k++) if (b[start + k] !== name.charCodeAt(k)) return false;
    return true;
  }
  return (
    length > name.length &&
    b.indexOf(BACKSLASH, start) >= 0 &&
    b.indexOf(BACKSLASH, start) < end &&
    readString(b, start, end) === name
  );
}

/** The string between two quotes. */
export function readString(b: Buffer, start: number, end: number): string {
  let ascii = true;
  for (let k = start; k < end; k++) {
    const c = b[k]!;
    if (c === BACKSLASH) return JSON.parse(b.toString("utf8", start - 1, end + 1)) as string;
    if (c > 127) ascii = false;
  }
  return b.toString(ascii ? "latin1" : "utf8", start, end);
}

/** Any value, parsed. */
export function readValue(b: Buffer, start: number, end: number): unknown {
  return JSON.parse(b.toString("utf8", start, end));
}

export const isQuote = (b: Uint8Array, i: number): boolean => b[i] === QUOTE;
export const isOpenBrace = (b: Uint8Array, i: number): boolean => b[i] === OPEN_BRACE;
export const isOpenBracket = (b: Uint8Array, i: number): boolean => b[i] === OPEN_BRACKET;
export const isCloseBrace = (b: Uint8Array, i: number): boolean => b[i] === CLOSE_BRACE;
export const isCloseBracket = (b: Uint8Array, i: number): boolean => b[i] === CLOSE_BRACKET;
export const isComma = (b: Uint8Array, i: number): boolean => b[i] === COMMA;
