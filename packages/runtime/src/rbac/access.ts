import type { TransportRequest } from "@homeostat/api";

/** One thing somebody does, or may do, as the API server's authorizers see it. */
export interface Access {
  readonly verb: string;
  /** `""` for the core group. */
  readonly group: string;
  /** Plural, with the subresource: `deployments`, `deployments/status`. */
  readonly resource: string;
  /** Undefined: cluster-scoped, or all namespaces. */
  readonly namespace?: string;
  /** Undefined: any. */
  readonly name?: string;
}

/**
 * What a request asks for, by the rules of request info; undefined for paths that are no resources (`/version`,
 * discovery). A watch or list of one name (`fieldSelector=metadata.name=x`) names it, as authorizers see it.
 *
 * Source: apiserver `request` package, "RequestInfo".
 */
export function accessOf({ method, path }: Pick<TransportRequest, "method" | "path">): Access | undefined {
  const [pathname = "", search = ""] = path.split("?", 2);
  const parts = pathname.split("/").filter((part) => part !== "");
  const core = parts[0] === "api";
  if (!core && parts[0] !== "apis") return undefined;
  const group = core ? "" : parts[1];
  const rest = parts.slice(core ? 2 : 3).map(decodeURIComponent);
  if (rest.length === 0 || group === undefined) return undefined;
  let namespace: string | undefined;
  if (rest[0] === "namespaces" && rest.length > 1) {
    namespace = rest[1];
    // `/namespaces/x`, `/namespaces/x/status` and `…/finalize` are about the namespace itself.
    if (rest.length > 2 && !["status", "finalize"].includes(rest[2]!)) rest.splice(0, 2);
  }
  const [plural, pathName, ...sub] = rest as [string, string?, ...string[]];
  const query = new URLSearchParams(search);
  const name = pathName ?? nameSelected(query.get("fieldSelector"));
  return {
    verb: verbOf(method, pathName !== undefined, query),
    group,
    resource: [plural, ...sub.slice(0, 1)].join("/"),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  };
}

function verbOf(method: string, named: boolean, query: URLSearchParams): string {
  switch (method) {
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return named ? "delete" : "deletecollection";
    default:
      if (named) return "get";
      return ["1", "true"].includes(query.get("watch") ?? "") ? "watch" : "list";
  }
}

function nameSelected(fieldSelector: string | null): string | undefined {
  return fieldSelector === null ? undefined : /(?:^|,)metadata\.name==?([^,]+)/.exec(fieldSelector)?.[1];
}
