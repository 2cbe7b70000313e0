import type { KubeObject, NamespacedName, Resource, Stored } from "@homeostat/api";
import { type Contents, createContents } from "./contents.ts";
import type { IndexFunction } from "./indexes.ts";
import { createObjectReader } from "./object-reader.ts";
import { createObjectSpans } from "./object-scanner.ts";
import { createProjector, type Projection } from "./projection.ts";
import { compareResourceVersions } from "./resource-version.ts";
import { createSlabs } from "./slabs.ts";
import type { CachedObject, Store, StoreEvent } from "./store.ts";
import { StoredObject } from "./stored-object.ts";
import { nextTurn, stepObjects } from "./turns.ts";

/**
 * A store that holds the bytes of objects. An object is scanned when it arrives, its managedFields are left out, and
 * it is parsed when somebody asks.
 *
 * Order of things: the store is changed first and tells afterwards, so a handler finds the state it is told of, or a
 * newer one. What a watch brings happens in the turn of the event loop in which it arrived. A list takes the store's place
 * in one step; what it changes is told in steps of some hundred objects, a turn of the event loop apart.
 */
export interface ByteStore<T extends KubeObject = KubeObject> extends Store<T> {
  readonly resourceVersion: string | undefined;
  onProgress(listener: () => void): () => void;
  readonly indexNames: readonly string[];
  /** What is held, by key: changes with the store until a new list takes its place, and there is another one. */
  readonly objects: ReadonlyMap<string, CachedObject<T>>;
  /** Whether a list has taken its place of which not everything was told yet. */
  readonly telling: boolean;
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
  /**
   * Makes the gathered objects the store's at once, then tells what that changes. Until it is told, `apply` and another
   * `commit` must wait.
   *
   * @returns nothing where everything was told already; otherwise a promise of that
   */
  commit(resourceVersion: string): Promise<void> | undefined;
  abandon(): void;
}

export interface ByteStoreOptions<T extends KubeObject> extends Projection<T> {
  readonly resource: Resource<T>;
  /** Told of each change, after it was made. */
  readonly onEvent?: (event: StoreEvent<T>) => void;
  /** Objects come as PartialObjectMetadata; they are kept under the kind of `resource`. Default false. */
  readonly metadataOnly?: boolean;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  /** See {@link createSlabs}. */
  readonly slabBytes?: number;
}

/** @throws Error where `drop` names what cannot be left out */
export function createByteStore<T extends KubeObject>(options: ByteStoreOptions<T>): ByteStore<T> {
  const { resource, onEvent = () => {} } = options;
  const slabs = createSlabs(options.slabBytes === undefined ? {} : { slabBytes: options.slabBytes });
  const spans = createObjectSpans();
  const reader = createObjectReader(options);
  const project = createProjector(resource, options);
  const registered = new Map<string, IndexFunction<T>>();
  const progress = new Set<() => void>();
  // Lists that are being gathered.
  const gathering = new Set<Contents<T>>();
  let contents = createContents(resource, registered);
  let synced = false;
  let telling = false;
  let resourceVersion: string | undefined;

  /** Of what was scanned last. */
  const make = (scanned: Buffer, old: StoredObject<T> | undefined, key: string): StoredObject<T> => {
    let bytes = reader.withKind(scanned, spans);
    if (project) {
      bytes = project(bytes, spans.start, spans.end);
      reader.rescan(bytes, spans);
    }
    return new StoredObject<T>(bytes, spans, reader.insertion(spans), old ?? reader.strings(bytes, spans, key), slabs);
  };

  const advanced = (version: string): void => {
    if (resourceVersion === undefined || compareResourceVersions(version, resourceVersion) > 0)
      resourceVersion = version;
    for (const listener of progress) listener();
  };

  const applyDelete = (bytes: Buffer, key: string): string => {
    const old = contents.objects.get(key);
    const version = reader.version(bytes, spans);
    if (!old) return version;
    // The event carries the last state, which may be newer than what is held.
    const last = make(bytes, old, key);
    contents.drop(old);
    slabs.release(old);
    slabs.release(last);
    onEvent({ type: "deleted", object: last, stale: false });
    return version;
  };

  /** What a new list changes, object by object. What vanished comes first, as it happened before the list. */
  const changes = function* (
    before: Contents<T>,
    after: ReadonlyMap<string, StoredObject<T>>,
    initial: boolean,
  ): Generator<StoreEvent<T> | undefined, void, void> {
    for (const old of before.objects.values()) {
      slabs.release(old);
      yield after.get(old.key)?.uid === old.uid ? undefined : { type: "deleted", object: old, stale: true };
    }
    for (const object of after.values()) {
      const old = before.objects.get(object.key);
      if (old?.uid !== object.uid) yield { type: "added", object, initial };
      else yield { type: "updated", object, old, resync: old.resourceVersion === object.resourceVersion };
    }
  };

  const store: ByteStore<T> = {
    resource,
    get synced() {
      return synced;
    },
    get objects() {
      return contents.objects;
    },
    get telling() {
      return telling;
    },
    get size() {
      return contents.objects.size;
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
    get indexNames() {
      return [...registered.keys()];
    },
    onProgress(listener) {
      progress.add(listener);
      return () => progress.delete(listener);
    },
    get: (key) => contents.objects.get(keyOf(resource, key))?.object(),
    peek: (key) => contents.objects.get(keyOf(resource, key)),
    list: (list = {}): Stored<T>[] => contents.inOrder(list).map((object) => object.object()),
    *entries(list = {}): Generator<CachedObject<T>, void, void> {
      // A copy: what happens between two steps must not disturb the walk.
      yield* list.limit === undefined ? [...contents.select(list)] : contents.inOrder(list);
    },
    addIndex(name, values) {
      const known = registered.get(name);
      if (known === values) return;
      if (known)
        throw new Error(
          `${resource.plural}: index ${JSON.stringify(name)} is registered already with another function`,
        );
      registered.set(name, values);
      for (const each of [contents, ...gathering]) each.addIndex(name, values);
    },
    apply(type, bytes, start, end) {
      const key = reader.scan(bytes, start, end, project !== undefined, spans);
      if (type === "DELETED") return applyDelete(bytes, key);
      const old = contents.objects.get(key);
      const version = reader.version(bytes, spans);
      // Told before, word for word.
      if (old && old.resourceVersion === version && reader.hasUid(bytes, spans, old.uid)) return version;
      const object = make(bytes, old, key);
      contents.put(object);
      if (old) slabs.release(old);
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
      const next = createContents(resource, registered);
      gathering.add(next);
      return {
        add(bytes, start, end, whole) {
          const key = reader.scan(bytes, start, end, whole || project !== undefined, spans);
          const sourceEnd = spans.end;
          const former = next.put(make(bytes, contents.objects.get(key), key));
          if (former) slabs.release(former);
          return sourceEnd;
        },
        remove(bytes, start, end) {
          const object = next.objects.get(reader.scan(bytes, start, end, false, spans));
          if (!object) return;
          next.drop(object);
          slabs.release(object);
        },
        abandon() {
          if (!gathering.delete(next)) return;
          for (const object of next.objects.values()) slabs.release(object);
        },
        commit(version) {
          gathering.delete(next);
          const steps = changes(contents, next.objects, !synced);
          contents = next;
          synced = true;
          resourceVersion = version;
          return tellInSteps(steps, version);
        },
      };
    },
    clear() {
      for (const object of contents.objects.values()) slabs.release(object);
      contents = createContents(resource, registered);
      synced = false;
      resourceVersion = undefined;
    },
  };

  const tellInSteps = (
    steps: Iterator<StoreEvent<T> | undefined, void, void>,
    version: string,
  ): Promise<void> | undefined => {
    telling = true;
    /** @returns whether there is more */
    const tellSome = (): boolean => {
      for (let visited = 0; visited < stepObjects; visited++) {
        const { done, value } = steps.next();
        if (done) {
          telling = false;
          advanced(version);
          return false;
        }
        if (value) onEvent(value);
      }
      return true;
    };
    if (!tellSome()) return undefined;
    return (async () => {
      do await nextTurn();
      while (tellSome());
    })();
  };

  for (const [name, values] of Object.entries(options.indexes ?? {})) store.addIndex(name, values);
  return store;
}

/** The same string for the same object, always. */
function keyOf(resource: Resource, { namespace, name }: NamespacedName): string {
  return resource.scope === "Namespaced" && namespace ? `${namespace}/${name}` : name;
}
