import type { Authorizer } from "../auth/authorizer.ts";
import type { ServiceAccountTokens } from "../auth/service-account-tokens.ts";
import type { TokenRequestOptions } from "../auth/token-request.ts";
import type { Lookup } from "../builtins/admission/lookup.ts";
import type { ResolveService } from "../webhooks/service-resolver.ts";
import { connectHandlers } from "./connect/connect-handlers.ts";
import type { PodConnections } from "./connect/pod-connections.ts";
import { admitConnection, noConnection } from "./connections.ts";
import { namespaceFinalize } from "./namespace-finalize.ts";
import { type PodLogs, podLogHandler } from "./pod-log.ts";
import { podBinding, podEviction } from "./pod-subresources.ts";
import { scaleAccessOf, scaleHandler } from "./scale.ts";
import type { SubresourceHandler } from "./subresources.ts";
import { tokenRequestHandler } from "./token-request.ts";

export interface SubresourceHandlerOptions {
  readonly tokens: ServiceAccountTokens;
  readonly uidOf: TokenRequestOptions["uidOf"];
  readonly podLogs?: PodLogs | undefined;
  readonly podConnections?: PodConnections | undefined;
  readonly authorize: Authorizer;
  readonly lookup: Lookup;
  readonly resolveService: ResolveService;
}

/** Every subresource that is more than a part of its object. */
export function subresourceHandlers(options: SubresourceHandlerOptions): ReadonlyMap<string, SubresourceHandler> {
  return new Map([
    ["scale", scaleHandler(scaleAccessOf)],
    ["namespaces/finalize", namespaceFinalize],
    ["pods/binding", podBinding],
    ["pods/eviction", podEviction],
    ["pods/log", podLogHandler(options.podLogs)],
    [
      "serviceaccounts/token",
      tokenRequestHandler(options.tokens, { uidOf: options.uidOf, podOf: podReader(options.lookup) }),
    ],
    ...connectHandlers(options.podConnections ?? {}, options.authorize),
    ["services/proxy", serviceProxy(options)],
    ["proxy", noConnection],
  ]);
}

function serviceProxy({ lookup, resolveService, podConnections }: SubresourceHandlerOptions): SubresourceHandler {
  return async (engine, call, subresource) => {
    const [{ proxyTarget }, { relayToService }] = await Promise.all([
      import("./connect/proxy.ts"),
      import("./connect/service-proxy.ts"),
    ]);
    const { name, port } = proxyTarget(call.info.name!, "service");
    const named = { ...call, info: { ...call.info, name } };
    const { object: service } = await admitConnection(engine, named, subresource);
    return relayToService({ lookup, resolveService, connections: podConnections ?? {} }, named, service, port);
  };
}

/** Reads of a pod what a token that is bound to it has to do with. */
function podReader(lookup: Lookup): NonNullable<TokenRequestOptions["podOf"]> {
  return async (namespace, name) => {
    const pod = await lookup.get("", "pods", name, namespace);
    return pod && ((pod["spec"] ?? {}) as { serviceAccountName?: string; nodeName?: string });
  };
}
