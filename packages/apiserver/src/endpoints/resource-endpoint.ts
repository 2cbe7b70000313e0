import { methodNotAllowed } from "@homeostat/api";
import type { ResourceEndpoint } from "../http/chain.ts";
import { pathNotFound } from "../http/respond.ts";
import type { ServedResource, Verb } from "../registry/served-resource.ts";
import type { ResourceRequest } from "../request-info.ts";
import type { EndpointOptions } from "./endpoint-options.ts";
import type { EndpointRequest } from "./endpoint-request.ts";
import type { Subresources } from "./subresources.ts";
import { verbs } from "./verbs.ts";

/** Serves the verbs of all resources. */
export function createResourceEndpoint(
  options: EndpointOptions & { readonly subresources: Subresources },
): ResourceEndpoint {
  return async (info, request, { user, warn, annotate }) => {
    const served = options.engine.catalog.find(info.group, info.version, info.resource);
    if (!served || misplaced(served, info)) return pathNotFound();
    const call: EndpointRequest = { info, served, request, user, warn, annotate };
    if (served.deprecation) {
      warn(served.deprecation);
      annotate?.("k8s.io/deprecated", "true");
      const [, removed] = /unavailable in v(\d+\.\d+)\+/.exec(served.deprecation) ?? [];
      if (removed !== undefined && !served.custom) annotate?.("k8s.io/removed-release", removed);
    }
    if (info.subresource !== undefined) {
      const subresource = served.subresources.get(info.subresource);
      if (!subresource) return pathNotFound();
      if (!subresource.verbs.includes(info.verb)) throw methodNotAllowed(served.resource, info.verb);
      return options.subresources.handle(call, subresource);
    }
    if (!supported(served, info)) throw methodNotAllowed(served.resource, info.verb);
    return verbs[info.verb](options, call);
  };
}

/** A namespaced object outside a namespace, or the reverse. Lists may span all namespaces. */
function misplaced(served: ServedResource, info: ResourceRequest): boolean {
  if (served.resource.scope === "Cluster")
    return info.namespace !== undefined && !(info.resource === "namespaces" && info.group === "");
  return (
    info.namespace === undefined &&
    info.verb !== "list" &&
    info.verb !== "watch" &&
    info.verb !== "create" &&
    info.verb !== "deletecollection"
  );
}

function supported(served: ServedResource, info: ResourceRequest): boolean {
  if (!served.verbs.includes(info.verb as Verb)) return false;
  if (info.verb === "create")
    return !info.named && (served.resource.scope === "Cluster" || info.namespace !== undefined);
  if (info.verb === "update" || info.verb === "patch" || info.verb === "delete") return info.named;
  if (info.verb === "deletecollection") return served.resource.scope === "Cluster" || info.namespace !== undefined;
  return true;
}
