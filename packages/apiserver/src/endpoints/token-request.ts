import { type JsonObject, notFound } from "@homeostat/api";
import type { ServiceAccountTokens, TokenSubject } from "../auth/service-account-tokens.ts";
import { requestToken, type TokenRequestOptions } from "../auth/token-request.ts";
import { header } from "../http/handler.ts";
import { metaOf } from "../registry/object.ts";
import { admitSubresource } from "./admit-subresource.ts";
import { responderOf, writeRequest } from "./endpoint-request.ts";
import { readKind } from "./read-kind.ts";
import type { SubresourceHandler } from "./subresources.ts";
import { parseWriteQuery } from "./write-query.ts";

/** `POST serviceaccounts/X/token`: a token for a service account. */
export function tokenRequestHandler(
  tokens: Pick<ServiceAccountTokens, "issue" | "issuer">,
  options: Pick<TokenRequestOptions, "uidOf" | "podOf">,
): SubresourceHandler {
  return async (engine, call) => {
    const { served, info, request } = call;
    const responder = responderOf({ engine }, call, []);
    const entry = await engine.store.storage.get(engine.store.key(served, info.namespace, info.name!));
    if (!entry) throw notFound(served.resource, info.name!);
    const account = metaOf(await engine.store.object(served, entry));
    const subject: TokenSubject = { namespace: info.namespace!, name: info.name!, uid: account.uid! };
    const kind = { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" };
    const object = await readKind(request, kind);
    const query = parseWriteQuery(call.info.query, header(request, "user-agent") ?? "", "create");
    await admitSubresource(engine, writeRequest(call, query), info.name!, object);
    const answer: JsonObject = await requestToken(object, { subject, tokens, ...options });
    return responder.object(201, answer);
  };
}
