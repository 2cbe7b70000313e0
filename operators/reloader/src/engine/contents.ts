import { ConfigMap, Secret, type Stored } from "@homeostat/api";
import type { Client } from "@homeostat/runtime";
import { type Fingerprints, fingerprints } from "../content/hash.ts";
import { type SourceKey, sourceKey } from "../reload/record.ts";
import type { BookEntry } from "./resource-book.ts";

interface Known {
  /** Version of the book's entry it was asked for, and of the object that answered: either is this content. */
  readonly versions: readonly [string, string];
  readonly fingerprints: Fingerprints | undefined;
}

/**
 * Fingerprints of what workloads depend on. The data is read from the server when a resource has changed, hashed, and
 * forgotten: a process that watches ten thousand Secrets holds the data of none.
 */
export class Contents {
  readonly #known = new Map<SourceKey, Known>();
  /** What is just being written here, which changes nothing of the content. */
  readonly #own = new Set<SourceKey>();
  readonly #onSame: (kind: "ConfigMap" | "Secret") => void;
  readonly #asking = new Map<string, Promise<Fingerprints | undefined>>();

  /** @param onSame called when something was written and has the content it had */
  constructor(onSame: (kind: "ConfigMap" | "Secret") => void = () => {}) {
    this.#onSame = onSame;
  }

  /** @returns undefined where the resource is gone by now */
  get(client: Client, entry: BookEntry): Promise<Fingerprints | undefined> {
    const key = sourceKey(entry);
    const known = this.#known.get(key);
    if (known?.versions.includes(entry.resourceVersion)) return Promise.resolve(known.fingerprints);
    // Many workloads ask for the same Secret at once: one request serves them all.
    const question = `${key}@${entry.resourceVersion}`;
    const asking = this.#asking.get(question) ?? this.#ask(client, key, entry, question);
    this.#asking.set(question, asking);
    return asking;
  }

  /** Takes in an object that was read or written elsewhere, with its data. */
  learn(entry: BookEntry, object: Stored<Secret | ConfigMap>): void {
    const { resourceVersion } = object.metadata;
    const found = fingerprints(entry.kind === "Secret" ? "Secret" : "ConfigMap", object);
    this.#known.set(sourceKey(entry), { versions: [resourceVersion, resourceVersion], fingerprints: found });
  }

  /** Takes in what a write of our own, which leaves the content as it is, has made of an object. */
  async write(entry: BookEntry, write: () => Promise<Stored<Secret | ConfigMap>>): Promise<void> {
    const key = sourceKey(entry);
    this.#own.add(key);
    try {
      this.learn(entry, await write());
    } finally {
      this.#own.delete(key);
    }
  }

  forget(key: SourceKey): void {
    this.#known.delete(key);
  }

  async #ask(client: Client, key: SourceKey, entry: BookEntry, question: string): Promise<Fingerprints | undefined> {
    const own = this.#own.has(key);
    try {
      const { namespace, name, resourceVersion } = entry;
      const kind = entry.kind === "Secret" ? "Secret" : "ConfigMap";
      const resource = kind === "Secret" ? Secret : ConfigMap;
      const object = await client.find<Secret | ConfigMap>(resource, { namespace, name }, { from: "live" });
      const found = object && fingerprints(kind, object);
      const before = this.#known.get(key)?.fingerprints;
      const same = before !== undefined && before.digest === found?.digest;
      if (same && !own) this.#onSame(kind);
      this.#known.set(key, {
        versions: [resourceVersion, object?.metadata.resourceVersion ?? resourceVersion],
        fingerprints: found,
      });
      return found;
    } finally {
      this.#asking.delete(question);
    }
  }
}
