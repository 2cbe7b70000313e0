import type { TransportRequest } from "@homeostat/api";

/** A request to the API server as its path tells it. */
export interface ApiCall {
  /** As RBAC names it: `get`, `list`, `create`, `update`, `patch`, `delete`, `deletecollection`; `apply` for itself. */
  readonly verb: string;
  /** `deployments.apps`, with its subresource after a slash; undefined for paths of no resource. */
  readonly resource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly path: string;
  readonly watch: boolean;
}

export const applyType = "application/apply-patch+";

export function apiCallOf({ method, path, headers }: TransportRequest): ApiCall {
  const [bare = path, query = ""] = path.split("?");
  const parts = bare.split("/").filter((part) => part !== "");
  const group = parts[0] === "apis" ? parts[1] : parts[0] === "api" ? "" : undefined;
  const rest = group === undefined ? [] : parts.slice(group === "" ? 2 : 3);
  // A namespace is a scope where more follows, and an object of its own where nothing does (or its own subresource).
  const scoped = rest[0] === "namespaces" && rest.length > 2 && rest[2] !== "status" && rest[2] !== "finalize";
  const namespace = scoped ? rest[1] : undefined;
  const [plural, name, ...subresource] = scoped ? rest.slice(2) : rest;
  const kind = plural === undefined ? undefined : group ? `${plural}.${group}` : plural;
  return {
    verb: verbOf(method, name !== undefined || kind === undefined, headers?.["content-type"] ?? ""),
    resource: kind === undefined ? undefined : [kind, ...subresource].join("/"),
    namespace,
    name,
    path: bare,
    watch: /(^|&)watch=(1|true)(&|$)/.test(query),
  };
}

function verbOf(method: string, named: boolean, contentType: string): string {
  switch (method) {
    case "GET":
      return named ? "get" : "list";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return contentType.startsWith(applyType) ? "apply" : "patch";
    case "DELETE":
      return named ? "delete" : "deletecollection";
    default:
      return method.toLowerCase();
  }
}
