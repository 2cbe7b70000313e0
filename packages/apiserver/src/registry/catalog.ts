import type { ServedResource } from "./served-resource.ts";

/**
 * All resources served at the moment, built-in and custom. Discovery, routing and the stores read it; the custom
 * resource registry changes it as CustomResourceDefinitions come and go.
 */
export interface Catalog {
  find(group: string, version: string, plural: string): ServedResource | undefined;
  findKind(group: string, version: string, kind: string): ServedResource | undefined;
  /** A resource in all versions it is served at, in order of discovery. */
  versions(group: string, plural: string): readonly ServedResource[];
  /** The version whose form is stored: where objects of `served` are written to and read from. */
  storageOf(served: ServedResource): ServedResource;
  /** In order of discovery. */
  all(): readonly ServedResource[];
  /** Rises with every change: what is derived from the catalog (discovery, OpenAPI) is cached by it. */
  readonly version: number;
  /** Replaces the custom resources of one definition; none: they are served no longer. */
  setCustom(definition: string, served: readonly ServedResource[]): void;
  /** Calls `listener` after every change; returns how to end that. */
  onChange(listener: () => void): () => void;
}

const id = (group: string, version: string, name: string): string => `${group}/${version}/${name}`;

export function createCatalog(builtins: readonly ServedResource[]): Catalog {
  const custom = new Map<string, readonly ServedResource[]>();
  let list: readonly ServedResource[] = builtins;
  let byPlural = new Map<string, ServedResource>();
  let byKind = new Map<string, ServedResource>();
  let byResource = new Map<string, ServedResource[]>();
  let version = 0;
  const listeners = new Set<() => void>();

  const rebuild = (): void => {
    list = [...builtins, ...[...custom.values()].flat()];
    byPlural = new Map();
    byKind = new Map();
    byResource = new Map();
    for (const served of list) {
      const { group, version: v, plural, kind } = served.resource;
      byPlural.set(id(group, v, plural), served);
      byKind.set(id(group, v, kind), served);
      const versions = byResource.get(`${group}/${plural}`);
      if (versions) versions.push(served);
      else byResource.set(`${group}/${plural}`, [served]);
    }
    version++;
  };
  rebuild();

  return {
    find: (group, v, plural) => byPlural.get(id(group, v, plural)),
    findKind: (group, v, kind) => byKind.get(id(group, v, kind)),
    versions: (group, plural) => byResource.get(`${group}/${plural}`) ?? [],
    storageOf(served) {
      const { group, version: v, plural } = served.storedAs ?? { ...served.resource, version: served.storageVersion };
      // A storage version that is not served is still known by its definition; it then stands in for itself.
      return byPlural.get(id(group, v, plural)) ?? served;
    },
    all: () => list,
    get version() {
      return version;
    },
    setCustom(definition, served) {
      if (served.length === 0) custom.delete(definition);
      else custom.set(definition, served);
      rebuild();
      for (const listener of [...listeners]) listener();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
