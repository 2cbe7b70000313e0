import type { UserInfo } from "@homeostat/api/groups/authentication-v1";
import type { Logger } from "../log.ts";
import { checkedPath } from "./admission.ts";
import { decodeReview, jsonReply, type WebhookHandler } from "./http-handler.ts";

/** Who a token belongs to. */
export interface Authenticated {
  readonly user: UserInfo;
  /** Those of the audiences asked for that the token is good for. Needed only where the review names audiences. */
  readonly audiences?: readonly string[];
}

export interface TokenContext {
  /** What the token must be good for; empty: the API server itself. */
  readonly audiences: readonly string[];
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** @returns whose token it is; undefined where it is nobody's. Throwing answers no, with the error's text. */
export type Authenticate = (
  token: string,
  context: TokenContext,
) => Authenticated | undefined | Promise<Authenticated | undefined>;

/** A webhook that tells an API server whose bearer token it was given (`--authentication-token-webhook-config-file`). */
export interface AuthenticationWebhook {
  readonly type: "authentication";
  readonly path: string;
  readonly authenticate: Authenticate;
}

/** Tokens reach nothing but `authenticate`: neither logs nor error texts of ours hold them. */
export const authentication = (path: string, authenticate: Authenticate): AuthenticationWebhook => ({
  type: "authentication",
  path: checkedPath(path),
  authenticate,
});

const versions = ["authentication.k8s.io/v1", "authentication.k8s.io/v1beta1"];

/** TokenReview in, TokenReview of the same version out; failures are said in its status, with HTTP status 200. */
export function tokenReview(webhook: AuthenticationWebhook): WebhookHandler {
  return async (http) => {
    let apiVersion = versions[0]!;
    const reply = (status: object) => jsonReply({ kind: "TokenReview", apiVersion, metadata: {}, spec: {}, status });
    try {
      const review = decodeReview(http, "TokenReview", versions);
      apiVersion = (review["apiVersion"] as string | undefined) ?? apiVersion;
      const spec = review["spec"] as { token?: unknown; audiences?: string[] } | undefined;
      if (typeof spec?.token !== "string" || spec.token === "") throw new Error("the review has no spec.token");
      const { log, signal } = http;
      const found = await webhook.authenticate(spec.token, { audiences: spec.audiences ?? [], log, signal });
      if (!found) return reply({ authenticated: false });
      return reply({
        authenticated: true,
        user: found.user,
        ...(found.audiences ? { audiences: found.audiences } : {}),
      });
    } catch (error) {
      return reply({ authenticated: false, error: error instanceof Error ? error.message : String(error) });
    }
  };
}
