import { type KubeObject, parseFieldSelector, parseLabelSelector, type Stored } from "@homeostat/api";
import type { Store, StoreListOptions } from "../cache/store.ts";
import type { ListOptions } from "./client.ts";
import type { SelectorTexts } from "./query.ts";

/** What of a list a cache may answer. */
export interface CacheSelection {
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly labelSelector: string | undefined;
  /** Fields beyond name and namespace, to be found by indexes of the same names. */
  readonly fields: readonly { readonly name: string; readonly value: string }[];
}

/** @returns undefined where only the server can answer: pages, versions, fields that must differ */
export function cacheSelection(list: ListOptions, selectors: SelectorTexts): CacheSelection | undefined {
  if (list.limit !== undefined || list.continue || list.resourceVersion || list.resourceVersionMatch) return undefined;
  let { namespace } = list;
  let name: string | undefined;
  const fields: { name: string; value: string }[] = [];
  for (const { field, operator, value } of parseFieldSelector(selectors.fieldSelector ?? "").requirements) {
    if (operator !== "=") return undefined;
    if (field === "metadata.name") {
      // Two names at once: nothing has both, which the server says best.
      if (name !== undefined && name !== value) return undefined;
      name = value;
    } else if (field !== "metadata.namespace") fields.push({ name: field, value });
    else if (namespace && namespace !== value) return undefined;
    else namespace = value;
  }
  return { namespace: namespace || undefined, name, labelSelector: selectors.labelSelector || undefined, fields };
}

/** @returns undefined where the store has no index for one of the fields */
export function select<T extends KubeObject>(store: Store<T>, selection: CacheSelection): Stored<T>[] | undefined {
  const { namespace, name, labelSelector, fields } = selection;
  if (fields.some((field) => !store.indexNames?.includes(field.name))) return undefined;
  if (name !== undefined && namespace !== undefined && fields.length === 0) {
    // One object at most: nothing has to be searched.
    const labels = store.peek({ namespace, name })?.metadata.labels;
    const wanted = labels && (labelSelector === undefined || parseLabelSelector(labelSelector).matches(labels));
    const object = wanted ? store.get({ namespace, name }) : undefined;
    return object ? [object] : [];
  }
  const options: StoreListOptions = {
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fields.length === 0 ? {} : { index: fields }),
  };
  if (name === undefined) return store.list(options);
  const named = [...store.entries(options)].filter(({ metadata }) => metadata.name === name);
  return named
    .sort((a, b) => ((a.metadata.namespace ?? "") < (b.metadata.namespace ?? "") ? -1 : 1))
    .map((entry) => entry.object());
}
