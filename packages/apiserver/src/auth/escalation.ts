import { type ApiError, forbidden } from "@homeostat/api";
import { type Authorizer, masters } from "./authorizer.ts";
import { describeRule, type PolicyRule, uncoveredRules } from "./policy-rule.ts";
import type { Binding, Rbac } from "./rbac.ts";
import type { UserInfo } from "./user-info.ts";

const group = "rbac.authorization.k8s.io";

/** A Role or ClusterRole, or a binding of either, that is about to be written. */
export interface GrantingObject {
  /** `roles`, `clusterroles`, `rolebindings` or `clusterrolebindings`. */
  readonly plural: string;
  readonly name: string;
  readonly namespace: string | undefined;
}

export interface EscalationOptions {
  readonly user: UserInfo;
  readonly authorize: Authorizer;
  readonly rbac: Pick<Rbac, "rulesFor" | "rulesOf">;
}

/**
 * Nobody may grant what they do not hold: writing a role needs all its rules, or the verb `escalate` on the role.
 * @throws ApiError 403 that lists what is missing. Source: rbac registry, `policybased` storage
 */
export async function requireMayGrant(
  role: GrantingObject,
  rules: readonly PolicyRule[],
  options: EscalationOptions,
): Promise<void> {
  await requireHeld(role, rules, { ...options, verb: "escalate", target: role });
}

/** Binding a role needs all its rules, or the verb `bind` on the role. @throws ApiError 403 that lists what is missing */
export async function requireMayBind(
  binding: GrantingObject,
  roleRef: Binding["roleRef"],
  options: EscalationOptions,
): Promise<void> {
  const cluster = roleRef.kind === "ClusterRole";
  const target = { plural: cluster ? "clusterroles" : "roles", name: roleRef.name, namespace: binding.namespace };
  const rules = await options.rbac.rulesOf(roleRef, binding.namespace);
  await requireHeld(binding, rules, { ...options, verb: "bind", target });
}

async function requireHeld(
  object: GrantingObject,
  rules: readonly PolicyRule[],
  {
    user,
    authorize,
    rbac,
    verb,
    target,
  }: EscalationOptions & { readonly verb: string; readonly target: GrantingObject },
): Promise<void> {
  if (user.groups.includes(masters)) return;
  const { plural: resource, name, namespace } = target;
  const { allowed } = await authorize({
    isResource: true,
    user,
    verb,
    group,
    version: "v1",
    resource,
    name,
    namespace,
  });
  if (allowed) return;
  const missing = uncoveredRules(await rbac.rulesFor(user, object.namespace), rules);
  if (missing.length > 0) throw escalationDenied(object, user, missing);
}

function escalationDenied(object: GrantingObject, user: UserInfo, missing: readonly PolicyRule[]): ApiError {
  const groups = user.groups.map((name) => JSON.stringify(name)).join(" ");
  const lines = missing.map(describeRule).join("\n");
  return forbidden(
    { group, plural: object.plural },
    object.name,
    `user ${JSON.stringify(user.username)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${lines}`,
  );
}
