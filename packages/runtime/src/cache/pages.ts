import { isExpired } from "@homeostat/api";
import type { ByteStore, Replacement } from "./byte-store.ts";
import { type ListHead, scanListInSteps } from "./list-scanner.ts";
import { WrongKindError } from "./object-reader.ts";
import { nextTurn, stepBytes, stepObjects } from "./turns.ts";

/** Asks for one page. @param path for messages */
export type FetchPage = (
  query: Readonly<Record<string, string | number | undefined>>,
) => Promise<{ readonly path: string; readonly body: Uint8Array }>;

export interface GatheredList {
  readonly next: Replacement;
  readonly resourceVersion: string;
  /** Whether the server answered in pages. */
  readonly paged: boolean;
}

/**
 * Gathers a list page by page. A walk that takes longer than the server keeps a version is given up for one list of
 * everything at once. Source: client-go, tools/pager.
 *
 * @throws what `fetchPage` throws; nothing is kept then
 */
export async function gatherList(
  store: Pick<ByteStore, "replace">,
  fetchPage: FetchPage,
  version: string,
  limit: number | undefined,
): Promise<GatheredList> {
  let next = store.replace();
  try {
    let head = await readPage(next, await fetchPage({ resourceVersion: version, limit }));
    const paged = head.continue !== undefined;
    while (head.continue) {
      try {
        head = await readPage(next, await fetchPage({ limit, continue: head.continue }));
      } catch (error) {
        if (!isExpired(error)) throw error;
        next.abandon();
        next = store.replace();
        head = await readPage(next, await fetchPage({ resourceVersion: version }));
      }
    }
    return { next, resourceVersion: head.resourceVersion, paged };
  } catch (error) {
    next.abandon();
    throw error;
  }
}

async function readPage(
  next: Replacement,
  { path, body }: { readonly path: string; readonly body: Uint8Array },
): Promise<ListHead> {
  const head = await scanInSteps(Buffer.from(body.buffer, body.byteOffset, body.byteLength), next);
  // Taken for an empty list, an answer of another kind would delete everything.
  if (!head.kind?.endsWith("List") || head.resourceVersion === "")
    throw new WrongKindError(
      `GET ${path}: server answered with ${head.kind ?? "no kind"} instead of a list with a resourceVersion`,
    );
  return head;
}

/** A server may answer with everything at once, whatever the limit. */
async function scanInSteps(buffer: Buffer, next: Replacement): Promise<ListHead> {
  const items = scanListInSteps(buffer, (start, limit) => next.add(buffer, start, limit, true));
  let objects = 0;
  let begun = 0;
  for (;;) {
    const { done, value } = items.next();
    if (done) return value;
    if (++objects % stepObjects !== 0 && value - begun < stepBytes) continue;
    begun = value;
    await nextTurn();
  }
}
