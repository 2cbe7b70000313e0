import { badRequest, methodNotAllowed } from "@homeostat/api";
import type { RequestInfo, ResourceRequest } from "../request-info.ts";

const verbs: Readonly<Record<string, ResourceRequest["verb"]>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Third segments below a namespace that belong to the Namespace object itself. */
const namespaceSubresources = new Set(["status", "finalize"]);

/**
 * Reads what a request is about off its method and path. As upstream, the object `/api/v1/namespaces/X` carries X both
 * as its name and as its namespace, so that a Role in X can speak about it.
 *
 * @param path with query
 * @throws ApiError 400 for a malformed path, 405 for a method no resource has. Source: apiserver `RequestInfoFactory`
 */
export function parseRequestInfo(method: string, path: string): RequestInfo {
  const question = path.indexOf("?");
  const pathname = question < 0 ? path : path.slice(0, question);
  const query = new URLSearchParams(question < 0 ? "" : path.slice(question + 1));
  const target = resourceTarget(pathname);
  if (!target) return { isResource: false, verb: method.toLowerCase(), path: pathname, query };

  const { group, version, deprecatedWatch } = target;
  const { namespace, parts } = splitNamespace(target.parts);
  const [resource = "", name, subresource, ...rest] = parts;
  const verb = verbs[method];
  if (!verb) throw methodNotAllowed({ group, plural: resource }, method.toLowerCase());
  const collection = name === undefined;
  return {
    isResource: true,
    verb: deprecatedWatch && verb === "get" ? "watch" : collection ? collectionVerb(verb, query) : verb,
    group,
    version,
    resource,
    subresource,
    rest: rest.length > 0 ? rest.join("/") : undefined,
    namespace,
    name: collection && !deprecatedWatch && verb === "get" ? demandedName(query.get("fieldSelector")) : name,
    named: !collection,
    path: pathname,
    query,
  };
}

interface Target {
  readonly group: string;
  readonly version: string;
  readonly parts: string[];
  /** The form `/api/v1/watch/...`, from before the `watch` parameter. */
  readonly deprecatedWatch: boolean;
}

/** Undefined for paths that name no resource: discovery, health and the like. */
function resourceTarget(pathname: string): Target | undefined {
  const segments = pathname.split("/").filter((segment) => segment !== "");
  const core = segments[0] === "api";
  if (!core && segments[0] !== "apis") return undefined;
  const skip = core ? 2 : 3;
  if (segments.length <= skip) return undefined;
  const decoded = segments.map((segment) => decode(segment, pathname));
  const deprecatedWatch = decoded[skip] === "watch" && decoded.length > skip + 1;
  return {
    group: core ? "" : decoded[1]!,
    version: decoded[skip - 1]!,
    parts: decoded.slice(deprecatedWatch ? skip + 1 : skip),
    deprecatedWatch,
  };
}

function decode(segment: string, pathname: string): string {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest(`the path ${pathname} is not percent-encoded properly`);
  }
}

function splitNamespace(parts: string[]): { namespace: string | undefined; parts: string[] } {
  if (parts[0] !== "namespaces" || parts.length < 2) return { namespace: undefined, parts };
  const inside = parts.length > 2 && !namespaceSubresources.has(parts[2]!);
  return { namespace: parts[1], parts: inside ? parts.slice(2) : parts };
}

function collectionVerb(verb: ResourceRequest["verb"], query: URLSearchParams): ResourceRequest["verb"] {
  if (verb === "delete") return "deletecollection";
  if (verb !== "get") return verb;
  return isTrue(query.get("watch")) ? "watch" : "list";
}

/** A boolean parameter: present and neither `false` nor `0`. */
export function isTrue(value: string | null): boolean {
  return value !== null && value.toLowerCase() !== "false" && value !== "0";
}

/** The name a field selector demands, if it does so with a single `metadata.name` equality. */
function demandedName(fieldSelector: string | null): string | undefined {
  if (!fieldSelector) return undefined;
  const names = fieldSelector
    .split(",")
    .map((term) => /^\s*metadata\.name\s*==?([^=].*)$/.exec(term)?.[1]?.trim())
    .filter((name) => name !== undefined);
  return names.length === 1 ? names[0] : undefined;
}
