import type { Api } from "../api/client.ts";
import { configMap } from "../api/objects.ts";
import type { Random } from "../support/random.ts";

const collection = "/api/v1/namespaces/default/configmaps";
const mark = "written-by=load";

/** An object as a client knows it: its content and the version the server gave it. */
interface Known {
  readonly text: string;
  readonly resourceVersion: string;
}

/** What a write makes of an object: its new text, or nothing. */
type Outcome = string | undefined;

/**
 * What must be there: every write the server acknowledged. Of a write whose answer never came, either state may be
 * there, and nothing else. Each object is written by one writer, one write after the other.
 */
export class KeptObjects {
  readonly #acknowledged = new Map<string, Known>();
  readonly #underWay = new Map<string, Outcome>();
  #newest = 0;
  #writes = 0;

  /** How many writes the server acknowledged. */
  get acknowledged(): number {
    return this.#writes;
  }

  /** Writes one after the other until the server is gone. @throws Error when the server refuses a write */
  async writeUntilKilled(api: Api, writer: number, random: Random): Promise<void> {
    for (;;) {
      const name = `w${writer}-${random.below(6)}`;
      const known = this.#acknowledged.get(name);
      const text = `${this.#writes}-${random.below(1e9)}-${"x".repeat(random.below(2000))}`;
      const removes = known !== undefined && random.chance(0.25);
      this.#underWay.set(name, removes ? undefined : text);
      const answer = await write(api, name, known, removes ? undefined : text, random).catch(() => undefined);
      if (!answer) return;
      if (answer.status >= 300) throw new Error(`writing ${name} was refused: ${answer.text}`);
      this.#underWay.delete(name);
      this.#writes++;
      if (removes) this.#acknowledged.delete(name);
      else this.#remember(name, { text, resourceVersion: answer.body.metadata.resourceVersion });
    }
  }

  /** Says what is missing, what is there though nobody wrote it, and takes what is there for known. */
  async differences(api: Api): Promise<readonly string[]> {
    const list = (await api.get(`${collection}?labelSelector=${encodeURIComponent(mark)}`)).body;
    const problems: string[] = [];
    const present = new Map<string, Known>();
    for (const { metadata, data } of list.items) {
      present.set(metadata.name, { text: data.text, resourceVersion: metadata.resourceVersion });
    }
    for (const name of new Set([...present.keys(), ...this.#acknowledged.keys(), ...this.#underWay.keys()])) {
      const problem = this.#problem(name, present.get(name));
      if (problem) problems.push(problem);
    }
    const revision = Number(list.metadata.resourceVersion);
    if (revision < this.#newest) problems.push(`counts from ${revision}, though ${this.#newest} was given already`);
    this.#acknowledged.clear();
    this.#underWay.clear();
    for (const [name, known] of present) this.#remember(name, known);
    return problems;
  }

  #problem(name: string, present: Known | undefined): string | undefined {
    const known = this.#acknowledged.get(name);
    if (present?.text === known?.text && present?.resourceVersion === known?.resourceVersion) return undefined;
    if (this.#underWay.has(name) && present?.text === this.#underWay.get(name)) return undefined;
    const say = (object: Known | undefined): string =>
      object ? `${object.text.slice(0, 20)} at ${object.resourceVersion}` : "nothing";
    return `${name}: ${say(present)} is there; acknowledged was ${say(known)}`;
  }

  #remember(name: string, known: Known): void {
    this.#acknowledged.set(name, known);
    this.#newest = Math.max(this.#newest, Number(known.resourceVersion));
  }
}

/** @param text its new text; none: it is deleted */
function write(api: Api, name: string, known: Known | undefined, text: Outcome, random: Random) {
  const path = `${collection}/${name}`;
  if (text === undefined) return api.delete(path);
  const body = configMap(name, { text }, { labels: { "written-by": "load" } });
  if (!known) return api.post(collection, body);
  return random.chance(0.5) ? api.put(path, body) : api.patch(path, { data: { text } });
}
