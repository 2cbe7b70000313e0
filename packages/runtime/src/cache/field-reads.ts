import { type FieldSelector, groupResource, type KubeObject, parseFieldSelector, type Stored } from "@homeostat/api";
import { CacheError } from "./errors.ts";
import type { IndexTerm } from "./indexes.ts";
import type { Store, StoreListOptions } from "./store.ts";

/** A list as clients ask for it. */
export interface CachedListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string | Readonly<Record<string, string>>;
  /** Exact terms only: of name and namespace, and of fields that an index bears the name of. All must hold. */
  readonly fieldSelector?: string;
  /** At most so many, in order of namespace and name. */
  readonly limit?: number;
  /** Not to be had from a cache. */
  readonly continue?: string;
}

/**
 * Answers a list from a store, as a server would.
 *
 * @throws CacheError `UNANSWERABLE` naming the term that no index answers, or that is not exact; and for `continue`
 * @throws SyntaxFault where a selector cannot be read
 */
export function listFrom<T extends KubeObject>(store: Store<T>, list: CachedListOptions): Stored<T>[] {
  const { plan, name } = planOf(store, list);
  if (name === undefined) return store.list(plan);
  const { limit, ...rest } = plan;
  const found = [...store.entries(rest)].filter(({ metadata }) => metadata.name === name);
  const ordered = found.sort((a, b) => ((a.metadata.namespace ?? "") < (b.metadata.namespace ?? "") ? -1 : 1));
  return ordered.slice(0, limit).map((object) => object.object());
}

/** Whether a store can answer a list, without an error. */
export function canListFrom(store: Store, list: CachedListOptions): boolean {
  try {
    planOf(store, list);
    return true;
  } catch (error) {
    if (error instanceof CacheError) return false;
    throw error;
  }
}

function planOf(
  store: Store,
  { namespace, labelSelector, fieldSelector, limit, continue: token }: CachedListOptions,
): { readonly plan: StoreListOptions; readonly name: string | undefined } {
  const kind = groupResource(store.resource);
  if (token) throw refused(`list ${kind}: a cache has no pages to continue; leave out \`continue\`, or read live`);
  const { requirements }: Pick<FieldSelector, "requirements"> = fieldSelector
    ? parseFieldSelector(fieldSelector)
    : { requirements: [] };
  const index: IndexTerm[] = [];
  let within = namespace || undefined;
  let name: string | undefined;
  let nothing = false;
  for (const { field, operator, value } of requirements) {
    if (operator !== "=")
      throw refused(
        `list ${kind}: a cache answers exact field selectors only, not ${field}${operator}${value}; read live`,
      );
    if (field === "metadata.name") {
      nothing ||= name !== undefined && name !== value;
      name = value;
    } else if (field === "metadata.namespace") {
      nothing ||= within !== undefined && within !== value;
      within = value;
    } else if (store.indexNames?.includes(field)) index.push({ name: field, value });
    else
      throw refused(
        `list ${kind}: there is no index for field ${JSON.stringify(field)}; register fieldIndex(${JSON.stringify(field)}) with the watch, or read live`,
      );
  }
  const plan: StoreListOptions = {
    ...(within === undefined ? {} : { namespace: within }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(index.length === 0 ? {} : { index }),
    ...(limit === undefined ? {} : { limit }),
    ...(nothing ? { limit: 0 } : {}),
  };
  return { plan, name };
}

function refused(message: string): CacheError {
  return new CacheError("UNANSWERABLE", message);
}
