import type { KubeObject } from "@homeostat/api";
import type { CachedMetadata, StoreEvent } from "@homeostat/runtime";
import { type SourceKey, sourceKey } from "../reload/record.ts";
import type { ResourceFacts } from "../rules/decide.ts";

/** A Secret, ConfigMap or SecretProviderClass as it is known here: without its data. */
export interface BookEntry extends ResourceFacts {
  readonly resourceVersion: string;
}

/**
 * What is known of all Secrets and ConfigMaps: names, labels, and the annotations that matter. Their data is not kept;
 * who needs a fingerprint of it asks the server.
 */
export class ResourceBook {
  readonly #entries = new Map<SourceKey, BookEntry>();
  /** By `namespace/Kind`, for patterns and selectors. */
  readonly #byNamespace = new Map<string, Map<string, BookEntry>>();
  /** What is gone, as it was: its annotations still decide. Kept only for what somebody depended on. */
  readonly #gone = new Map<SourceKey, BookEntry>();
  readonly #annotations: readonly string[];

  /** @param annotations names of those to keep */
  constructor(annotations: readonly string[]) {
    this.#annotations = annotations;
  }

  /** Takes in an event; telling the same one again changes nothing. @returns what it is about */
  take(kind: BookEntry["kind"], event: StoreEvent<KubeObject>, isUsed: (entry: BookEntry) => boolean): BookEntry {
    const { metadata } = event.object;
    const key = sourceKey({ kind, namespace: metadata.namespace ?? "", name: metadata.name });
    const known = this.#entries.get(key);
    if (event.type !== "deleted" && known?.resourceVersion === metadata.resourceVersion) return known;
    const entry = this.#entryOf(kind, metadata, known);
    const group = `${entry.namespace}/${kind}`;
    if (event.type === "deleted") {
      this.#entries.delete(key);
      this.#byNamespace.get(group)?.delete(entry.name);
      if (isUsed(entry)) this.#gone.set(key, entry);
    } else {
      this.#gone.delete(key);
      this.#entries.set(key, entry);
      const names = this.#byNamespace.get(group) ?? new Map<string, BookEntry>();
      this.#byNamespace.set(group, names.set(entry.name, entry));
    }
    return entry;
  }

  get(key: SourceKey): BookEntry | undefined {
    return this.#entries.get(key);
  }

  /** What was last known of something that is gone. */
  gone(key: SourceKey): BookEntry | undefined {
    return this.#gone.get(key);
  }

  /** All of a kind in a namespace. */
  in(namespace: string, kind: string): Iterable<BookEntry> {
    return this.#byNamespace.get(`${namespace}/${kind}`)?.values() ?? [];
  }

  #entryOf(kind: BookEntry["kind"], metadata: CachedMetadata, known: BookEntry | undefined): BookEntry {
    const all = metadata.annotations;
    let annotations: Readonly<Record<string, string>> = none;
    for (const name of this.#annotations)
      if (all[name] !== undefined) annotations = { ...annotations, [name]: all[name] };
    const { name, namespace = "", resourceVersion, labels } = metadata;
    const entry = {
      kind,
      namespace,
      name,
      labels: Object.keys(labels).length === 0 ? none : { ...labels },
      annotations,
      resourceVersion,
    };
    const relabelled = known !== undefined && (known.relabelled || !sameLabels(known.labels, entry.labels));
    return relabelled ? { ...entry, relabelled } : entry;
  }
}

/** Most have neither labels nor annotations that matter, and there may be ten thousands of them. */
const none: Readonly<Record<string, string>> = Object.freeze({});

function sameLabels(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
