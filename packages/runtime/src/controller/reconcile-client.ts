import { groupResource, type KubeObject, type NamespacedName, type Resource, type Status, type Stored } from "@homeostat/api";
import type { Cache } from "../cache/cache.ts";
import type {
  ApplyOptions,
  Client,
  DeleteOptions,
  ListOptions,
  ReadOptions,
  ScaleClient,
  SubresourceClient,
  WriteOptions,
} from "../client/client.ts";
import type { LedgerWrite } from "../ledger/cause.ts";

/** A write made during a reconcile, with what the loop guard needs beyond the ledger. */
export interface ReconcileWrite extends LedgerWrite {
  readonly kind: string;
  readonly uid: string | undefined;
  /** Of the object after the write; undefined when it is gone. */
  readonly resourceVersion: string | undefined;
  /** The object after the write. */
  readonly object: KubeObject | undefined;
}

export interface ReconcileClientOptions {
  readonly client: Client;
  readonly cache: Cache;
  readonly fieldManager: string;
  /** Asked for at the first request, so that a reconcile without requests makes no AbortController. */
  readonly signal: () => AbortSignal;
  readonly onWrite: (write: ReconcileWrite) => void;
}

/**
 * The client of one reconcile: everything goes to the manager's client, with the controller as field manager, the
 * reconcile's signal, and every write told. Whether a write changed something is judged by the resourceVersion that
 * was known before: the server answers a write that changes nothing with the old one.
 */
export function reconcileClient(options: ReconcileClientOptions): Client {
  const { client, onWrite } = options;
  const known = new Map<string, string>();

  const read = <O extends ReadOptions>(given: O | undefined): O => ({ signal: options.signal(), ...given }) as O;
  const write = <O extends WriteOptions>(given: O | undefined): O =>
    ({ fieldManager: options.fieldManager, signal: options.signal(), ...given }) as O;

  function told<T extends KubeObject>(
    verb: string,
    resource: Resource,
    subresource: string | undefined,
    given: WriteOptions | DeleteOptions | undefined,
    key: NamespacedName,
    result: T | Status | undefined,
  ): void {
    if (given?.dryRun) return;
    const object = result?.kind === "Status" ? undefined : (result as KubeObject | undefined);
    const { namespace = key.namespace, name = key.name, uid, resourceVersion } = object?.metadata ?? {};
    const id = `${groupResource(resource)}/${namespace ?? ""}/${name}`;
    const before =
      known.get(id) ?? options.cache.store(resource)?.peek({ name, ...(namespace ? { namespace } : {}) })?.metadata.resourceVersion;
    if (resourceVersion !== undefined) known.set(id, resourceVersion);
    onWrite({
      verb,
      resource: groupResource(resource),
      ...(subresource === undefined ? {} : { subresource }),
      namespace,
      name,
      changed: resourceVersion === undefined || resourceVersion !== before,
      kind: resource.kind,
      uid,
      resourceVersion,
      object,
    });
  }

  const keyOf = (object: KubeObject): NamespacedName => ({
    name: object.metadata?.name ?? object.metadata?.generateName ?? "",
    ...(object.metadata?.namespace ? { namespace: object.metadata.namespace } : {}),
  });

  const subresource = (name: string): SubresourceClient => {
    const inner = name === "status" ? client.status : client.subresource(name);
    return {
      get: (resource, key, given) => inner.get(resource, key, read(given)),
      async create(resource, key, body, given) {
        const result = await inner.create(resource, key, body, write(given));
        told("create", resource, name, given, key, undefined);
        return result;
      },
      async update(resource, object, given) {
        const result = await inner.update(resource, object, write(given));
        told("update", resource, name, given, keyOf(object), result);
        return result;
      },
      async patchJson(resource, key, operations, given) {
        const result = await inner.patchJson(resource, key, operations, write(given));
        told("patch", resource, name, given, key, result);
        return result;
      },
      async patchMerge(resource, key, patch, given) {
        const result = await inner.patchMerge(resource, key, patch, write(given));
        told("patch", resource, name, given, key, result);
        return result;
      },
      async apply(resource, object, given) {
        const result = await inner.apply(resource, object, write<ApplyOptions>(given));
        told("apply", resource, name, given, keyOf(object), result);
        return result;
      },
    };
  };

  const scale: ScaleClient = {
    get: (resource, key, given) => client.scale.get(resource, key, read(given)),
    async set(resource, key, replicas, given) {
      const result = await client.scale.set(resource, key, replicas, write(given));
      // The Scale carries the resourceVersion of the object it belongs to.
      told("update", resource, "scale", given, key, result);
      return result;
    },
  };

  return {
    get: (resource, key, given) => client.get(resource, key, read(given)),
    find: (resource, key, given) => client.find(resource, key, read(given)),
    list: (resource, given) => client.list(resource, read<ListOptions>(given)),
    watch: (resource, given) => client.watch(resource, { signal: options.signal(), ...given }),
    async create(resource, object, given) {
      const result = await client.create(resource, object, write(given));
      told("create", resource, undefined, given, keyOf(object), result);
      return result;
    },
    async update(resource, object, given) {
      const result = await client.update(resource, object, write(given));
      told("update", resource, undefined, given, keyOf(object), result);
      return result;
    },
    async patchJson(resource, key, operations, given) {
      const result = await client.patchJson(resource, key, operations, write(given));
      told("patch", resource, undefined, given, key, result);
      return result;
    },
    async patchMerge(resource, key, patch, given) {
      const result = await client.patchMerge(resource, key, patch, write(given));
      told("patch", resource, undefined, given, key, result);
      return result;
    },
    async patchStrategic(resource, key, patch, given) {
      const result = await client.patchStrategic(resource, key, patch, write(given));
      told("patch", resource, undefined, given, key, result);
      return result;
    },
    async apply(resource, object, given) {
      const result = await client.apply(resource, object, write<ApplyOptions>(given));
      told("apply", resource, undefined, given, keyOf(object), result);
      return result;
    },
    async delete<T extends KubeObject>(resource: Resource<T>, key: NamespacedName, given?: DeleteOptions): Promise<Stored<T> | Status> {
      const result = await client.delete(resource, key, { signal: options.signal(), ...given });
      told("delete", resource, undefined, given, key, result);
      return result;
    },
    async deleteAll(resource, given) {
      await client.deleteAll(resource, { signal: options.signal(), ...given });
      told("deletecollection", resource, undefined, given, { name: "*" }, undefined);
    },
    status: subresource("status"),
    subresource,
    scale,
  };
}
