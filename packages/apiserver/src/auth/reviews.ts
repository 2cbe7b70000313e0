import { badRequest, fieldError, invalid, type Json, type JsonObject, type StatusCause } from "@homeostat/api";
import type { TokenAuthenticator } from "./authenticate.ts";
import type { Attributes, Authorizer } from "./authorizer.ts";
import type { PolicyRule } from "./policy-rule.ts";
import type { Rbac } from "./rbac.ts";
import type { UserInfo } from "./user-info.ts";

/** Answers a review: the object sent with its status filled in. Reviews are only created and never stored. */
export type Review = (review: JsonObject, context: ReviewContext) => Promise<JsonObject>;

export interface ReviewContext {
  /** Who sends the review. */
  readonly user: UserInfo;
  /** Namespace of the URL, for local reviews. */
  readonly namespace: string | undefined;
}

export interface ReviewOptions {
  readonly authorize: Authorizer;
  readonly rbac: Pick<Rbac, "rulesFor">;
  /** Asked in order. */
  readonly tokens: readonly TokenAuthenticator[];
}

/** By plural name. */
export type Reviews = Readonly<Record<ReviewName, Review>>;
export type ReviewName =
  | "subjectaccessreviews"
  | "localsubjectaccessreviews"
  | "selfsubjectaccessreviews"
  | "selfsubjectrulesreviews"
  | "selfsubjectreviews"
  | "tokenreviews";

/** @throws ApiError 422 for a review that asks for nothing, or for two things at once */
export function createReviews({ authorize, rbac, tokens }: ReviewOptions): Reviews {
  const decide = async (review: JsonObject, attributes: Attributes): Promise<JsonObject> => {
    const { allowed, reason } = await authorize(attributes);
    return { ...review, status: { allowed, ...(reason ? { reason } : {}) } };
  };
  return {
    async subjectaccessreviews(review) {
      const spec = specOf<SubjectSpec>(review);
      refuse("SubjectAccessReview", review, [...attributeCauses(spec), ...subjectCauses(spec)]);
      return decide(review, attributesOf(spec, subjectOf(spec)));
    },
    async localsubjectaccessreviews(review, { namespace }) {
      const spec = specOf<SubjectSpec>(review);
      const causes = [...attributeCauses(spec), ...subjectCauses(spec), ...localCauses(spec, namespace)];
      refuse("LocalSubjectAccessReview", review, causes);
      return decide(review, attributesOf(spec, subjectOf(spec)));
    },
    async selfsubjectaccessreviews(review, { user }) {
      const spec = specOf<AccessSpec>(review);
      refuse("SelfSubjectAccessReview", review, attributeCauses(spec));
      return decide(review, attributesOf(spec, user));
    },
    async selfsubjectrulesreviews(review, { user }) {
      const { namespace } = specOf<{ namespace?: string }>(review);
      if (!namespace) throw badRequest("no namespace on request: set spec.namespace");
      return { ...review, status: rulesStatus(await rbac.rulesFor(user, namespace)) };
    },
    selfsubjectreviews: async (review, { user }) => ({ ...review, status: { userInfo: userJson(user) } }),
    async tokenreviews(review) {
      const { token, audiences } = specOf<{ token?: string; audiences?: string[] }>(review);
      if (!token) throw badRequest("token is required for TokenReview in authentication");
      return { ...review, status: await tokenStatus(token, audiences, tokens) };
    },
  };
}

interface AccessSpec {
  readonly resourceAttributes?: {
    readonly namespace?: string;
    readonly verb?: string;
    readonly group?: string;
    readonly version?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly name?: string;
  };
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
}

interface SubjectSpec extends AccessSpec {
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

function specOf<T extends object>(review: JsonObject): T {
  return (review["spec"] ?? {}) as T;
}

function refuse(kind: string, review: JsonObject, causes: readonly StatusCause[]): void {
  const name = (review["metadata"] as { name?: string } | undefined)?.name ?? "";
  if (causes.length > 0) throw invalid({ group: "authorization.k8s.io", kind }, name, causes);
}

function attributeCauses({ resourceAttributes, nonResourceAttributes }: AccessSpec): StatusCause[] {
  if (resourceAttributes && nonResourceAttributes) {
    return [
      fieldError.invalid(
        "spec.nonResourceAttributes",
        nonResourceAttributes,
        "cannot be specified in combination with resourceAttributes",
      ),
    ];
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    return [
      fieldError.invalid(
        "spec.resourceAttributes",
        null,
        "exactly one of nonResourceAttributes or resourceAttributes must be specified",
      ),
    ];
  }
  return [];
}

function subjectCauses({ user, groups = [] }: SubjectSpec): StatusCause[] {
  return user || groups.length > 0
    ? []
    : [fieldError.invalid("spec.user", user ?? "", "at least one of user or group must be specified")];
}

function localCauses(
  { resourceAttributes, nonResourceAttributes }: AccessSpec,
  namespace: string | undefined,
): StatusCause[] {
  if (nonResourceAttributes) {
    return [
      fieldError.invalid("spec.nonResourceAttributes", nonResourceAttributes, "disallowed on this kind of request"),
    ];
  }
  if (!resourceAttributes || resourceAttributes.namespace === namespace) return [];
  return [
    fieldError.invalid(
      "spec.resourceAttributes.namespace",
      resourceAttributes.namespace ?? "",
      "must match metadata.namespace",
    ),
  ];
}

function subjectOf({ user = "", groups = [], uid, extra }: SubjectSpec): UserInfo {
  return { username: user, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: AccessSpec, user: UserInfo): Attributes {
  if (nonResourceAttributes) {
    return { isResource: false, user, verb: nonResourceAttributes.verb ?? "", path: nonResourceAttributes.path ?? "" };
  }
  const { verb = "", group = "", version = "", resource = "", subresource, namespace, name } = resourceAttributes ?? {};
  return { isResource: true, user, verb, group, version, resource, subresource, namespace, name };
}

function rulesStatus(rules: readonly PolicyRule[]): JsonObject {
  const list = (values: readonly string[] | undefined): string[] => [...(values ?? [])];
  const resourceRules = rules
    .filter((rule) => (rule.resources?.length ?? 0) > 0)
    .map(
      (rule): JsonObject => ({
        verbs: list(rule.verbs),
        apiGroups: list(rule.apiGroups),
        resources: list(rule.resources),
        ...(rule.resourceNames?.length ? { resourceNames: list(rule.resourceNames) } : {}),
      }),
    );
  const nonResourceRules = rules
    .filter((rule) => (rule.nonResourceURLs?.length ?? 0) > 0)
    .map((rule): JsonObject => ({ verbs: list(rule.verbs), nonResourceURLs: list(rule.nonResourceURLs) }));
  return { resourceRules, nonResourceRules, incomplete: false };
}

function userJson({ username, uid, groups, extra }: UserInfo): JsonObject {
  return {
    username,
    ...(uid ? { uid } : {}),
    groups: [...groups],
    ...(extra ? { extra: structuredClone(extra) as unknown as Json } : {}),
  };
}

/** A token that is not good is a finding, not an error. */
async function tokenStatus(
  token: string,
  audiences: readonly string[] | undefined,
  authenticators: readonly TokenAuthenticator[],
): Promise<JsonObject> {
  const wanted = audiences && audiences.length > 0 ? audiences : undefined;
  try {
    for (const authenticator of authenticators) {
      const found = await authenticator.authenticate(token, wanted);
      if (!found) continue;
      return {
        authenticated: true,
        user: userJson(found.user),
        ...(wanted ? { audiences: [...found.audiences] } : {}),
      };
    }
  } catch (error) {
    return { authenticated: false, error: error instanceof Error ? error.message : String(error) };
  }
  return { authenticated: false, error: "the token is of no kind this server knows" };
}
