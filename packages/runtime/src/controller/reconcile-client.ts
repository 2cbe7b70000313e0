import { groupResource, type KubeObject, type NamespacedName, type Resource, type Status } from "@homeostat/api";
import type { Cache } from "../cache/cache.ts";
import type {
  ApplyOptions,
  Client,
  DeleteOptions,
  ListOptions,
  ReadOptions,
  RequestOptions,
  ScaleClient,
  SubresourceClient,
  WriteOptions,
} from "../client/client.ts";
import type { LedgerWrite } from "../ledger/cause.ts";
import type { Logger } from "../log.ts";

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
  /** Where warnings of the server about its requests are told. Default: the client's. */
  readonly log?: Logger;
  readonly onWrite: (write: ReconcileWrite) => void;
  /** Told of each write that was refused. */
  readonly onRefused?: (error: unknown, resource: Resource, name: string, namespace: string | undefined) => void;
  /** Called before each write; what it throws is thrown in its place. */
  readonly beforeWrite?: () => void;
}

/** A write of a reconcile whose key has gone to another replica meanwhile. It was not sent. */
export class KeyMovedError extends Error {
  override readonly name = "KeyMovedError";
  readonly code = "KEY_MOVED";

  constructor(key: string) {
    super(`${key} belongs to another replica now: the write was not sent, and that replica reconciles it`);
  }
}

const inNamespace = ({ namespace }: NamespacedName) => (namespace === undefined ? {} : { namespace });

interface Write {
  readonly verb: string;
  readonly resource: Resource;
  readonly subresource?: string;
  readonly key: NamespacedName;
  /** The answer is not the object. */
  readonly foreignBody?: boolean;
}

/**
 * The client of one reconcile: everything goes to the manager's client, with the controller as field manager, the
 * reconcile's signal, and every write told. Whether a write changed something is judged by the resourceVersion that
 * was known before: the server answers a write that changes nothing with the old one.
 */
export function reconcileClient(options: ReconcileClientOptions): Client {
  const { client, onWrite } = options;
  const known = new Map<string, string>();

  const common = (): RequestOptions => ({
    signal: options.signal(),
    ...(options.log && { log: options.log }),
  });
  const read = <O extends ReadOptions>(given: O | undefined): O => ({ ...common(), ...given }) as O;
  const write = <O extends WriteOptions>(given: O | undefined): O =>
    ({ fieldManager: options.fieldManager, ...common(), ...given }) as O;

  /** Makes a write and tells it. What the version was is asked before: the watch may be faster than the answer. */
  async function tracked<R extends KubeObject | Status>(
    write: Write,
    given: WriteOptions | DeleteOptions | undefined,
    send: () => Promise<R>,
  ): Promise<R> {
    const { verb, resource, subresource, key } = write;
    const id = `${groupResource(resource)}/${key.namespace ?? ""}/${key.name}`;
    const before =
      known.get(id) ?? options.cache.store(resource, inNamespace(key))?.peek(key)?.metadata.resourceVersion;
    options.beforeWrite?.();
    let result: R;
    try {
      result = await send();
    } catch (error) {
      options.onRefused?.(error, resource, key.name, key.namespace);
      throw error;
    }
    if (given?.dryRun) return result;
    const object = result.kind === "Status" || write.foreignBody ? undefined : (result as KubeObject);
    const { namespace = key.namespace, name = key.name, uid, resourceVersion } = object?.metadata ?? {};
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
    return result;
  }

  const keyOf = (object: KubeObject): NamespacedName => ({
    name: object.metadata?.name ?? object.metadata?.generateName ?? "",
    ...(object.metadata?.namespace ? { namespace: object.metadata.namespace } : {}),
  });

  const subresource = (name: string): SubresourceClient => {
    const inner = name === "status" ? client.status : client.subresource(name);
    return {
      get: (resource, key, given) => inner.get(resource, key, read(given)),
      create: (resource, key, body, given) =>
        tracked({ verb: "create", resource, subresource: name, key, foreignBody: true }, given, () =>
          inner.create(resource, key, body, write(given)),
        ),
      update: (resource, object, given) =>
        tracked({ verb: "update", resource, subresource: name, key: keyOf(object) }, given, () =>
          inner.update(resource, object, write(given)),
        ),
      patchJson: (resource, key, operations, given) =>
        tracked({ verb: "patch", resource, subresource: name, key }, given, () =>
          inner.patchJson(resource, key, operations, write(given)),
        ),
      patchMerge: (resource, key, patch, given) =>
        tracked({ verb: "patch", resource, subresource: name, key }, given, () =>
          inner.patchMerge(resource, key, patch, write(given)),
        ),
      apply: (resource, object, given) =>
        tracked({ verb: "apply", resource, subresource: name, key: keyOf(object) }, given, () =>
          inner.apply(resource, object, write<ApplyOptions>(given)),
        ),
    };
  };

  const scale: ScaleClient = {
    get: (resource, key, given) => client.scale.get(resource, key, read(given)),
    set: (resource, key, replicas, given) =>
      tracked({ verb: "update", resource, subresource: "scale", key }, given, () =>
        client.scale.set(resource, key, replicas, write(given)),
      ),
  };

  return {
    get: (resource, key, given) => client.get(resource, key, read(given)),
    find: (resource, key, given) => client.find(resource, key, read(given)),
    list: (resource, given) => client.list(resource, read<ListOptions>(given)),
    watch: (resource, given) => client.watch(resource, { signal: options.signal(), ...given }),
    create: (resource, object, given) =>
      tracked({ verb: "create", resource, key: keyOf(object) }, given, () =>
        client.create(resource, object, write(given)),
      ),
    update: (resource, object, given) =>
      tracked({ verb: "update", resource, key: keyOf(object) }, given, () =>
        client.update(resource, object, write(given)),
      ),
    patchJson: (resource, key, operations, given) =>
      tracked({ verb: "patch", resource, key }, given, () => client.patchJson(resource, key, operations, write(given))),
    patchMerge: (resource, key, patch, given) =>
      tracked({ verb: "patch", resource, key }, given, () => client.patchMerge(resource, key, patch, write(given))),
    patchStrategic: (resource, key, patch, given) =>
      tracked({ verb: "patch", resource, key }, given, () => client.patchStrategic(resource, key, patch, write(given))),
    apply: (resource, object, given) =>
      tracked({ verb: "apply", resource, key: keyOf(object) }, given, () =>
        client.apply(resource, object, write<ApplyOptions>(given)),
      ),
    delete: (resource, key, given) =>
      tracked({ verb: "delete", resource, key }, given, () => client.delete(resource, key, { ...common(), ...given })),
    async deleteAll(resource, given) {
      const key = { name: "*", ...(given?.namespace ? { namespace: given.namespace } : {}) };
      await tracked({ verb: "deletecollection", resource, key }, given, async () => {
        await client.deleteAll(resource, { ...common(), ...given });
        return { kind: "Status" } as Status;
      });
    },
    status: subresource("status"),
    subresource,
    scale,
  };
}
