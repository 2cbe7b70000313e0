import { createHash } from "node:crypto";
import { apiVersionOf } from "@homeostat/api";
import type { ServedResource, ServedSubresource } from "../registry/served-resource.ts";
import { compareGroups, compareVersions } from "./priority.ts";

/** What is served, sorted as discovery shows it. */
export interface ServedGroup {
  /** `""` for the core group. */
  readonly name: string;
  /** Preferred one first. */
  readonly versions: readonly ServedVersion[];
}

export interface ServedVersion {
  readonly version: string;
  /** None where another server serves it. */
  readonly resources: readonly ServedResource[];
  readonly elsewhere?: DiscoveredElsewhere | undefined;
}

/** A group version that another server serves. */
export interface DiscoveredElsewhere {
  readonly group: string;
  readonly version: string;
  /** In the newer form. */
  readonly resources: readonly object[];
  /** Whether they are what the other server says now. */
  readonly isCurrent: boolean;
}

export function groupsOf(
  resources: readonly ServedResource[],
  elsewhere: readonly DiscoveredElsewhere[] = [],
): ServedGroup[] {
  const groups = new Map<string, Map<string, ServedResource[]>>();
  for (const { group, version } of elsewhere) {
    groups.set(group, (groups.get(group) ?? new Map<string, ServedResource[]>()).set(version, []));
  }
  for (const served of resources) {
    const { group, version } = served.resource;
    const versions = groups.get(group) ?? new Map<string, ServedResource[]>();
    groups.set(group, versions.set(version, [...(versions.get(version) ?? []), served]));
  }
  return [...groups]
    .sort(([a], [b]) => compareGroups(a, b))
    .map(([name, versions]) => ({
      name,
      versions: [...versions]
        .sort(([a], [b]) => compareVersions(a, b))
        .map(([version, list]) => ({
          version,
          resources: list.toSorted(byPlural),
          elsewhere: elsewhere.find((each) => each.group === name && each.version === version),
        })),
    }));
}

const byPlural = (a: ServedResource, b: ServedResource): number => (a.resource.plural < b.resource.plural ? -1 : 1);

// The older form: one document for the groups, one for each version.

/** Answer of `/api`. @param serverAddress `127.0.0.1:6443`, for clients of any address */
export function apiVersions(groups: readonly ServedGroup[], serverAddress: string): object {
  const core = groups.find((group) => group.name === "");
  return {
    kind: "APIVersions",
    versions: core?.versions.map(({ version }) => version) ?? [],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
  };
}

/** Answer of `/apis`. */
export function apiGroupList(groups: readonly ServedGroup[]): object {
  return { kind: "APIGroupList", apiVersion: "v1", groups: groups.filter(({ name }) => name !== "").map(groupBody) };
}

/** Answer of `/apis/GROUP`. */
export function apiGroup(group: ServedGroup): object {
  return { kind: "APIGroup", apiVersion: "v1", ...groupBody(group) };
}

function groupBody({ name, versions }: ServedGroup) {
  const list = versions.map(({ version }) => ({ groupVersion: apiVersionOf({ group: name, version }), version }));
  return { name, versions: list, preferredVersion: list[0] };
}

/** Answer of `/apis/GROUP/VERSION`. */
export function apiResourceList(group: string, version: string, resources: readonly ServedResource[]): object {
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: apiVersionOf({ group, version }),
    resources: resources.flatMap((served) => [resourceEntry(served), ...subresourceEntries(served)]),
  };
}

function resourceEntry(served: ServedResource): object {
  const { resource, storageVersion } = served;
  const { plural, singular, scope, kind, group, shortNames, categories } = resource;
  return {
    name: plural,
    singularName: singular,
    namespaced: scope === "Namespaced",
    kind,
    verbs: served.verbs.toSorted(),
    ...(shortNames?.length ? { shortNames } : {}),
    ...(categories?.length ? { categories } : {}),
    storageVersionHash: storageVersionHash(group, storageVersion, kind),
  };
}

function subresourceEntries(served: ServedResource): object[] {
  const { resource } = served;
  return sortedSubresources(served).map(({ name, verbs, kind }) => {
    const foreign = kind.group !== resource.group || kind.version !== resource.version;
    return {
      name: `${resource.plural}/${name}`,
      singularName: "",
      namespaced: resource.scope === "Namespaced",
      ...(foreign ? { group: kind.group, version: kind.version } : {}),
      kind: kind.kind,
      verbs: verbs.toSorted(),
    };
  });
}

function sortedSubresources(served: ServedResource): ServedSubresource[] {
  return [...served.subresources.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Changes when objects of the kind are stored in another version. Source: discovery `StorageVersionHash` */
function storageVersionHash(group: string, version: string, kind: string): string {
  return createHash("sha256").update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString("base64");
}

// The newer form: everything in one document. Source: KEP-3352, aggregated discovery.

export type AggregatedVersion = "v2" | "v2beta1";

/** Answer of `/api` (the core group alone) and `/apis` (all others). */
export function aggregatedDiscovery(groups: readonly ServedGroup[], version: AggregatedVersion): object {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: { ...(group.name ? { name: group.name } : {}), creationTimestamp: null },
      versions: group.versions.map(({ version: groupVersion, resources, elsewhere }) => ({
        version: groupVersion,
        resources: elsewhere?.resources ?? resources.map(aggregatedResource),
        freshness: elsewhere && !elsewhere.isCurrent ? "Stale" : "Current",
      })),
    })),
  };
}

function aggregatedResource(served: ServedResource): object {
  const { group, version, kind, plural, singular, scope, shortNames, categories } = served.resource;
  const subresources = sortedSubresources(served);
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope,
    singularResource: singular,
    verbs: served.verbs.toSorted(),
    ...(shortNames?.length ? { shortNames } : {}),
    ...(categories?.length ? { categories } : {}),
    ...(subresources.length > 0
      ? {
          subresources: subresources.map((subresource) => ({
            subresource: subresource.name,
            responseKind: subresource.kind,
            verbs: subresource.verbs.toSorted(),
          })),
        }
      : {}),
  };
}
