import type { JsonObject } from "@homeostat/api";
import type { Api } from "../api/client.ts";
import { configMap } from "../api/objects.ts";
import type { Random } from "../support/random.ts";

/** An object as far as these tests look at it. */
export interface Seen {
  readonly name: string;
  readonly text: string;
  /** Of the label `side`: lists and watches select by it. */
  readonly side: string;
}

/** One write, at its revision. */
export interface Change {
  readonly revision: number;
  readonly name: string;
  /** Undefined: deleted. */
  readonly now: Seen | undefined;
  readonly before: Seen | undefined;
}

/** Writes at random to the ConfigMaps of one namespace, and remembers each by the revision the server gave it. */
export class WrittenHistory {
  readonly changes: Change[] = [];
  readonly #collection: string;
  readonly #api: Api;
  readonly #random: Random;
  readonly #present = new Map<string, Seen>();
  #count = 0;

  constructor(api: Api, collection: string, random: Random) {
    this.#api = api;
    this.#collection = collection;
    this.#random = random;
  }

  async write(): Promise<void> {
    const random = this.#random;
    const name = `o${random.below(12)}`;
    const before = this.#present.get(name);
    const path = `${this.#collection}/${name}`;
    if (before && random.chance(0.25)) {
      await this.#api.delete(path);
      this.#present.delete(name);
      // The answer to a deletion tells no revision; the next list does.
      const list = await this.#api.get(`${this.#collection}?limit=1`);
      this.#changed(Number(list.body.metadata.resourceVersion), name, undefined, before);
      return;
    }
    const now: Seen = { name, text: String(++this.#count), side: random.pick(["left", "right"]) };
    const body: JsonObject = configMap(name, { text: now.text }, { labels: { side: now.side } });
    const answer = before ? await this.#api.put(path, body) : await this.#api.post(this.#collection, body);
    if (answer.status >= 300) throw new Error(answer.text);
    this.#present.set(name, now);
    this.#changed(Number(answer.body.metadata.resourceVersion), name, now, before);
  }

  /** What there was at a revision, by name. @param side only those */
  at(revision: number, side?: string): readonly Seen[] {
    const state = new Map<string, Seen>();
    for (const change of this.changes) {
      if (change.revision > revision) break;
      if (change.now) state.set(change.name, change.now);
      else state.delete(change.name);
    }
    return [...state.values()]
      .filter((seen) => side === undefined || seen.side === side)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** What a watch after a revision has to say, line by line. @param side only of those */
  events(after: number, side?: string): readonly string[] {
    const selected = (seen: Seen | undefined): boolean =>
      seen !== undefined && (side === undefined || seen.side === side);
    return this.changes.flatMap(({ revision, now, before }) => {
      if (revision <= after) return [];
      if (selected(now)) return [`${revision} ${selected(before) ? "MODIFIED" : "ADDED"} ${said(now!)}`];
      // Who leaves is shown as last seen, at the revision of the change.
      return selected(before) ? [`${revision} DELETED ${said(before!)}`] : [];
    });
  }

  #changed(revision: number, name: string, now: Seen | undefined, before: Seen | undefined): void {
    this.changes.push({ revision, name, now, before });
  }
}

const said = ({ name, text, side }: Seen): string => `${name} ${text} ${side}`;

// biome-ignore lint/suspicious/noExplicitAny: an object as the server answers it
export const seen = ({ metadata, data }: any): Seen => ({
  name: metadata.name,
  text: data.text,
  side: metadata.labels.side,
});

/** A line of a watch in the form of {@link WrittenHistory.events}. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export const eventText = ({ type, object }: { type: string; object: any }): string =>
  `${object.metadata.resourceVersion} ${type} ${said(seen(object))}`;
