import {
  apiVersionOf,
  formatFieldSelector,
  type KubeObject,
  parseFieldSelector,
  parseLabelSelector,
  type Resource,
} from "@homeostat/api";
import type { CacheSelection } from "./cache.ts";
import {
  checkNamespaces,
  type Feed,
  feedsOf,
  matchingSelector,
  type NamespaceMap,
  type NamespaceOptions,
  type NamespaceSelection,
  namespaceMap,
} from "./namespaces.ts";
import type { Projection } from "./projection.ts";

/** What the cache holds of every kind, where nothing more particular is said. */
export interface KindDefaults extends NamespaceOptions, Omit<Projection, "transform"> {
  /** Default: all namespaces. */
  readonly namespaces?: NamespaceSelection;
}

/** What the cache holds of one kind. Unset fields are as for all kinds. */
export interface KindOptions<T extends KubeObject = KubeObject> extends NamespaceOptions, Projection<T> {
  readonly resource: Resource<T>;
  /** Not for kinds without namespaces. `{}`: all namespaces, whatever is said for all kinds. */
  readonly namespaces?: NamespaceSelection;
  /** Whether watches that do not say are of metadata only. Default false. */
  readonly metadataOnly?: boolean;
}

/** Bundles the options of a kind for `CacheOptions.byKind`, with the types of its objects. */
export function kindOptions<T extends KubeObject>(
  resource: Resource<T>,
  options: Omit<KindOptions<T>, "resource">,
): KindOptions {
  return { ...options, resource } as unknown as KindOptions;
}

/** @throws Error for what can never hold */
export function checkKindOptions(defaults: KindDefaults, byKind: readonly KindOptions[]): void {
  if (defaults.namespaces) checkNamespaces(defaults.namespaces);
  for (const { resource, namespaces } of byKind) {
    if (!namespaces) continue;
    if (resource.scope === "Cluster")
      throw new Error(`cache: byKind: ${resource.plural} have no namespaces: leave out \`namespaces\``);
    checkNamespaces(namespaces);
  }
}

/** Which namespaces a wish is about, before it is known which match. */
export function wishedNamespaces(
  resource: Resource,
  wish: CacheSelection,
  kind: KindOptions | undefined,
  defaults: KindDefaults,
): NamespaceSelection | undefined {
  if (resource.scope === "Cluster") return undefined;
  if (wish.namespace !== undefined) return [wish.namespace];
  return wish.namespaces ?? kind?.namespaces ?? defaults.namespaces;
}

/**
 * The watches that a wish takes. For each namespace the first that says something counts: the watch itself, the
 * namespace in the kind's options, the kind, the namespace in the options for all kinds, the options for all kinds.
 *
 * Source: controller-runtime `pkg/cache`, `defaultOpts`.
 *
 * @param matched names of the namespaces that match, where the wish is a selector on namespaces
 */
export function feedsOfWish(
  resource: Resource,
  wish: CacheSelection,
  kind: KindOptions | undefined,
  defaults: KindDefaults,
  matched: readonly string[],
): readonly Feed[] {
  const selection = wishedNamespaces(resource, wish, kind, defaults);
  const names = namespaceMap(selection, matched);
  const ofKind = entries(kind?.namespaces);
  const ofAll = kind?.namespaces ? undefined : entries(defaults.namespaces);
  const ofWish = entries(wish.namespaces);
  const combined = (namespace: string | undefined): NamespaceOptions => {
    const at = (map: NamespaceMap): NamespaceOptions => (namespace === undefined ? {} : (map?.get(namespace) ?? {}));
    const layers = [at(ofWish), wish, at(ofKind), kind ?? {}, at(ofAll), defaults];
    const labelSelector = layers.find((layer) => layer.labelSelector !== undefined)?.labelSelector;
    const fieldSelector = layers.find((layer) => layer.fieldSelector !== undefined)?.fieldSelector;
    const fields = wish.name === undefined ? fieldSelector : named(wish.name, fieldSelector);
    return {
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fields === undefined ? {} : { fieldSelector: fields }),
    };
  };
  if (!names) return feedsOf(undefined, combined(undefined));
  return feedsOf(new Map([...names.keys()].map((namespace) => [namespace, combined(namespace)])), {});
}

function entries(selection: NamespaceSelection | undefined): NamespaceMap {
  return selection === undefined || matchingSelector(selection) !== undefined ? undefined : namespaceMap(selection, []);
}

function named(name: string, fieldSelector: string | undefined): string {
  const { requirements } = fieldSelector ? parseFieldSelector(fieldSelector) : { requirements: [] };
  return formatFieldSelector({
    requirements: [...requirements, { field: "metadata.name", operator: "=", value: name }],
  });
}

/**
 * What makes two wishes one: only what is said, and no namespace where it is the cache's own or the kind has none.
 *
 * @throws SyntaxFault, Error for what cannot be
 */
export function wishOf(resource: Resource, wanted: CacheSelection, own: string | undefined): CacheSelection {
  if (wanted.namespace && wanted.namespaces)
    throw new Error(`watch ${resource.plural}: give either \`namespace\` or \`namespaces\``);
  if (wanted.labelSelector) parseLabelSelector(wanted.labelSelector);
  if (wanted.fieldSelector) parseFieldSelector(wanted.fieldSelector);
  if (wanted.namespaces) checkNamespaces(wanted.namespaces);
  const namespaced = resource.scope === "Namespaced";
  const namespace = namespaced && wanted.namespace !== own ? wanted.namespace || undefined : undefined;
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(wanted.namespaces === undefined || !namespaced ? {} : { namespaces: wanted.namespaces }),
    ...(wanted.name === undefined ? {} : { name: wanted.name }),
    ...(wanted.labelSelector === undefined ? {} : { labelSelector: wanted.labelSelector }),
    ...(wanted.fieldSelector === undefined ? {} : { fieldSelector: wanted.fieldSelector }),
  };
}

export function wishId(resource: Resource, wish: CacheSelection, metadataOnly: boolean): string {
  const { namespace, namespaces, name, labelSelector, fieldSelector } = wish;
  const of = [namespace, namespaces, name, labelSelector, fieldSelector].map((each) => each ?? null);
  return JSON.stringify([apiVersionOf(resource), resource.plural, ...of, metadataOnly]);
}

/** How much of a kind a wish is about. */
export function breadth({ name, namespace, namespaces }: CacheSelection): number {
  if (name !== undefined) return 0;
  return namespace !== undefined || namespaces !== undefined ? 1 : 2;
}
