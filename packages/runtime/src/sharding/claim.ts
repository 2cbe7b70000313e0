import type { Ring } from "./ring.ts";

/**
 * What a replica may take for its own while views of the membership change. Each replica publishes the view it keeps
 * to, and publishes a new one only when it works on nothing any more that is not its own in it. Then
 *
 * - a key is ours while every view since the last one that all had agreed on gives it to us: what is lost is lost at
 *   once, what is gained waits;
 * - when all members of a view have published it, only that view counts.
 *
 * What others have published is read from one watch, in the order of writing, and a view counts only when our own
 * publication of it has been read there. So two replicas never own one key: whoever gains it has seen the other publish a view in which it has given it up, and
 * the other can get it back only through a view that the first has published.
 */
export class Claim {
  readonly #identity: string;
  /** The last agreed view and all since; none is agreed before the first. */
  #views: Ring[] = [];
  #agreed = false;

  constructor(identity: string) {
    this.#identity = identity;
  }

  /** The newest view. */
  get view(): Ring | undefined {
    return this.#views.at(-1);
  }

  /** Whether all members work by the newest view. */
  get settled(): boolean {
    return this.#agreed && this.#views.length === 1;
  }

  owns(key: string): boolean {
    return this.#agreed && this.#views.every((view) => view.ownerOf(key) === this.#identity);
  }

  /** Membership is seen to be this. @returns whether it is new */
  propose(view: Ring): boolean {
    if (this.view?.id === view.id) return false;
    this.#views.push(view);
    return true;
  }

  /** @param published views by member, ours among them @returns whether keys may have come */
  look(published: ReadonlyMap<string, string | undefined>): boolean {
    const { view } = this;
    if (!view || this.settled) return false;
    if (!view.members.every((member) => published.get(member) === view.id)) return false;
    this.#views = [view];
    this.#agreed = true;
    return true;
  }

  /** Our own lease has lapsed: others may have gone on without us, so nothing that was agreed holds. */
  forfeit(): void {
    this.#views = [];
    this.#agreed = false;
  }
}
