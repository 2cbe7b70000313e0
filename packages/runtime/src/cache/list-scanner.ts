import {
  isCloseBrace,
  isCloseBracket,
  isComma,
  isOpenBrace,
  isOpenBracket,
  isQuote,
  keyIs,
  readString,
  readValue,
  ScanError,
  scanMembers,
  scanMembersFrom,
  skipSpace,
  skipValue,
} from "./scanner.ts";

/** What a list says of itself. */
export interface ListHead {
  readonly kind: string | undefined;
  readonly resourceVersion: string;
  /** Token of the next page; undefined on the last. */
  readonly continue: string | undefined;
}

/**
 * Goes through the bytes of a list, item by item, without parsing them.
 *
 * @param item gets where an item begins (at its opening brace) and how far it may reach; answers where it ends
 * @throws ScanError
 */
export function scanList(b: Buffer, item: (start: number, limit: number) => number): ListHead {
  const steps = scanListInSteps(b, item);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The same, item by item: yields how far it came, and may be continued in another turn of the event loop. */
export function* scanListInSteps(
  b: Buffer,
  item: (start: number, limit: number) => number,
): Generator<number, ListHead, void> {
  const end = b.length;
  let kind: string | undefined;
  let metadata: { readonly resourceVersion?: string; readonly continue?: string } = {};
  const open = skipSpace(b, 0, end);
  let rest = open;
  let after = -1;
  while (after < 0) {
    // The items are left to the loop below; then the visit goes on behind them.
    let items = -1;
    const reached = visitMembers(b, open, rest, end, (keyStart, keyEnd, value) => {
      if (keyIs(b, keyStart, keyEnd, "items") && isOpenBracket(b, value)) {
        items = value;
        return -1;
      }
      const valueEnd = skipValue(b, value, end);
      if (keyIs(b, keyStart, keyEnd, "kind") && isQuote(b, value)) kind = readString(b, value + 1, valueEnd - 1);
      else if (keyIs(b, keyStart, keyEnd, "metadata"))
        metadata = (readValue(b, value, valueEnd) ?? {}) as typeof metadata;
      return valueEnd;
    });
    if (items < 0) after = reached;
    else rest = yield* scanItems(b, items, end, item);
  }
  if (skipSpace(b, after, end) !== end) throw new ScanError("more than one value", after);
  return { kind, resourceVersion: metadata.resourceVersion ?? "", continue: metadata.continue || undefined };
}

/** Visits the members of the object at `open` that come at or after `rest`, the end of a value within it. */
function visitMembers(
  b: Buffer,
  open: number,
  rest: number,
  end: number,
  member: (keyStart: number, keyEnd: number, value: number) => number,
): number {
  if (rest === open) return scanMembers(b, open, end, member);
  const at = skipSpace(b, rest, end);
  if (at < end && isCloseBrace(b, at)) return at + 1;
  if (at >= end || !isComma(b, at)) throw new ScanError("comma expected", at);
  return scanMembersFrom(b, skipSpace(b, at + 1, end), end, member);
}

/** @returns position after the closing bracket */
function* scanItems(
  b: Buffer,
  open: number,
  end: number,
  item: (start: number, limit: number) => number,
): Generator<number, number, void> {
  let at = skipSpace(b, open + 1, end);
  if (at < end && isCloseBracket(b, at)) return at + 1;
  for (;;) {
    if (at >= end) throw new ScanError("brackets are not closed", open);
    if (!isOpenBrace(b, at)) throw new ScanError("item of the list expected", at);
    const itemEnd = item(at, end);
    yield itemEnd;
    at = skipSpace(b, itemEnd, end);
    if (at >= end) throw new ScanError("brackets are not closed", open);
    if (isCloseBracket(b, at)) return at + 1;
    if (!isComma(b, at)) throw new ScanError("comma expected", at);
    at = skipSpace(b, at + 1, end);
  }
}
