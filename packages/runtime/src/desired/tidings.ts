import type { ObjectRecorder } from "../events/recorder.ts";

/** What may have become of a child; reasons of events. */
export type Deed = "Created" | "Updated" | "Repaired" | "Pruned";

/** So many children of one deed have an event each; more are told in one. */
const ONE_BY_ONE = 3;

const verbs: Readonly<Record<Deed, string>> = {
  Created: "made",
  Updated: "changed",
  Repaired: "put back",
  Pruned: "deleted as no longer wanted:",
};

/**
 * What one reconcile did to children, told to people when it is over: a few by their names, many by their kinds. An
 * object of forty children would otherwise use up its budget of events at once, and what happens to one of them later
 * would be told nobody.
 */
export class Tidings {
  readonly #news = new Map<Deed, { readonly id: string; readonly message: string }[]>();

  /** @param id of the child, as in `services/default/web` */
  add(deed: Deed, id: string, message: string): void {
    const known = this.#news.get(deed);
    if (known) known.push({ id, message });
    else this.#news.set(deed, [{ id, message }]);
  }

  tell(events: ObjectRecorder): void {
    for (const [deed, news] of this.#news) {
      if (news.length > ONE_BY_ONE) events.normal(deed, `${verbs[deed]} ${byKind(news.map(({ id }) => id))}`);
      else for (const { message } of news) events.normal(deed, message);
    }
  }
}

/** `7 services, 4 deployments.apps, 1 secret`, most first. */
function byKind(ids: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const id of ids) {
    const kind = id.slice(0, id.indexOf("/"));
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const entries = [...counts].toSorted(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
  return `${ids.length} objects: ${entries.map(([kind, count]) => `${count} ${kind}`).join(", ")}`;
}
