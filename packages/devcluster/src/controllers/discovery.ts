import { ApiError, ignoreNotFound, parseApiVersion, type Resource, type Scope, type Transport } from "@homeostat/api";

/** A kind as discovery tells of it, with the verbs it knows. */
export interface DiscoveredResource extends Resource {
  readonly verbs: readonly string[];
}

/** All the kinds a server has, each in every version it is served in; the preferred version of a group first. */
export interface Discovery {
  readonly resources: readonly DiscoveredResource[];
  /** Groups and versions whose kinds could not be told, with the reason: never take their absence for proof. */
  readonly failures: readonly { readonly groupVersion: string; readonly message: string }[];
}

/**
 * Asks the server what it serves, in the form every server knows: lists of groups, then one list for each version.
 * Source: KEP-3352 names the older form "unaggregated".
 *
 * @throws ApiError when the lists of groups themselves cannot be had
 */
export async function discover(transport: Transport, signal?: AbortSignal): Promise<Discovery> {
  const [core, groups] = await Promise.all([
    get<{ versions?: string[] }>(transport, "/api", signal),
    get<{ groups?: ApiGroup[] }>(transport, "/apis", signal),
  ]);
  const wanted = [
    ...(core.versions ?? []).map((version) => ({ group: "", version, path: `/api/${version}` })),
    ...(groups.groups ?? []).flatMap((group) =>
      preferredFirst(group).map((version) => ({ group: group.name, version, path: `/apis/${group.name}/${version}` })),
    ),
  ];
  const lists = await Promise.all(
    wanted.map(async ({ group, version, path }) => {
      try {
        const list = await get<{ resources?: ApiResource[] }>(transport, path, signal);
        return { resources: resourcesOf(group, version, list.resources ?? []) };
      } catch (error) {
        // A group that has just gone is no failure.
        if (error instanceof ApiError && error.code === 404) return { resources: [] };
        return {
          resources: [],
          failure: { groupVersion: group ? `${group}/${version}` : version, message: String(error) },
        };
      }
    }),
  );
  return {
    resources: lists.flatMap((list) => list.resources),
    failures: lists.flatMap((list) => list.failure ?? []),
  };
}

/**
 * The kind an object says it is of. @throws Error when the server does not serve it
 */
export async function discoverKind(
  transport: Transport,
  apiVersion: string,
  kind: string,
): Promise<DiscoveredResource> {
  const { group, version } = parseApiVersion(apiVersion);
  const path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const list = await ignoreNotFound(get<{ resources?: ApiResource[] }>(transport, path, undefined));
  const resource = resourcesOf(group, version, list?.resources ?? []).find((candidate) => candidate.kind === kind);
  if (resource) return resource;
  throw new Error(`the server does not serve ${apiVersion} ${kind}: install its CustomResourceDefinition first`);
}

/** One entry for each kind of object, in its preferred version. */
export function preferred(resources: readonly DiscoveredResource[]): DiscoveredResource[] {
  const first = new Map<string, DiscoveredResource>();
  for (const resource of resources) {
    const key = `${resource.group}/${resource.plural}`;
    if (!first.has(key)) first.set(key, resource);
  }
  return [...first.values()];
}

interface ApiGroup {
  readonly name: string;
  readonly versions: readonly { readonly version: string }[];
  readonly preferredVersion?: { readonly version: string };
}

interface ApiResource {
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

function preferredFirst({ versions, preferredVersion }: ApiGroup): string[] {
  const all = versions.map(({ version }) => version);
  const first = preferredVersion?.version;
  return first === undefined ? all : [first, ...all.filter((version) => version !== first)];
}

function resourcesOf(group: string, version: string, listed: readonly ApiResource[]): DiscoveredResource[] {
  return listed
    .filter(({ name }) => !name.includes("/"))
    .map(({ name, singularName, namespaced, kind, verbs, shortNames, categories }) => ({
      group,
      version,
      kind,
      plural: name,
      singular: singularName || kind.toLowerCase(),
      listKind: `${kind}List`,
      scope: (namespaced ? "Namespaced" : "Cluster") satisfies Scope,
      ...(shortNames ? { shortNames } : {}),
      ...(categories ? { categories } : {}),
      subresources: listed.flatMap((other) =>
        other.name.startsWith(`${name}/`) ? [other.name.slice(name.length + 1)] : [],
      ),
      verbs,
    }));
}

async function get<T>(transport: Transport, path: string, signal: AbortSignal | undefined): Promise<T> {
  const headers = { accept: "application/json" };
  const response = await transport({ method: "GET", path, headers, ...(signal ? { signal } : {}) });
  const text = new TextDecoder().decode(await response.bytes());
  if (response.status === 200) return JSON.parse(text) as T;
  throw new ApiError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `asking ${path} for what the server serves: status ${response.status}`,
    ...(response.status === 404 ? { reason: "NotFound" } : {}),
    code: response.status,
  });
}
