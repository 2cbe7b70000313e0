import {
  isNotFound,
  type KubeList,
  type KubeObject,
  type NamespacedName,
  type Resource,
  type Stored,
} from "@homeostat/api";
import type { Client, ListOptions, RequestOptions, StoredList } from "./client.ts";
import { selectorTexts } from "./query.ts";
import { type Requester, withKind } from "./requester.ts";

/** Where reads go. */
export type Reads = Pick<Client, "get" | "find" | "list">;

/** Reads that ask the server. */
export function liveReads(requester: Requester): Reads {
  const get = async <T extends KubeObject>(
    resource: Resource<T>,
    key: NamespacedName,
    options?: RequestOptions,
  ): Promise<Stored<T>> =>
    withKind(
      await requester.send<T>({
        method: "GET",
        resource,
        ...keyOf(resource, key),
        signal: options?.signal,
        log: options?.log,
      }),
      resource,
    );
  return {
    get,
    async find(resource, key, options) {
      try {
        return await get(resource, key, options);
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<StoredList<T>> {
      const { namespace, limit, continue: token, resourceVersion, resourceVersionMatch, signal, log } = options;
      const selectors = selectorTexts(options);
      if (!selectors) return emptyList;
      const query = { ...selectors, limit, continue: token, resourceVersion, resourceVersionMatch };
      const answer = "list";
      const list = await requester.send<KubeList<T>>({
        method: "GET",
        resource,
        namespace,
        query,
        answer,
        signal,
        log,
      });
      return {
        // Go writes an empty list of some kinds as null.
        items: (list.items ?? []).map((item) => withKind(item, resource)),
        resourceVersion: list.metadata.resourceVersion ?? "",
        continue: list.metadata.continue || undefined,
        remainingItemCount: list.metadata.remainingItemCount,
      };
    },
  };
}

/** What selectors that match nothing select. */
export const emptyList: StoredList<never> = {
  items: [],
  resourceVersion: "",
  continue: undefined,
  remainingItemCount: undefined,
};

/** Cluster-scoped objects have no namespace, whatever the key says. */
export function keyOf(
  resource: Resource,
  key: { readonly name: string; readonly namespace?: string | undefined },
): NamespacedName {
  return resource.scope === "Namespaced" && key.namespace
    ? { namespace: key.namespace, name: key.name }
    : { name: key.name };
}
