import type { ServiceAccountTokens } from "../auth/service-account-tokens.ts";
import type { TokenRequestOptions } from "../auth/token-request.ts";
import { namespaceFinalize } from "./namespace-finalize.ts";
import { podLog } from "./pod-subresources.ts";
import { scaleAccessOf, scaleHandler } from "./scale.ts";
import type { SubresourceHandler } from "./subresources.ts";
import { tokenRequestHandler } from "./token-request.ts";

export interface SubresourceHandlerOptions {
  readonly tokens: ServiceAccountTokens;
  readonly uidOf: TokenRequestOptions["uidOf"];
}

/** Every subresource that is more than a part of its object. */
export function subresourceHandlers({
  tokens,
  uidOf,
}: SubresourceHandlerOptions): ReadonlyMap<string, SubresourceHandler> {
  return new Map([
    ["scale", scaleHandler(scaleAccessOf)],
    ["namespaces/finalize", namespaceFinalize],
    ["pods/log", podLog],
    ["serviceaccounts/token", tokenRequestHandler(tokens, uidOf)],
  ]);
}
