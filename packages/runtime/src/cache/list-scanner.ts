import {
  isOpenBrace,
  isOpenBracket,
  isQuote,
  keyIs,
  readString,
  readValue,
  ScanError,
  scanElements,
  scanMembers,
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
  const end = b.length;
  let kind: string | undefined;
  let metadata: { readonly resourceVersion?: string; readonly continue?: string } = {};
  const after = scanMembers(b, skipSpace(b, 0, end), end, (keyStart, keyEnd, value) => {
    if (keyIs(b, keyStart, keyEnd, "items") && isOpenBracket(b, value)) {
      return scanElements(b, value, end, (start) => {
        if (!isOpenBrace(b, start)) throw new ScanError("item of the list expected", start);
        return item(start, end);
      });
    }
    const valueEnd = skipValue(b, value, end);
    if (keyIs(b, keyStart, keyEnd, "kind") && isQuote(b, value)) kind = readString(b, value + 1, valueEnd - 1);
    else if (keyIs(b, keyStart, keyEnd, "metadata"))
      metadata = (readValue(b, value, valueEnd) ?? {}) as typeof metadata;
    return valueEnd;
  });
  if (skipSpace(b, after, end) !== end) throw new ScanError("more than one value", after);
  return { kind, resourceVersion: metadata.resourceVersion ?? "", continue: metadata.continue || undefined };
}
