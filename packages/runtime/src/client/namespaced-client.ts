import type { KubeObject, NamespacedName, Resource } from "@homeostat/api";
import type { Client, SubresourceClient } from "./client.ts";

/**
 * A client of one namespace: where a namespaced object, key or list names none, this one is filled in; another is
 * refused before anything is sent. Cluster-scoped kinds pass as they are.
 */
export function namespacedClient(client: Client, namespace: string): Client {
  if (namespace === "") throw new Error("a namespaced client needs a namespace");

  const check = (resource: Resource, asked: string | undefined, name: string | undefined): string => {
    if (!asked || asked === namespace) return namespace;
    const which = name === undefined ? resource.plural : `${resource.kind} ${JSON.stringify(name)}`;
    throw new Error(
      `${which}: namespace ${JSON.stringify(asked)} was asked for, but this client is of namespace ${JSON.stringify(namespace)}`,
    );
  };
  const at = (resource: Resource, key: NamespacedName): NamespacedName =>
    resource.scope === "Cluster" ? key : { ...key, namespace: check(resource, key.namespace, key.name) };
  const put = <T extends KubeObject>(resource: Resource, object: T): T => {
    if (resource.scope === "Cluster") return object;
    const { metadata } = object;
    const name = metadata?.name ?? metadata?.generateName ?? "";
    return { ...object, metadata: { ...metadata, namespace: check(resource, metadata?.namespace, name) } };
  };
  const within = <O extends { readonly namespace?: string }>(resource: Resource, options: O | undefined): O =>
    (resource.scope === "Cluster"
      ? options
      : { ...options, namespace: check(resource, options?.namespace, undefined) }) as O;

  const subresource = (inner: SubresourceClient): SubresourceClient => ({
    get: async (resource, key, options) => inner.get(resource, at(resource, key), options),
    create: async (resource, key, body, options) => inner.create(resource, at(resource, key), body, options),
    update: async (resource, object, options) => inner.update(resource, put(resource, object), options),
    patchJson: async (resource, key, operations, options) =>
      inner.patchJson(resource, at(resource, key), operations, options),
    patchMerge: async (resource, key, patch, options) => inner.patchMerge(resource, at(resource, key), patch, options),
    apply: async (resource, object, options) => inner.apply(resource, put(resource, object), options),
  });

  return {
    get: async (resource, key, options) => client.get(resource, at(resource, key), options),
    find: async (resource, key, options) => client.find(resource, at(resource, key), options),
    list: async (resource, options) => client.list(resource, within(resource, options)),
    create: async (resource, object, options) => client.create(resource, put(resource, object), options),
    update: async (resource, object, options) => client.update(resource, put(resource, object), options),
    patchJson: async (resource, key, operations, options) =>
      client.patchJson(resource, at(resource, key), operations, options),
    patchMerge: async (resource, key, patch, options) => client.patchMerge(resource, at(resource, key), patch, options),
    patchStrategic: async (resource, key, patch, options) =>
      client.patchStrategic(resource, at(resource, key), patch, options),
    apply: async (resource, object, options) => client.apply(resource, put(resource, object), options),
    delete: async (resource, key, options) => client.delete(resource, at(resource, key), options),
    deleteAll: async (resource, options) => client.deleteAll(resource, within(resource, options)),
    async *watch(resource, options) {
      yield* client.watch(resource, within(resource, options));
    },
    status: subresource(client.status),
    subresource: (name) => subresource(client.subresource(name)),
    scale: {
      get: async (resource, key, options) => client.scale.get(resource, at(resource, key), options),
      set: async (resource, key, replicas, options) => client.scale.set(resource, at(resource, key), replicas, options),
    },
  };
}
