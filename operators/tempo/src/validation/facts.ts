import type { Lookup } from "../lookup.ts";
import type { StorageParams } from "../storage/params.ts";
import type { StorageResult } from "../storage/resolve.ts";

/** Whether the user who sends the request may create `tokenreviews.authentication.k8s.io`. */
export type TokenReviewAnswer = { readonly isAllowed: true } | { readonly isAllowed: false; readonly user: string };

/**
 * What validation must know of the cluster. Each is left out where it was not looked up, as without a cluster: its
 * rule is then not checked.
 */
export interface ClusterFacts {
  /** What came of resolving the storage. */
  readonly storage?: StorageResult<StorageParams>;
  /** The service account, where it is not the operator's own. */
  readonly serviceAccount?: Lookup<unknown>;
  /** Asked only in mode openshift, and only of requests: a reconcile has no user. */
  readonly tokenReview?: TokenReviewAnswer;
  /** Whether an object of the other kind has the same name in the namespace: their objects would be the same. */
  readonly isNameTaken?: boolean;
}
