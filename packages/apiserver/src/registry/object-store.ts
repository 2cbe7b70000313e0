import { isDeepStrictEqual } from "node:util";
import { apiVersionOf, type JsonObject } from "@homeostat/api";
import { copyJson } from "../patch/json-value.ts";
import type { Entry, Storage } from "../storage/storage.ts";
import type { Catalog } from "./catalog.ts";
import { metaOf } from "./object.ts";
import type { ServedResource, Strategy } from "./served-resource.ts";

/** What selectors and the columns of a list need to know of an object, without its bytes being parsed again. */
export interface Attributes {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * Objects in the storage: their keys, their bytes, and what is remembered about them.
 *
 * Bytes are stored as they are answered, so a read that needs no conversion and no transformation copies bytes and
 * parses nothing. A custom object written under an older schema is the exception: defaults and pruning of the present
 * schema apply when it is read.
 */
export interface ObjectStore {
  readonly storage: Storage;
  prefix(served: ServedResource, namespace?: string): string;
  key(served: ServedResource, namespace: string | undefined, name: string): string;
  /** Of an entry in a version that takes a webhook, only what {@link readAttributes} has read is right in `fields`. */
  attributes(served: ServedResource, entry: Entry): Attributes;
  /** Whether the selectable fields of stored objects take a conversion to be known. */
  convertsFields(served: ServedResource): boolean;
  /** Converts entries for their selectable fields, all at once, so that `attributes` knows them. */
  readAttributes(served: ServedResource, entries: readonly Entry[]): Promise<void>;
  /** The stored object, in the form of `served`. Parsed anew on each call: the caller's own. */
  object(served: ServedResource, entry: Entry): Promise<JsonObject>;
  /** The stored objects, converted all at once where that takes a webhook. */
  objects(served: ServedResource, entries: readonly Entry[]): Promise<JsonObject[]>;
  /** The same as JSON bytes; those of the storage where nothing has to be done to them. */
  bytes(served: ServedResource, entry: Entry): Promise<Uint8Array>;
  /** Whether `bytes` is the stored value itself. */
  isVerbatim(served: ServedResource, entry: Entry): boolean;
  /** Whether the entry was written before its kind got another storage version: the next write brings it there. */
  isOutdated(served: ServedResource, entry: Entry): boolean;
  /** How to write an object, which must be in the form of the storage version. */
  encoder(object: JsonObject): (revision: number) => Uint8Array;
  /** Remembers of an entry just written what is known already. `object` is in the form of the storage version. */
  written(served: ServedResource, entry: Entry, object: JsonObject): void;
}

const utf8 = new TextEncoder();
const text = new TextDecoder();

export function parseEntry(entry: Entry): JsonObject {
  return JSON.parse(text.decode(entry.value)) as JsonObject;
}

/** Root keys in the order in which Kubernetes writes them, so that type and metadata come first in every stream. */
export function encodeObject(object: JsonObject): Uint8Array {
  const { kind, apiVersion, metadata, ...rest } = object;
  return utf8.encode(JSON.stringify({ kind, apiVersion, metadata, ...rest }));
}

export function createObjectStore(storage: Storage, catalog: Catalog): ObjectStore {
  // By strategy: two groups, or two versions, that show the same entry select by different fields.
  const known = new WeakMap<Strategy, WeakMap<Entry, Attributes>>();
  // The schema under which an entry was last brought into shape.
  const shapedBy = new WeakMap<Entry, ServedResource["schema"]>();

  const attributesOf = (served: ServedResource, object: JsonObject): Attributes => {
    const meta = metaOf(object);
    const namespace = meta.namespace ?? "";
    const name = meta.name ?? "";
    return {
      namespace,
      name,
      labels: meta.labels ?? {},
      fields: { "metadata.name": name, "metadata.namespace": namespace, ...served.strategy.fields?.(object) },
    };
  };

  const knownOf = ({ strategy }: ServedResource): WeakMap<Entry, Attributes> => {
    let remembered = known.get(strategy);
    if (!remembered) {
      remembered = new WeakMap();
      known.set(strategy, remembered);
    }
    return remembered;
  };

  const isVerbatim = (served: ServedResource, entry: Entry): boolean => {
    const stored = catalog.storageOf(served);
    return stored === served && (!served.custom || shapedBy.get(entry) === served.schema);
  };

  const object = async (served: ServedResource, entry: Entry): Promise<JsonObject> => {
    const parsed = parseEntry(entry);
    // What is stored says in which version: the storage version may have been another one when it was written.
    const asIs = parsed["apiVersion"] === apiVersionOf(served.resource);
    return inShape(served, entry, asIs ? parsed : await served.convert(parsed), asIs);
  };

  const objects = async (served: ServedResource, entries: readonly Entry[]): Promise<JsonObject[]> => {
    if (!served.convertAll) return Promise.all(entries.map((entry) => object(served, entry)));
    const parsed = entries.map(parseEntry);
    const converted = await served.convertAll(parsed);
    const apiVersion = apiVersionOf(served.resource);
    return entries.map((entry, index) =>
      inShape(served, entry, converted[index]!, parsed[index]!["apiVersion"] === apiVersion),
    );
  };

  const inShape = (served: ServedResource, entry: Entry, converted: JsonObject, asIs: boolean): JsonObject => {
    if (served.custom && !isVerbatim(served, entry)) {
      const before = asIs && catalog.storageOf(served) === served ? copyJson(converted) : undefined;
      served.schema.decode(converted);
      served.schema.default(converted);
      // Most objects fit the new schema as they are: from now on they are read as bytes again.
      if (before && isDeepStrictEqual(before, converted)) shapedBy.set(entry, served.schema);
    }
    return converted;
  };

  return {
    storage,
    prefix(served, namespace) {
      const { group, plural } = served.storedAs ?? served.resource;
      return `/${group || "core"}/${plural}/${namespace ? `${namespace}/` : ""}`;
    },
    key(served, namespace, name) {
      return this.prefix(served, served.resource.scope === "Namespaced" ? namespace : undefined) + name;
    },
    attributes(served, entry) {
      const remembered = knownOf(served);
      let attributes = remembered.get(entry);
      if (!attributes) {
        attributes = attributesOf(served, parseEntry(entry));
        remembered.set(entry, attributes);
      }
      return attributes;
    },
    convertsFields: (served) => served.convertAll !== undefined && served.strategy.fields !== undefined,
    async readAttributes(served, entries) {
      const remembered = knownOf(served);
      const unknown = entries.filter((entry) => !remembered.has(entry));
      if (unknown.length === 0) return;
      const converted = await objects(served, unknown);
      for (const [index, entry] of unknown.entries()) remembered.set(entry, attributesOf(served, converted[index]!));
    },
    object,
    objects,
    async bytes(served, entry) {
      return isVerbatim(served, entry) ? entry.value : encodeObject(await object(served, entry));
    },
    isVerbatim,
    isOutdated(served, entry) {
      const stored = catalog.storageOf(served);
      if (!served.custom || isVerbatim(stored, entry)) return false;
      return parseEntry(entry)["apiVersion"] !== apiVersionOf(stored.resource);
    },
    written(served, entry, value) {
      const stored = catalog.storageOf(served);
      knownOf(stored).set(entry, attributesOf(stored, value));
      shapedBy.set(entry, stored.schema);
    },
    encoder(value) {
      return (revision) => {
        (value["metadata"] as JsonObject)["resourceVersion"] = String(revision);
        return encodeObject(value);
      };
    },
  };
}
