import type { Resource } from "@homeostat/api";

/** A resource as discovery tells of it, with the verbs it knows. */
export interface DiscoveredResource extends Resource {
  readonly verbs: readonly string[];
}

/** A group as far as it is known. */
export interface KnownGroup {
  readonly name: string;
  /** The preferred one first. */
  readonly versions: readonly KnownVersion[];
}

export interface KnownVersion {
  readonly version: string;
  /** Undefined where they have not been asked for yet, or the server itself had none at hand. */
  readonly resources: readonly DiscoveredResource[] | undefined;
}

/** What discovery asks for at `/api` and `/apis`: all in one document where the server can (KEP-3352). */
export const aggregatedFirst = [
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
  "application/json",
].join(",");

interface Aggregated {
  readonly kind: "APIGroupDiscoveryList";
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      readonly freshness?: "Current" | "Stale";
      readonly resources?: readonly AggregatedResource[];
    }[];
  }[];
}

interface AggregatedResource {
  readonly resource: string;
  readonly responseKind?: { readonly kind?: string };
  readonly scope?: "Namespaced" | "Cluster";
  readonly singularResource?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly verbs?: readonly string[];
  readonly subresources?: readonly { readonly subresource: string }[];
}

/** `/api` and `/apis/GROUP` name one group, `/apis` all. */
export type GroupsDocument =
  | Aggregated
  | { readonly kind: "APIVersions"; readonly versions?: readonly string[] }
  | { readonly kind: "APIGroupList"; readonly groups?: readonly GroupDocument[] }
  | ({ readonly kind: "APIGroup" } & GroupDocument);

interface GroupDocument {
  readonly name: string;
  readonly versions?: readonly { readonly version: string }[];
  readonly preferredVersion?: { readonly version: string };
}

/** The groups of any of the forms, in the server's order. */
export function groupsOf(document: GroupsDocument): KnownGroup[] {
  switch (document.kind) {
    case "APIGroupDiscoveryList":
      return (document.items ?? []).map(({ metadata, versions = [] }) => {
        const name = metadata?.name ?? "";
        return {
          name,
          versions: versions.map(({ version, freshness, resources = [] }) => ({
            version,
            // The aggregating server could not reach the one that has them.
            resources:
              freshness === "Stale" ? undefined : resources.flatMap((one) => aggregatedResource(name, version, one)),
          })),
        };
      });
    case "APIVersions":
      return [{ name: "", versions: (document.versions ?? []).map(unasked) }];
    case "APIGroupList":
      return (document.groups ?? []).map(groupOf);
    case "APIGroup":
      return [groupOf(document)];
    default:
      throw new Error(`${(document as { kind?: string }).kind} is no discovery document`);
  }
}

const unasked = (version: string): KnownVersion => ({ version, resources: undefined });

function groupOf({ name, versions = [], preferredVersion }: GroupDocument): KnownGroup {
  const all = versions.map(({ version }) => version);
  const first = preferredVersion?.version;
  const ordered = first === undefined ? all : [first, ...all.filter((version) => version !== first)];
  return { name, versions: ordered.map(unasked) };
}

function aggregatedResource(group: string, version: string, listed: AggregatedResource): DiscoveredResource[] {
  const kind = listed.responseKind?.kind;
  // Such an entry only carries subresources.
  if (!kind) return [];
  const { resource: plural, singularResource, shortNames, categories, subresources = [], verbs = [] } = listed;
  return [
    {
      group,
      version,
      kind,
      plural,
      singular: singularResource || kind.toLowerCase(),
      listKind: `${kind}List`,
      scope: listed.scope === "Namespaced" ? "Namespaced" : "Cluster",
      ...(shortNames ? { shortNames } : {}),
      ...(categories ? { categories } : {}),
      subresources: subresources.map(({ subresource }) => subresource),
      verbs,
    },
  ];
}

/** Answer of `/apis/GROUP/VERSION`. */
export interface ResourcesDocument {
  readonly resources?: readonly {
    readonly name: string;
    readonly singularName?: string;
    readonly namespaced: boolean;
    readonly kind: string;
    readonly verbs: readonly string[];
    readonly shortNames?: readonly string[];
    readonly categories?: readonly string[];
  }[];
}

export function resourcesOf(
  group: string,
  version: string,
  { resources = [] }: ResourcesDocument,
): DiscoveredResource[] {
  return resources
    .filter(({ name }) => !name.includes("/"))
    .map(({ name, singularName, namespaced, kind, verbs, shortNames, categories }) => ({
      group,
      version,
      kind,
      plural: name,
      singular: singularName || kind.toLowerCase(),
      listKind: `${kind}List`,
      scope: namespaced ? "Namespaced" : "Cluster",
      ...(shortNames ? { shortNames } : {}),
      ...(categories ? { categories } : {}),
      subresources: resources.flatMap((other) =>
        other.name.startsWith(`${name}/`) ? [other.name.slice(name.length + 1)] : [],
      ),
      verbs,
    }));
}
