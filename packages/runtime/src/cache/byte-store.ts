import {
  type KubeObject,
  type LabelMatcher,
  labelMatcher,
  type NamespacedName,
  parseLabelSelector,
  type Resource,
  type Stored,
} from "@homeostat/api";
import { createIndex, type Index, type IndexFunction, namespaceIndex, ownerIndex } from "./indexes.ts";
import { createObjectReader } from "./object-reader.ts";
import { createObjectSpans } from "./object-scanner.ts";
import { compareResourceVersions } from "./resource-version.ts";
import { createSlabs } from "./slabs.ts";
import type { CachedObject, Store, StoreEvent, StoreListOptions } from "./store.ts";
import { StoredObject } from "./stored-object.ts";

/**
 * A store that holds the bytes of objects. An object is scanned when it arrives, its managedFields are left out, and
 * it is parsed when somebody asks.
 *
 * Order of things: the store is changed first and tells afterwards, so a handler finds the state it is told of, or a
 * newer one. Everything happens in the turn of the event loop in which the bytes arrived.
 */
export interface ByteStore<T extends KubeObject = KubeObject> extends Store<T> {
  readonly resourceVersion: string | undefined;
  onProgress(listener: () => void): () => void;
  /** Bytes of the objects held. */
  readonly bytes: number;
  /** Bytes of memory held for them. */
  readonly heldBytes: number;
  /** Adds an index, over what is there already too. @throws where the name is taken by another function */
  addIndex(name: string, values: IndexFunction<T>): void;
  /**
   * Takes an event of a watch. What the object's bytes are is checked only as far as they are scanned.
   *
   * @returns the object's resourceVersion
   * @throws WrongKindError where the object is of another kind; nothing is changed then
   */
  apply(type: "ADDED" | "MODIFIED" | "DELETED", bytes: Buffer, start: number, end: number): string;
  /** The view is now known to contain everything up to this version. */
  advance(resourceVersion: string): void;
  /** Begins to gather a new list; the store stays as it is until that is committed. */
  replace(): Replacement;
  /** Forgets everything, telling nobody. */
  clear(): void;
}

export interface Replacement {
  /**
   * @param end where the object ends, or how far it may reach where `whole`
   * @param whole whether its end is to be found
   * @returns where it ends
   */
  add(bytes: Buffer, start: number, end: number, whole: boolean): number;
  /** An event of a streamed list that takes an object back. */
  remove(bytes: Buffer, start: number, end: number): void;
  /** Makes the gathered objects the store's, and tells what that changes. */
  commit(resourceVersion: string): void;
  abandon(): void;
}

export interface ByteStoreOptions<T extends KubeObject> {
  readonly resource: Resource<T>;
  /** Told of each change, after it was made. */
  readonly onEvent?: (event: StoreEvent<T>) => void;
  /** Objects come as PartialObjectMetadata; they are kept under the kind of `resource`. Default false. */
  readonly metadataOnly?: boolean;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  /** See {@link createSlabs}. */
  readonly slabBytes?: number;
}

export function createByteStore<T extends KubeObject>(options: ByteStoreOptions<T>): ByteStore<T> {
  const { resource, onEvent = () => {} } = options;
  const slabs = createSlabs(options.slabBytes === undefined ? {} : { slabBytes: options.slabBytes });
  const spans = createObjectSpans();
  const reader = createObjectReader(options);
  const owners = ownerIndex<T>();
  const namespaces = namespaceIndex<T>();
  const registered = new Map<string, { readonly values: IndexFunction<T>; readonly index: Index<T> }>();
  const progress = new Set<() => void>();
  const objects = new Map<string, StoredObject<T>>();
  // Keys in order of namespace and name, until one comes or goes.
  let sorted: readonly string[] | undefined;
  let synced = false;
  let resourceVersion: string | undefined;

  /** Of what was scanned last. */
  const make = (scanned: Buffer, old: StoredObject<T> | undefined, key: string): StoredObject<T> => {
    const bytes = reader.withKind(scanned, spans);
    return new StoredObject<T>(bytes, spans, reader.insertion(spans), old ?? reader.strings(bytes, spans, key), slabs);
  };

  const reindex = (old: StoredObject<T> | undefined, now: StoredObject<T> | undefined): void => {
    owners.update(old, now);
    if (!old || !now) {
      namespaces.update(old, now);
      sorted = undefined;
    }
    for (const { index } of registered.values()) index.update(old, now);
  };

  const put = (object: StoredObject<T>): StoredObject<T> | undefined => {
    const old = objects.get(object.key);
    objects.set(object.key, object);
    reindex(old, object);
    if (old) slabs.release(old);
    return old;
  };

  const drop = (object: StoredObject<T>): void => {
    objects.delete(object.key);
    reindex(object, undefined);
    slabs.release(object);
  };

  const advanced = (version: string): void => {
    if (resourceVersion === undefined || compareResourceVersions(version, resourceVersion) > 0)
      resourceVersion = version;
    if (progress.size > 0) for (const listener of [...progress]) listener();
  };

  const applyDelete = (bytes: Buffer, key: string): string => {
    const old = objects.get(key);
    const version = reader.version(bytes, spans);
    if (!old) return version;
    // The event carries the last state, which may be newer than what is held.
    const last = make(bytes, old, key);
    drop(old);
    slabs.release(last);
    onEvent({ type: "deleted", object: last, stale: false });
    return version;
  };

  const selected = function* (list: StoreListOptions): Generator<StoredObject<T>, void, void> {
    const labels = matcherOf(list.labelSelector);
    for (const object of candidates(list)) {
      if (list.namespace !== undefined && object.namespace !== list.namespace) continue;
      if (labels && !labels.matches(object.labels)) continue;
      yield object;
    }
  };

  /** By the narrowest index; what it leaves open is checked object by object. */
  const candidates = (list: StoreListOptions): Iterable<StoredObject<T>> => {
    const sets: ReadonlySet<string>[] = [];
    if (list.ownerUid !== undefined) sets.push(owners.keys(list.ownerUid));
    if (list.index) {
      const found = registered.get(list.index.name);
      if (!found)
        throw new Error(
          `${resource.plural}: there is no index ${JSON.stringify(list.index.name)}; register it with the watch`,
        );
      sets.push(found.index.keys(list.index.value));
    }
    if (sets.length === 0)
      return list.namespace === undefined ? objects.values() : lookUp([...namespaces.keys(list.namespace)]);
    const [smallest, ...others] = sets.sort((a, b) => a.size - b.size);
    return lookUp([...smallest!].filter((key) => others.every((other) => other.has(key))));
  };

  const lookUp = (keys: readonly string[]): StoredObject<T>[] => keys.flatMap((key) => objects.get(key) ?? []);

  const inOrder = (list: StoreListOptions): readonly StoredObject<T>[] => {
    const everything =
      list.namespace === undefined && list.labelSelector === undefined && list.ownerUid === undefined && !list.index;
    if (everything) return lookUp((sorted ??= [...objects.values()].sort(byName).map(({ key }) => key)));
    return [...selected(list)].sort(byName);
  };

  const store: ByteStore<T> = {
    resource,
    get synced() {
      return synced;
    },
    get size() {
      return objects.size;
    },
    get resourceVersion() {
      return resourceVersion;
    },
    get bytes() {
      return slabs.liveBytes;
    },
    get heldBytes() {
      return slabs.heldBytes;
    },
    onProgress(listener) {
      progress.add(listener);
      return () => progress.delete(listener);
    },
    get: (key) => objects.get(keyOf(resource, key))?.object(),
    peek: (key) => objects.get(keyOf(resource, key)),
    list: (list = {}): Stored<T>[] => inOrder(list).map((object) => object.object()),
    *entries(list = {}): Generator<CachedObject<T>, void, void> {
      // A copy: what happens between two steps must not disturb the walk.
      yield* [...selected(list)];
    },
    addIndex(name, values) {
      const known = registered.get(name);
      if (known) {
        if (known.values === values) return;
        throw new Error(
          `${resource.plural}: index ${JSON.stringify(name)} is registered already with another function`,
        );
      }
      const index = createIndex<T>(values);
      for (const object of objects.values()) index.update(undefined, object);
      registered.set(name, { values, index });
    },
    apply(type, bytes, start, end) {
      const key = reader.scan(bytes, start, end, false, spans);
      if (type === "DELETED") return applyDelete(bytes, key);
      const old = objects.get(key);
      const version = reader.version(bytes, spans);
      // Told before, word for word.
      if (old && old.resourceVersion === version && reader.hasUid(bytes, spans, old.uid)) return version;
      const object = make(bytes, old, key);
      put(object);
      if (!old) onEvent({ type: "added", object, initial: false });
      else if (old.uid === object.uid) onEvent({ type: "updated", object, old, resync: false });
      else {
        // Deleted and made anew; the watch did not tell (it may begin in between).
        onEvent({ type: "deleted", object: old, stale: true });
        onEvent({ type: "added", object, initial: false });
      }
      return version;
    },
    advance: advanced,
    replace: () => {
      const gathered = new Map<string, StoredObject<T>>();
      const forget = (object: StoredObject<T> | undefined): void => {
        if (object) slabs.release(object);
      };
      return {
        add(bytes, start, end, whole) {
          const key = reader.scan(bytes, start, end, whole, spans);
          const sourceEnd = spans.end;
          forget(gathered.get(key));
          gathered.set(key, make(bytes, objects.get(key), key));
          return sourceEnd;
        },
        remove(bytes, start, end) {
          const key = reader.scan(bytes, start, end, false, spans);
          forget(gathered.get(key));
          gathered.delete(key);
        },
        abandon() {
          for (const object of gathered.values()) slabs.release(object);
          gathered.clear();
        },
        commit(version) {
          const events = commit(gathered);
          synced = true;
          resourceVersion = version;
          for (const event of events) onEvent(event);
          advanced(version);
        },
      };
    },
    clear() {
      for (const object of [...objects.values()]) drop(object);
      synced = false;
      resourceVersion = undefined;
    },
  };

  /** Puts a gathered list in the store's place. What vanished is told first, as it happened before the list. */
  const commit = (gathered: Map<string, StoredObject<T>>): StoreEvent<T>[] => {
    const events: StoreEvent<T>[] = [];
    for (const old of [...objects.values()]) {
      if (gathered.get(old.key)?.uid === old.uid) continue;
      drop(old);
      events.push({ type: "deleted", object: old, stale: true });
    }
    for (const object of gathered.values()) {
      const old = objects.get(object.key);
      if (old && old.resourceVersion === object.resourceVersion) {
        slabs.release(object);
        events.push({ type: "updated", object: old, old, resync: true });
        continue;
      }
      put(object);
      events.push(old ? { type: "updated", object, old, resync: false } : { type: "added", object, initial: !synced });
    }
    return events;
  };

  for (const [name, values] of Object.entries(options.indexes ?? {})) store.addIndex(name, values);
  return store;
}

function matcherOf(selector: StoreListOptions["labelSelector"]): LabelMatcher | undefined {
  if (selector === undefined) return undefined;
  return typeof selector === "string" ? parseLabelSelector(selector) : labelMatcher({ matchLabels: selector });
}

/** The same string for the same object, always. */
function keyOf(resource: Resource, { namespace, name }: NamespacedName): string {
  return resource.scope === "Namespaced" && namespace ? `${namespace}/${name}` : name;
}

/** By namespace, then by name; not by key, in which `/` would stand before some letters and after others. */
function byName(a: StoredObject, b: StoredObject): number {
  if (a.namespace !== b.namespace) return (a.namespace ?? "") < (b.namespace ?? "") ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
