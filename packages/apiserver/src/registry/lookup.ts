import type { Lookup } from "../builtins/admission/lookup.ts";
import type { Catalog } from "./catalog.ts";
import type { ObjectStore } from "./object-store.ts";
import type { ServedResource } from "./served-resource.ts";

/** Reads stored objects, in the version they are stored at. What is not served is not there. */
export function createLookup(store: ObjectStore, catalog: Catalog): Lookup {
  const servedOf = (group: string, plural: string): ServedResource | undefined => {
    const [first] = catalog.versions(group, plural);
    return first && catalog.storageOf(first);
  };
  return {
    async get(group, plural, name, namespace) {
      const served = servedOf(group, plural);
      const entry = served && (await store.storage.get(store.key(served, namespace, name)));
      return entry && store.object(served, entry);
    },
    async list(group, plural, namespace) {
      const served = servedOf(group, plural);
      if (!served) return [];
      const { entries } = await store.storage.list(store.prefix(served, namespace));
      return store.objects(served, entries);
    },
  };
}
