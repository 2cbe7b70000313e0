import type { Resource } from "@homeostat/api";
import type { Cache, CacheWatch } from "./cache.ts";

/** Names of the namespaces that match a selector, as they come and go. */
export interface FollowedNamespaces {
  /** In order; undefined until the first list. */
  names(selector: string): readonly string[] | undefined;
  /** Calls `listener` when they change. Namespaces are watched while anybody follows them. */
  follow(selector: string, listener: () => void): () => void;
}

const Namespace: Resource = {
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  singular: "namespace",
  listKind: "NamespaceList",
  scope: "Cluster",
};

interface Followed {
  readonly watch: CacheWatch<never>;
  readonly listeners: Set<() => void>;
  names: readonly string[] | undefined;
}

export function followNamespaces(cache: Pick<Cache, "watch">): FollowedNamespaces {
  const bySelector = new Map<string, Followed>();

  const begin = (selector: string): Followed => {
    const listeners = new Set<() => void>();
    let scheduled = false;
    const look = (): void => {
      // Many may come in one turn.
      if (scheduled || followed.names === undefined) return;
      scheduled = true;
      queueMicrotask(() => {
        scheduled = false;
        read();
      });
    };
    const read = (): void => {
      const now = [...watch.store.entries()].map(({ metadata }) => metadata.name).sort();
      if (followed.names && now.join() === followed.names.join()) return;
      followed.names = now;
      for (const listener of [...listeners]) listener();
    };
    const watch = cache.watch(Namespace, {
      labelSelector: selector,
      fieldSelector: "",
      metadataOnly: true,
      handler: look,
    });
    const followed: Followed = { watch: watch as unknown as CacheWatch<never>, listeners, names: undefined };
    watch.synced().then(read, () => {});
    return followed;
  };

  return {
    names: (selector) => bySelector.get(selector)?.names,
    follow(selector, listener) {
      const followed = bySelector.get(selector) ?? begin(selector);
      bySelector.set(selector, followed);
      followed.listeners.add(listener);
      return () => {
        if (!followed.listeners.delete(listener) || followed.listeners.size > 0) return;
        bySelector.delete(selector);
        followed.watch.stop();
      };
    },
  };
}
