import { SubjectAccessReview } from "@homeostat/api";
import type { Client } from "@homeostat/runtime";
import type { TokenReviewAnswer } from "../validation/facts.ts";

/** Who sent a request, as the API server tells it. */
export interface Requester {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/**
 * Whether this user may create `tokenreviews.authentication.k8s.io`: the gateway of an instance in mode openshift gets
 * that right from the operator, so nobody may get hold of it through one who has not got it.
 */
export async function tokenReviewAccess(
  client: Client,
  user: Requester,
  signal: AbortSignal,
): Promise<TokenReviewAnswer> {
  const { username = "", uid, groups = [], extra } = user;
  const review = await client.create(
    SubjectAccessReview,
    {
      spec: {
        user: username,
        groups,
        ...(uid ? { uid } : {}),
        ...(extra ? { extra } : {}),
        resourceAttributes: { group: "authentication.k8s.io", resource: "tokenreviews", verb: "create" },
      },
    },
    { signal },
  );
  return review.status?.allowed ? { isAllowed: true } : { isAllowed: false, user: username };
}
