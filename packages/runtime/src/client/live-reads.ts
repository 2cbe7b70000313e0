import {
  isNotFound,
  type KubeList,
  type KubeObject,
  type NamespacedName,
  type Resource,
  type Stored,
} from "@homeostat/api";
import type { Client, ListOptions, StoredList } from "./client.ts";
import { selectorText } from "./query.ts";
import { type Requester, withKind } from "./requester.ts";

/** Where reads go. */
export type Reads = Pick<Client, "get" | "find" | "list">;

/** Reads that ask the server. */
export function liveReads(requester: Requester): Reads {
  const get = async <T extends KubeObject>(
    resource: Resource<T>,
    key: NamespacedName,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Stored<T>> =>
    withKind(
      await requester.send<T>({ method: "GET", resource, ...keyOf(resource, key), signal: options?.signal }),
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
      const {
        namespace,
        labelSelector,
        fieldSelector,
        limit,
        continue: token,
        resourceVersion,
        resourceVersionMatch,
        signal,
      } = options;
      const query = {
        labelSelector: selectorText(labelSelector),
        fieldSelector,
        limit,
        continue: token,
        resourceVersion,
        resourceVersionMatch,
      };
      const list = await requester.send<KubeList<T>>({ method: "GET", resource, namespace, query, signal });
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

/** Cluster-scoped objects have no namespace, whatever the key says. */
export function keyOf(
  resource: Resource,
  key: { readonly name: string; readonly namespace?: string | undefined },
): NamespacedName {
  return resource.scope === "Namespaced" && key.namespace
    ? { namespace: key.namespace, name: key.name }
    : { name: key.name };
}
