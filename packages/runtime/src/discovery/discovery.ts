import {
  ApiError,
  apiVersionOf,
  type Clock,
  intercept,
  type KubeObject,
  parseApiVersion,
  type Resource,
  systemClock,
  type Transport,
} from "@homeostat/api";
import { retry } from "../client/retry.ts";
import { errorOfResponse } from "../client/status-error.ts";
import {
  aggregatedFirst,
  type DiscoveredResource,
  type GroupsDocument,
  groupsOf,
  type KnownGroup,
  type ResourcesDocument,
  resourcesOf,
} from "./documents.ts";
import { DiscoveryFailedError, NoKindMatchError } from "./errors.ts";
import { fit, parseResourceName } from "./resource-name.ts";

/** A kind; without `version` the one the server prefers of those that have it. */
export interface KindName {
  /** `""` for the core group. */
  readonly group: string;
  readonly version?: string;
  readonly kind: string;
}

/** An object of a kind known only at run time. */
export interface UntypedObject extends KubeObject {
  readonly [field: string]: unknown;
}

/**
 * What a server serves, asked for when somebody wants to know and remembered. Whoever asks for what is not known makes
 * it look again, in the group in question only: a kind that came later is found, a version that went is forgotten.
 * controller-runtime calls it the REST mapper.
 *
 * All methods throw NoKindMatchError where the server does not serve what is asked for, DiscoveryFailedError where part of
 * it could not tell, and ApiError where it tells nothing at all.
 */
export interface Discovery {
  /** The resource of a kind. */
  resourceFor(kind: KindName, options?: DiscoveryRequestOptions): Promise<DiscoveredResource>;
  /** The resource of a kind in each version it is served in, the preferred first. */
  resourcesFor(
    kind: Omit<KindName, "version">,
    options?: DiscoveryRequestOptions,
  ): Promise<readonly DiscoveredResource[]>;
  /**
   * The resource people mean by a name: plural, singular, kind or short name, in any group or in the one behind a dot
   * (`deploy`, `deployments.apps`, `deployments.v1.apps`). The core group goes first.
   */
  kindFor(name: string, options?: DiscoveryRequestOptions): Promise<DiscoveredResource>;
  /** The same as `resourceFor`, as objects say it (`apps/v1`, `Deployment`), for clients, caches and controllers. */
  untyped(apiVersion: string, kind: string, options?: DiscoveryRequestOptions): Promise<Resource<UntypedObject>>;
  /** Forgets what is known of a group, or all: for whoever learns that definitions have changed. */
  forget(group?: string): void;
}

export interface DiscoveryRequestOptions {
  readonly signal?: AbortSignal;
}

/** How the server is asked. */
export interface DiscoveryOptions {
  readonly transport: Transport;
  /** Default `homeostat`. */
  readonly userAgent?: string;
  /** Requests made again, as a client makes them. Default 10; 0 for none. */
  readonly maxRetries?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** The two halves of the API: the core group, and all others. */
type Root = "/api" | "/apis";
const rootOf = (group: string): Root => (group === "" ? "/api" : "/apis");
const groupPath = (group: string): string => (group === "" ? "/api" : `/apis/${group}`);

/** Sends nothing before it is asked. */
export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { clock = systemClock, maxRetries = 10, userAgent = "homeostat" } = options;
  const transport = intercept(options.transport, retry({ clock, maxRetries }));
  const groups = new Map<string, KnownGroup>();
  const loaded = new Map<Root, Promise<void>>();

  const get = async <R>(path: string, accept: string, signal: AbortSignal | undefined): Promise<R> => {
    const headers = { accept, "user-agent": userAgent };
    const response = await transport({ method: "GET", path, headers, ...(signal ? { signal } : {}) });
    const bytes = await response.bytes();
    if (response.status !== 200) throw errorOfResponse(response, bytes, `GET ${path}`);
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8")) as R;
  };

  /** The overview of one half. Not under anybody's signal: others wait for it, too. @returns whether it was asked for just now */
  const load = async (root: Root): Promise<boolean> => {
    const known = loaded.get(root);
    if (known) {
      await known;
      return false;
    }
    const loading = (async () => {
      for (const group of groupsOf(await get<GroupsDocument>(root, aggregatedFirst, undefined)))
        groups.set(group.name, group);
    })();
    loaded.set(root, loading);
    try {
      await loading;
    } catch (error) {
      // A failure is not remembered.
      if (loaded.get(root) === loading) loaded.delete(root);
      throw error;
    }
    return true;
  };

  /** Looks again at one group, of which nothing is taken over. */
  const reload = async (group: string, signal: AbortSignal | undefined): Promise<void> => {
    try {
      const [found] = groupsOf(await get<GroupsDocument>(groupPath(group), "application/json", signal));
      if (found) groups.set(group, found);
    } catch (error) {
      if (!isMissing(error)) throw error;
      groups.delete(group);
    }
  };

  /** The resources of one version of a group, asked for where they are not known. */
  const list = async (
    group: string,
    version: string,
    failures: Map<string, Error>,
    signal: AbortSignal | undefined,
  ): Promise<readonly DiscoveredResource[]> => {
    const known = groups.get(group)?.versions.find((one) => one.version === version)?.resources;
    if (known) return known;
    try {
      const document = await get<ResourcesDocument>(`${groupPath(group)}/${version}`, "application/json", signal);
      const resources = resourcesOf(group, version, document);
      remember(group, version, resources);
      return resources;
    } catch (error) {
      signal?.throwIfAborted();
      if (isMissing(error)) remember(group, version, undefined);
      else failures.set(apiVersionOf({ group, version }), error as Error);
      return [];
    }
  };

  /** @param resources undefined: the version is not there any more */
  const remember = (name: string, version: string, resources: readonly DiscoveredResource[] | undefined): void => {
    const group = groups.get(name);
    if (!group) return;
    const versions = group.versions.flatMap((one) =>
      one.version !== version ? one : resources ? { version, resources } : [],
    );
    groups.set(name, { name, versions });
  };

  const versionsOf = (group: string, version: string | undefined): readonly string[] => {
    const served = (groups.get(group)?.versions ?? []).map((one) => one.version);
    return version === undefined ? served : served.filter((one) => one === version);
  };

  /** What of a group's versions answers `match`, in order of preference. @param all whether to look on after the first */
  const search = async (
    { group, version }: { readonly group: string; readonly version?: string | undefined },
    match: (resource: DiscoveredResource) => boolean,
    all: boolean,
    failures: Map<string, Error>,
    signal: AbortSignal | undefined,
  ): Promise<readonly DiscoveredResource[]> => {
    const found: DiscoveredResource[] = [];
    for (const served of versionsOf(group, version)) {
      found.push(...(await list(group, served, failures, signal)).filter(match));
      if (found.length > 0 && !all) break;
    }
    return found;
  };

  /** Searches what is known; where that has no answer, what the server says now. */
  const find = async (
    { group, version, kind }: KindName,
    all: boolean,
    signal: AbortSignal | undefined,
  ): Promise<readonly DiscoveredResource[]> => {
    signal?.throwIfAborted();
    const match = (resource: DiscoveredResource): boolean => resource.kind === kind;
    const isFresh = await load(rootOf(group));
    const failures = new Map<string, Error>();
    let found = await search({ group, version }, match, all, failures, signal);
    if (found.length === 0 && !isFresh) {
      failures.clear();
      await reload(group, signal);
      found = await search({ group, version }, match, all, failures, signal);
    }
    if (found.length > 0) return found;
    const asked = `${version === undefined ? group || "v1" : apiVersionOf({ group, version })} ${kind}`;
    throw failures.size > 0 ? new DiscoveryFailedError(asked, failures) : new NoKindMatchError(asked);
  };

  /** The best fit of a name among groups; the first of equals. */
  const findNamed = async (
    text: string,
    failures: Map<string, Error>,
    signal: AbortSignal | undefined,
  ): Promise<DiscoveredResource | undefined> => {
    const { name, group, version } = parseResourceName(text);
    const names = group === undefined ? ["", ...[...groups.keys()].filter((one) => one !== "")] : [group];
    const match = (resource: DiscoveredResource): boolean => fit(name, resource) > 0;
    const found = await Promise.all(names.map((one) => search({ group: one, version }, match, true, failures, signal)));
    const all = found.flat();
    return all.find((resource) => fit(name, resource) === 2) ?? all[0];
  };

  return {
    resourceFor: async (kind, { signal } = {}) => (await find(kind, false, signal))[0]!,
    resourcesFor: ({ group, kind }, { signal } = {}) => find({ group, kind }, true, signal),

    async kindFor(name, { signal } = {}) {
      signal?.throwIfAborted();
      const { group } = parseResourceName(name);
      const roots: readonly Root[] = group === undefined ? ["/api", "/apis"] : [rootOf(group)];
      const areFresh = await Promise.all(roots.map(load));
      const failures = new Map<string, Error>();
      let found = await findNamed(name, failures, signal);
      if (!found && areFresh.includes(false)) {
        failures.clear();
        if (group !== undefined) await reload(group, signal);
        else {
          // It may be of any group.
          forget();
          await Promise.all(roots.map(load));
        }
        found = await findNamed(name, failures, signal);
      }
      if (found) return found;
      throw failures.size > 0 ? new DiscoveryFailedError(name, failures) : new NoKindMatchError(name);
    },

    async untyped(apiVersion, kind, { signal } = {}) {
      const [found] = await find({ ...parseApiVersion(apiVersion), kind }, false, signal);
      return found as Resource<UntypedObject>;
    },

    forget,
  };

  function forget(group?: string): void {
    if (group !== undefined) {
      // Its versions stay unknown until somebody asks for it, which looks at this group alone.
      groups.delete(group);
      return;
    }
    groups.clear();
    loaded.clear();
  }
}

const isMissing = (error: unknown): boolean => error instanceof ApiError && error.code === 404;
