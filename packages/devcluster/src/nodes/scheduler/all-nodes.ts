import { Node, type Stored } from "@homeostat/api";
import type { Cache, CachedObject } from "@homeostat/runtime";

/** The nodes of the cluster for reading, in order of their names. Each version is parsed once: every pod looks at all. */
export class AllNodes {
  readonly #parsed = new WeakMap<CachedObject<Node>, Stored<Node>>();

  of(cache: Cache): readonly Stored<Node>[] {
    return [...(cache.store(Node)?.entries() ?? [])]
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
      .map((node) => this.#parse(node));
  }

  #parse(node: CachedObject<Node>): Stored<Node> {
    const known = this.#parsed.get(node);
    if (known) return known;
    const parsed = node.object();
    this.#parsed.set(node, parsed);
    return parsed;
  }
}
