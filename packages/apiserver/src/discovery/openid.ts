import type { ServiceAccountTokens } from "../auth/service-account-tokens.ts";
import type { Route } from "../http/chain.ts";
import { jsonResponse } from "../http/respond.ts";

/**
 * Lets others check tokens of service accounts without asking the API server each time.
 * @param serverUrl where the keys are found; read at each answer, since the port is known late
 * Source: KEP-1393; OpenID Connect Discovery 1.0
 */
export function openIdRoute(tokens: Pick<ServiceAccountTokens, "issuer" | "jwks">, serverUrl: () => string): Route {
  return (info) => {
    switch (info.path) {
      case "/.well-known/openid-configuration":
        return jsonResponse(200, {
          issuer: tokens.issuer,
          jwks_uri: `${serverUrl()}/openid/v1/jwks`,
          response_types_supported: ["id_token"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: [...new Set(tokens.jwks().keys.map((key) => key["alg"]))],
        });
      case "/openid/v1/jwks":
        return jsonResponse(200, tokens.jwks(), { "content-type": "application/jwk-set+json" });
      default:
        return undefined;
    }
  };
}
