import { formatFieldSelector, parseFieldSelector, parseLabelSelector } from "@homeostat/api";

/**
 * Which namespaces are watched, each by a watch of its own, so that permissions in these namespaces suffice:
 *
 * - a list of names;
 * - names with selectors of their own, where `""` stands for all namespaces that are not named;
 * - those whose Namespace object matches a label selector, as they come and go. This needs permission to list and watch
 *   namespaces.
 *
 * Nothing listed (`[]` or `{}`) means all namespaces, by one watch.
 */
export type NamespaceSelection =
  | readonly string[]
  | Readonly<Record<string, NamespaceOptions>>
  | { readonly matching: string };

/** What of one namespace is watched. Unset: as for the kind, then as for the cache. */
export interface NamespaceOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Namespaces by name with what is watched of each; undefined: all, by one watch. */
export type NamespaceMap = ReadonlyMap<string, NamespaceOptions> | undefined;

/** The selector on Namespaces, where the selection is one. */
export function matchingSelector(selection: NamespaceSelection | undefined): string | undefined {
  const matching = (selection as { readonly matching?: unknown } | undefined)?.matching;
  return typeof matching === "string" ? matching : undefined;
}

/** @param matched names that match, where the selection is a selector */
export function namespaceMap(selection: NamespaceSelection | undefined, matched: readonly string[]): NamespaceMap {
  if (selection === undefined) return undefined;
  if (matchingSelector(selection) !== undefined) return new Map(matched.map((name) => [name, {}]));
  const entries: [string, NamespaceOptions][] = isList(selection)
    ? selection.map((name) => [name, {}])
    : Object.entries(selection as Readonly<Record<string, NamespaceOptions>>);
  return entries.length === 0 ? undefined : new Map(entries);
}

/** @throws SyntaxFault, Error where a selector cannot be read */
export function checkNamespaces(selection: NamespaceSelection): void {
  const matching = matchingSelector(selection);
  if (matching !== undefined) parseLabelSelector(matching);
  else if (!isList(selection))
    for (const options of Object.values(selection as Readonly<Record<string, NamespaceOptions>>)) {
      if (options.labelSelector) parseLabelSelector(options.labelSelector);
      if (options.fieldSelector) parseFieldSelector(options.fieldSelector);
    }
}

function isList(selection: NamespaceSelection): selection is readonly string[] {
  return Array.isArray(selection);
}

/** One watch among those that make up a selection of namespaces. */
export interface Feed {
  /** Undefined: all. */
  readonly namespace: string | undefined;
  readonly labelSelector: string | undefined;
  readonly fieldSelector: string | undefined;
}

/** @param base what is watched where a namespace does not say otherwise */
export function feedsOf(map: NamespaceMap, base: NamespaceOptions): readonly Feed[] {
  if (!map) return [pinned({ namespace: undefined, ...selectors({}, base) })];
  const named = [...map.keys()].filter((name) => name !== "").sort();
  return [...map].map(([name, options]) => {
    const feed = { namespace: name || undefined, ...selectors(options, base) };
    if (name !== "" || named.length === 0) return feed;
    const others = named.map((value) => ({ field: "metadata.namespace", operator: "!=" as const, value }));
    const own = feed.fieldSelector ? parseFieldSelector(feed.fieldSelector).requirements : [];
    return { ...feed, fieldSelector: formatFieldSelector({ requirements: [...own, ...others] }) };
  });
}

function selectors(own: NamespaceOptions, base: NamespaceOptions): Omit<Feed, "namespace"> {
  return {
    labelSelector: (own.labelSelector ?? base.labelSelector) || undefined,
    fieldSelector: (own.fieldSelector ?? base.fieldSelector) || undefined,
  };
}

/** A field selector that demands one namespace becomes a watch of it, for which permissions in it suffice. */
function pinned(feed: Feed): Feed {
  const namespace = feed.fieldSelector && parseFieldSelector(feed.fieldSelector).exactValue("metadata.namespace");
  return namespace ? { ...feed, namespace } : feed;
}
