import {
  type Clock,
  groupResource,
  type JsonObject,
  type KubeObject,
  type NamespacedName,
  notFound,
  type Resource,
  type Status,
  type Stored,
  staleResourceVersion,
} from "@homeostat/api";
import type { Cache, CacheWatch, CacheWatchOptions } from "../cache/cache.ts";
import type { CachedObject, Store, StoreEvent, StoreHandler, StoreListOptions } from "../cache/store.ts";
import type { Client, SubresourceClient } from "../client/client.ts";
import { equalJson } from "../ledger/changed-paths.ts";

/**
 * Test support: the smallest world in which controllers can live. Objects with versions, generations, finalizers and
 * the status subresource; writes reach watchers after `latencyMs` of the clock. Apply merges maps, replaces lists, and
 * takes back what the same manager applied before. What it cannot do throws.
 */
export class FakeCluster {
  readonly clock: Clock;
  readonly requests: { verb: string; resource: string; name: string; subresource: string | undefined }[] = [];
  readonly #latencyMs: number;
  readonly #objects = new Map<string, { resource: Resource; object: Stored; writer: string }>();
  readonly #applied = new Map<string, JsonObject>();
  readonly #handlers = new Map<string, Set<StoreHandler>>();
  #version = 1;

  constructor(clock: Clock, latencyMs = 1) {
    this.clock = clock;
    this.#latencyMs = latencyMs;
  }

  /** A client that writes under a name of its own. */
  client(manager = "kubectl"): Client {
    const writes = (subresource?: string): SubresourceClient => ({
      get: async (resource, key) => this.#get(resource, key),
      create: () => unsupported("create of a subresource"),
      patchJson: () => unsupported("json patch"),
      update: async (resource, object, options) =>
        this.#replace("update", resource, object as KubeObject, subresource, options?.fieldManager ?? manager),
      patchMerge: async (resource, key, patch, options) => {
        const next = mergePatch(this.#get(resource, key) as unknown as JsonObject, patch) as KubeObject;
        const locked = (patch["metadata"] as JsonObject | undefined)?.["resourceVersion"];
        const { resourceVersion: _, ...metadata } = next.metadata!;
        const lock = locked === undefined ? metadata : next.metadata!;
        return this.#replace(
          "patch",
          resource,
          { ...next, metadata: lock },
          subresource,
          options?.fieldManager ?? manager,
        );
      },
      apply: async (resource, object, options) =>
        this.#apply(resource, object as KubeObject, subresource, options?.fieldManager ?? manager),
    });
    const main = writes();
    return {
      get: async (resource, key) => this.#get(resource, key),
      find: async (resource, key) => this.object(resource, key),
      list: async (resource, options) => ({
        items: this.list(resource, options?.namespace),
        resourceVersion: `${this.#version}`,
        continue: undefined,
        remainingItemCount: undefined,
      }),
      create: async (resource, object, options) => this.#create(resource, object, options?.fieldManager ?? manager),
      update: main.update,
      patchJson: main.patchJson,
      patchMerge: main.patchMerge,
      patchStrategic: () => unsupported("strategic patch"),
      apply: main.apply,
      delete: async (resource, key, options) => {
        const uid = options?.preconditions?.uid;
        if (uid !== undefined && this.#get(resource, key).metadata.uid !== uid)
          throw staleResourceVersion(resource, key.name);
        return this.#delete(resource, key, manager);
      },
      deleteAll: () => unsupported("deleteAll"),
      watch: () => unsupported("watch"),
      status: writes("status"),
      subresource: (name) => writes(name),
      scale: { get: () => unsupported("scale"), set: () => unsupported("scale") },
    };
  }

  readonly cache: Cache = {
    watch: (resource, options) => this.#watch(resource, options),
    store: (resource) => this.#store(resource),
    unwatched: "live",
    ensure: async (resource) => this.#store(resource),
    remove: (resource) => void this.#handlers.delete(groupResource(resource)),
    setNamespaces: () => unsupported("other namespaces"),
    stop: async () => this.#handlers.clear(),
  };

  object<T extends KubeObject>(resource: Resource<T>, key: NamespacedName): Stored<T> | undefined {
    const found = this.#objects.get(idOf(resource, key));
    return found && (structuredClone(found.object) as Stored<T>);
  }

  list<T extends KubeObject>(resource: Resource<T>, namespace?: string): Stored<T>[] {
    const found = [...this.#objects.values()].filter(
      (each) =>
        groupResource(each.resource) === groupResource(resource) &&
        (!namespace || each.object.metadata.namespace === namespace),
    );
    return found.map((each) => structuredClone(each.object) as Stored<T>);
  }

  #get<T extends KubeObject>(resource: Resource<T>, key: NamespacedName): Stored<T> {
    const found = this.object(resource, key);
    if (!found) throw notFound(resource, key.name);
    return found;
  }

  #note(verb: string, resource: Resource, name: string, subresource?: string): void {
    this.requests.push({ verb, resource: groupResource(resource), name, subresource });
  }

  #create<T extends KubeObject>(resource: Resource<T>, object: T, writer: string): Stored<T> {
    const { name = "", namespace } = object.metadata ?? {};
    this.#note("create", resource, name);
    const id = idOf(resource, { name, ...(namespace ? { namespace } : {}) });
    if (this.#objects.has(id)) throw new Error(`${id} exists already`);
    const version = `${++this.#version}`;
    const stored = structuredClone({
      ...object,
      apiVersion: resource.group ? `${resource.group}/${resource.version}` : resource.version,
      kind: resource.kind,
      metadata: {
        ...object.metadata,
        name,
        uid: `uid-${version}`,
        resourceVersion: version,
        ...("spec" in object ? { generation: 1 } : {}),
      },
    }) as Stored<T>;
    this.#objects.set(id, { resource, object: stored, writer });
    this.#send(resource, { type: "added", object: cached(stored, writer), initial: false });
    return structuredClone(stored);
  }

  #replace<T extends KubeObject>(
    verb: string,
    resource: Resource<T>,
    given: KubeObject,
    subresource: string | undefined,
    writer: string,
  ): Stored<T> {
    const { name = "", namespace, resourceVersion } = given.metadata ?? {};
    this.#note(verb, resource, name, subresource);
    const key = { name, ...(namespace ? { namespace } : {}) };
    const old = this.#get(resource, key) as Stored<KubeObject & { spec?: unknown; status?: unknown }>;
    if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion)
      throw staleResourceVersion(resource, name);
    const next = structuredClone(given) as KubeObject & { spec?: unknown; status?: unknown };
    const split = resource.subresources?.includes("status");
    const merged =
      subresource === "status"
        ? { ...old, status: next.status }
        : { ...next, ...(split ? { status: old.status } : {}) };
    const { apiVersion, kind } = old;
    const metadata = {
      ...(subresource === "status" ? old.metadata : next.metadata),
      uid: old.metadata.uid,
      resourceVersion: old.metadata.resourceVersion,
      generation: old.metadata.generation,
    };
    const candidate = { ...merged, apiVersion, kind, metadata } as Stored<KubeObject & { spec?: unknown }>;
    if (equalJson(candidate, old)) return structuredClone(old) as Stored<T>;
    const counts = old.metadata.generation !== undefined && !equalJson(candidate.spec, old.spec);
    const version = `${++this.#version}`;
    const stored = {
      ...candidate,
      metadata: {
        ...candidate.metadata,
        resourceVersion: version,
        ...(counts ? { generation: old.metadata.generation! + 1 } : {}),
      },
    };
    const id = idOf(resource, key);
    if (stored.metadata.deletionTimestamp !== undefined && !stored.metadata.finalizers?.length) {
      this.#objects.delete(id);
      this.#send(resource, { type: "deleted", object: cached(stored, writer), stale: false });
    } else {
      this.#objects.set(id, { resource, object: stored, writer });
      this.#send(resource, {
        type: "updated",
        object: cached(stored, writer),
        old: cached(old, writer),
        resync: false,
      });
    }
    return structuredClone(stored) as unknown as Stored<T>;
  }

  #apply<T extends KubeObject>(
    resource: Resource<T>,
    given: KubeObject,
    subresource: string | undefined,
    writer: string,
  ): Stored<T> {
    const { name = "", namespace } = given.metadata ?? {};
    const key = { name, ...(namespace ? { namespace } : {}) };
    const id = `${idOf(resource, key)}/${subresource ?? ""}/${writer}`;
    const old = this.object(resource, key);
    const before = this.#applied.get(id);
    this.#applied.set(id, structuredClone(given) as unknown as JsonObject);
    if (!old) return this.#create(resource, given, writer) as Stored<T>;
    const base = before
      ? without(old as unknown as JsonObject, before, given as unknown as JsonObject)
      : (old as unknown as JsonObject);
    const { resourceVersion: _, ...metadata } = (mergePatch(base, given as unknown as JsonObject) as KubeObject)
      .metadata!;
    const next = { ...(mergePatch(base, given as unknown as JsonObject) as KubeObject), metadata };
    return this.#replace("apply", resource, next, subresource, writer);
  }

  #delete<T extends KubeObject>(resource: Resource<T>, key: NamespacedName, writer: string): Stored<T> | Status {
    this.#note("delete", resource, key.name);
    const old = this.#get(resource, key);
    const version = `${++this.#version}`;
    const id = idOf(resource, key);
    if (old.metadata.finalizers?.length) {
      const stored = {
        ...old,
        metadata: { ...old.metadata, resourceVersion: version, deletionTimestamp: "2026-01-01T00:00:00Z" },
      };
      this.#objects.set(id, { resource, object: stored, writer });
      this.#send(resource, {
        type: "updated",
        object: cached(stored, writer),
        old: cached(old, writer),
        resync: false,
      });
      return structuredClone(stored);
    }
    this.#objects.delete(id);
    const gone = { ...old, metadata: { ...old.metadata, resourceVersion: version } };
    this.#send(resource, { type: "deleted", object: cached(gone, writer), stale: false });
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Success",
      details: { name: key.name, uid: old.metadata.uid },
    };
  }

  #send(resource: Resource, event: StoreEvent): void {
    // Who starts to watch later has it in the initial list.
    const handlers = this.#handlers.get(groupResource(resource));
    const told = [...(handlers ?? [])];
    this.clock.setTimer(() => {
      for (const handler of told) if (handlers?.has(handler)) handler(event);
    }, this.#latencyMs);
  }

  #watch<T extends KubeObject>(resource: Resource<T>, options?: CacheWatchOptions<T>): CacheWatch<T> {
    const name = groupResource(resource);
    const handler = options?.handler as StoreHandler | undefined;
    if (handler) {
      this.#handlers.set(name, (this.#handlers.get(name) ?? new Set()).add(handler));
      for (const object of this.list(resource)) handler({ type: "added", object: cached(object, ""), initial: true });
    }
    return {
      store: this.#store(resource),
      synced: async () => {},
      reselect: () => unsupported("reselect"),
      stop: () => void (handler && this.#handlers.get(name)?.delete(handler)),
    };
  }

  #store<T extends KubeObject>(resource: Resource<T>): Store<T> {
    const cluster = this;
    const entries = (options: StoreListOptions = {}): CachedObject<T>[] =>
      cluster
        .list(resource, options.namespace)
        .filter(
          (object) =>
            !options.ownerUid || object.metadata.ownerReferences?.some((owner) => owner.uid === options.ownerUid),
        )
        .filter(
          (object) =>
            typeof options.labelSelector !== "object" ||
            Object.entries(options.labelSelector).every(([k, v]) => object.metadata.labels?.[k] === v),
        )
        .map((object) => cached(object, cluster.#objects.get(idOf(resource, object.metadata))!.writer));
    return {
      resource,
      synced: true,
      get size() {
        return cluster.list(resource).length;
      },
      get: (key) => cluster.object(resource, key),
      list: (options) => entries(options).map((entry) => entry.object()),
      peek: (key) => {
        const object = cluster.object(resource, key);
        return object && cached(object, cluster.#objects.get(idOf(resource, key))!.writer);
      },
      entries,
    };
  }
}

/** Wraps a parsed object as a store would hold it. */
export function cached<T extends KubeObject>(object: Stored<T>, writer: string): CachedObject<T> {
  const {
    name,
    namespace,
    uid,
    resourceVersion,
    generation,
    deletionTimestamp,
    labels,
    annotations,
    ownerReferences,
    finalizers,
  } = object.metadata;
  const metadata = {
    key: namespace ? `${namespace}/${name}` : name,
    name,
    namespace,
    uid,
    resourceVersion,
    generation,
    deletionTimestamp,
    labels: labels ?? {},
    annotations: annotations ?? {},
    ownerReferences: ownerReferences ?? [],
    finalizers: finalizers ?? [],
  };
  return { metadata, ...(writer ? { writer } : {}), object: () => structuredClone(object) };
}

function unsupported(what: string): never {
  throw new Error(`the fake cluster knows no ${what}`);
}

const idOf = (resource: Resource, key: NamespacedName): string =>
  `${groupResource(resource)}/${key.namespace ?? ""}/${key.name}`;

function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const result: JsonObject = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (typeof value === "object" && !Array.isArray(value)) {
      const old = result[key];
      result[key] = mergePatch(typeof old === "object" && old !== null && !Array.isArray(old) ? old : {}, value);
    } else if (value !== undefined) result[key] = value;
  }
  return result;
}

/** Takes out of `object` what `before` set and `now` does not. */
function without(object: JsonObject, before: JsonObject, now: JsonObject): JsonObject {
  const result: JsonObject = { ...object };
  for (const [key, value] of Object.entries(before)) {
    if (!(key in now)) delete result[key];
    else if (typeof value === "object" && value !== null && !Array.isArray(value) && typeof result[key] === "object") {
      result[key] = without(result[key] as JsonObject, value, now[key] as JsonObject);
    }
  }
  return result;
}
