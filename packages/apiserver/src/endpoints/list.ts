import { badRequest, expired } from "@homeostat/api";
import type { Engine } from "../registry/engine.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import { CompactedError, type Entry, FutureRevisionError, type ListResult } from "../storage/storage.ts";
import { awaitRevision, tooLarge } from "./await-revision.ts";
import { decodeContinue, encodeContinue } from "./continue-token.ts";
import type { ListQuery } from "./list-query.ts";
import { selectionOf, selectsByFields } from "./selection.ts";

export interface Page {
  readonly entries: readonly Entry[];
  readonly revision: number;
  readonly continueToken: string | undefined;
  /** Only known where nothing was selected. */
  readonly remaining: number | undefined;
}

/** How many entries are looked at in one go when a selector thins them out. */
const chunk = 1000;

/**
 * One page of a list. All pages of a list show the state of the first one.
 *
 * @throws ApiError Expired when that state is no longer kept (with a token to go on with the newest), Timeout for a
 * resourceVersion of the future that does not come, BadRequest for a token that is not ours
 */
export async function listPage(
  engine: Engine,
  served: ServedResource,
  namespace: string | undefined,
  query: ListQuery,
  signal: AbortSignal,
): Promise<Page> {
  const prefix = engine.store.prefix(served, namespace);
  const from = startOf(query);
  const selects = selectionOf(query);
  await awaitRevision(engine, query.resourceVersion ?? 0, signal);
  const converts = selectsByFields(query) && engine.store.convertsFields(served);
  const entries: Entry[] = [];
  let revision = from.revision;
  let after = from.start === undefined ? undefined : prefix + from.start;
  for (;;) {
    const wanted = query.limit === 0 ? undefined : selects ? Math.max(chunk, query.limit) : query.limit;
    const listed = await listAt(engine, prefix, { revision, after, limit: wanted }, from.start);
    revision ??= listed.revision;
    if (converts) await engine.store.readAttributes(served, listed.entries);
    for (const [index, entry] of listed.entries.entries()) {
      after = entry.key;
      if (selects && !selects(engine.store.attributes(served, entry))) continue;
      entries.push(entry);
      if (query.limit > 0 && entries.length === query.limit) {
        const left = listed.entries.length - index - 1 + listed.remaining;
        return page(entries, listed.revision, left, after.slice(prefix.length), selects === undefined);
      }
    }
    if (listed.remaining === 0)
      return { entries, revision: listed.revision, continueToken: undefined, remaining: undefined };
  }
}

function page(entries: Entry[], revision: number, left: number, start: string, counted: boolean): Page {
  if (left === 0) return { entries, revision, continueToken: undefined, remaining: undefined };
  return {
    entries,
    revision,
    continueToken: encodeContinue({ revision, start }),
    remaining: counted ? left : undefined,
  };
}

function startOf(query: ListQuery): { revision: number | undefined; start: string | undefined } {
  if (query.continueToken !== undefined) {
    if (query.resourceVersion) throw badRequest("specifying resource version is not allowed when using continue");
    const token = decodeContinue(query.continueToken);
    return { revision: token.revision < 0 ? undefined : token.revision, start: token.start };
  }
  const version = query.resourceVersion;
  if (version === undefined || version === 0) return { revision: undefined, start: undefined };
  const exact = query.match === "Exact" || (query.match === undefined && query.limit > 0);
  return { revision: exact ? version : undefined, start: undefined };
}

async function listAt(
  engine: Engine,
  prefix: string,
  options: { revision: number | undefined; after: string | undefined; limit: number | undefined },
  start: string | undefined,
): Promise<ListResult> {
  try {
    return await engine.store.storage.list(prefix, {
      ...(options.revision === undefined ? {} : { revision: options.revision }),
      ...(options.after === undefined ? {} : { after: options.after }),
      ...(options.limit === undefined ? {} : { limit: options.limit }),
    });
  } catch (error) {
    if (error instanceof CompactedError) {
      if (start === undefined) throw expired(`The resourceVersion for the provided list is too old.`);
      throw expired(
        "the continue token is too old for a consistent list: start again without it, or go on with the token of this answer, which lists the rest as it is now",
        encodeContinue({ revision: -1, start }),
      );
    }
    // Only a token of another server's names one: what a query names has been waited for.
    if (error instanceof FutureRevisionError) throw tooLarge(options.revision!, error.current);
    throw error;
  }
}
