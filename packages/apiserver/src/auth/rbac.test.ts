import { describe, expect, it } from "vitest";
import { aggregatedRules } from "./aggregation.ts";
import type { Attributes } from "./authorizer.ts";
import { bootstrapPolicy } from "./bootstrap-policy.ts";
import { requireMayBind, requireMayGrant } from "./escalation.ts";
import type { PolicyRule } from "./policy-rule.ts";
import { type Binding, createRbac, type RbacSource, type Role } from "./rbac.ts";
import { admin, anonymous, type UserInfo } from "./user-info.ts";

const jane: UserInfo = { username: "jane", groups: ["dev", "system:authenticated"] };
const bot: UserInfo = {
  username: "system:serviceaccount:a:bot",
  groups: ["system:serviceaccounts", "system:authenticated"],
};

interface World {
  clusterRoles: Role[];
  clusterRoleBindings: Binding[];
  roles: Record<string, Role[]>;
  roleBindings: Record<string, Binding[]>;
}

const role = (name: string, ...rules: PolicyRule[]): Role => ({ metadata: { name }, rules });
const bind = (
  kind: "Role" | "ClusterRole",
  name: string,
  subject: Binding["subjects"],
  namespace?: string,
): Binding => ({
  metadata: { name: `${name}-binding`, ...(namespace ? { namespace } : {}) },
  roleRef: { kind, name },
  subjects: subject ?? [],
});
const user = (name: string) => [{ kind: "User", name }];

function world(parts: Partial<World>): World & { source: RbacSource } {
  const state: World = { clusterRoles: [], clusterRoleBindings: [], roles: {}, roleBindings: {}, ...parts };
  const source: RbacSource = {
    clusterRoles: () => state.clusterRoles,
    clusterRoleBindings: async () => state.clusterRoleBindings,
    roles: (namespace) => state.roles[namespace] ?? [],
    roleBindings: (namespace) => state.roleBindings[namespace] ?? [],
  };
  return { ...state, source };
}

/** `jane: get apps deployments/scale a/web`, with a dash for what is absent. */
function ask(who: UserInfo, question: string): Attributes {
  const [verb = "", group = "", what = "", where = "-/-"] = question.split(" ");
  if (group.startsWith("/")) return { isResource: false, user: who, verb, path: group };
  const [resource = "", subresource] = what.split("/");
  const [namespace, name] = where.split("/").map((part) => (part === "-" ? undefined : part));
  return {
    isResource: true,
    user: who,
    verb,
    group: group === "core" ? "" : group,
    version: "v1",
    resource,
    subresource,
    namespace,
    name,
  };
}

/** What a user bound to one rule in the whole cluster may do. */
async function allowedBy(rule: PolicyRule, question: string): Promise<boolean> {
  const { source } = world({
    clusterRoles: [role("r", rule)],
    clusterRoleBindings: [bind("ClusterRole", "r", user("jane"))],
  });
  return (await createRbac(source).authorize(ask(jane, question))).allowed;
}

describe("rbac", () => {
  const pods: PolicyRule = { verbs: ["get", "list"], apiGroups: [""], resources: ["pods"] };
  it.each<[PolicyRule, string, boolean]>([
    [pods, "get core pods a/p", true],
    [pods, "list core pods", true],
    [pods, "delete core pods a/p", false],
    [pods, "get apps pods a/p", false],
    [pods, "get core pods/log a/p", false],
    [{ ...pods, resources: ["pods/log"] }, "get core pods/log a/p", true],
    [{ ...pods, resources: ["pods/log"] }, "get core pods a/p", false],
    [{ ...pods, resources: ["*/scale"], apiGroups: ["apps"] }, "get apps deployments/scale a/d", true],
    [{ ...pods, resources: ["*/scale"], apiGroups: ["apps"] }, "get apps deployments a/d", false],
    [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }, "create apps deployments/scale a/d", true],
    [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }, "get /healthz", false],
    [{ verbs: ["get"], nonResourceURLs: ["/healthz"] }, "get /healthz", true],
    [{ verbs: ["get"], nonResourceURLs: ["/api/*"] }, "get /api/v1", true],
    [{ verbs: ["get"], nonResourceURLs: ["/api/*"] }, "get /apis", false],
    [{ verbs: ["get"], nonResourceURLs: ["*"] }, "get /any", true],
    [{ verbs: ["get"], nonResourceURLs: ["*"] }, "post /any", false],
  ])("B242 reads rule %j: %s is allowed %s", async (rule, question, expected) => {
    expect(await allowedBy(rule, question)).toBe(expected);
  });

  const named: PolicyRule = { verbs: ["*"], apiGroups: [""], resources: ["pods"], resourceNames: ["p"] };
  it.each([
    ["get core pods a/p", true],
    ["get core pods a/q", false],
    ["create core pods a/-", false],
    ["deletecollection core pods a/-", false],
    ["list core pods a/-", false],
    ["watch core pods a/p", true],
  ])("B244 reads a rule with names: %s is allowed %s", async (question, expected) => {
    expect(await allowedBy(named, question)).toBe(expected);
  });

  it("B242 unites cluster and namespace bindings and keeps namespaces apart", async () => {
    const { source } = world({
      clusterRoles: [role("reader", pods), role("ns-reader", pods)],
      clusterRoleBindings: [bind("ClusterRole", "reader", [{ kind: "Group", name: "ops" }])],
      roles: { a: [role("local", { verbs: ["get"], apiGroups: [""], resources: ["secrets"] })] },
      roleBindings: {
        a: [
          bind("Role", "local", [{ kind: "ServiceAccount", name: "bot", namespace: "a" }], "a"),
          bind("ClusterRole", "ns-reader", user("jane"), "a"),
        ],
      },
    });
    const { authorize } = createRbac(source);
    const may = async (who: UserInfo, question: string) => (await authorize(ask(who, question))).allowed;
    expect(await may(jane, "get core pods a/p")).toBe(true);
    expect(await may(jane, "get core pods b/p")).toBe(false);
    expect(await may(jane, "list core pods")).toBe(false);
    expect(await may({ ...jane, groups: ["ops"] }, "list core pods")).toBe(true);
    expect(await may(bot, "get core secrets a/s")).toBe(true);
    expect(await may(jane, "get core secrets a/s")).toBe(false);
    expect(await may(admin, "delete core nodes -/n")).toBe(true);
  });

  it("sees a new binding after invalidate", async () => {
    const state = world({ clusterRoles: [role("reader", pods)] });
    const rbac = createRbac(state.source);
    const may = async () => (await rbac.authorize(ask(jane, "get core pods a/p"))).allowed;
    expect(await may()).toBe(false);
    state.clusterRoleBindings.push(bind("ClusterRole", "reader", user("jane")));
    rbac.invalidate();
    expect(await may()).toBe(true);
    state.clusterRoleBindings.pop();
    rbac.invalidate();
    expect(await may()).toBe(false);
  });

  it("reads again after a read failed", async () => {
    const state = world({
      clusterRoles: [role("reader", pods)],
      clusterRoleBindings: [bind("ClusterRole", "reader", user("jane"))],
    });
    let failures = 1;
    const clusterRoles = async () => {
      if (failures-- > 0) throw new Error("storage is busy");
      return state.clusterRoles;
    };
    const { authorize } = createRbac({ ...state.source, clusterRoles });
    await expect(authorize(ask(jane, "get core pods a/p"))).rejects.toThrow("storage is busy");
    expect((await authorize(ask(jane, "get core pods a/p"))).allowed).toBe(true);
  });

  it("says by which binding something is allowed", async () => {
    const { source } = world({
      clusterRoles: [role("reader", pods)],
      roleBindings: { a: [bind("ClusterRole", "reader", [{ kind: "ServiceAccount", name: "bot" }], "a")] },
    });
    expect((await createRbac(source).authorize(ask(bot, "get core pods a/p"))).reason).toBe(
      'RBAC: allowed by RoleBinding "reader-binding/a" of ClusterRole "reader" to ServiceAccount "bot/a"',
    );
  });
});

describe("aggregatedRules", () => {
  it("B242 unites the rules of the roles its selectors match, each once", () => {
    const labelled = (name: string, ...rules: PolicyRule[]): Role => ({
      metadata: { name, labels: { to: "x" } },
      rules,
    });
    const get = (resource: string): PolicyRule => ({ verbs: ["get"], apiGroups: [""], resources: [resource] });
    const target: Role = {
      metadata: { name: "x", labels: { to: "x" } },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: "x" } }] },
    };
    const others = [labelled("b", get("b"), get("a")), labelled("a", get("a")), role("c", get("c")), target];
    expect(aggregatedRules(target, others)).toEqual([get("a"), get("b")]);
    expect(aggregatedRules(role("c"), others)).toBeUndefined();
  });
});

describe("escalation", () => {
  const get = (...resources: string[]): PolicyRule => ({ verbs: ["get"], apiGroups: [""], resources });
  const { source } = world({
    clusterRoles: [
      role("holds", get("pods", "secrets")),
      role("big", get("pods", "nodes")),
      role("may-bind", {
        verbs: ["bind"],
        apiGroups: ["rbac.authorization.k8s.io"],
        resources: ["clusterroles"],
        resourceNames: ["big"],
      }),
    ],
    clusterRoleBindings: [bind("ClusterRole", "holds", user("jane")), bind("ClusterRole", "may-bind", user("eve"))],
  });
  const rbac = createRbac(source);
  const as = (who: UserInfo) => ({ user: who, authorize: rbac.authorize, rbac });
  const target = { plural: "roles", name: "new", namespace: "a" };

  it("B245 lets a user grant what they hold", async () => {
    await requireMayGrant(target, [get("pods"), get("secrets")], as(jane));
  });

  it("B245 refuses to grant what the user does not hold and names it", async () => {
    await expect(requireMayGrant(target, [get("pods", "nodes")], as(jane))).rejects.toThrow(
      'roles.rbac.authorization.k8s.io "new" is forbidden: user "jane" (groups=["dev" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}',
    );
    await expect(
      requireMayGrant(target, [{ verbs: ["*"], apiGroups: [""], resources: ["pods"] }], as(jane)),
    ).rejects.toThrow("not currently held");
  });

  it("B245 lets system:masters and whoever may escalate grant anything", async () => {
    await requireMayGrant(target, [get("nodes")], as(admin));
    await requireMayGrant(target, [get("nodes")], {
      ...as(jane),
      authorize: ({ verb }) => ({ allowed: verb === "escalate" }),
    });
  });

  it("B245 needs bind or all rights of the role to bind it", async () => {
    const binding = { plural: "rolebindings", name: "rb", namespace: "a" };
    await expect(requireMayBind(binding, { kind: "ClusterRole", name: "big" }, as(jane))).rejects.toThrow(
      'Resources:["nodes"]',
    );
    await requireMayBind(binding, { kind: "ClusterRole", name: "holds" }, as(jane));
    await requireMayBind(binding, { kind: "ClusterRole", name: "big" }, as({ username: "eve", groups: [] }));
  });
});

describe("bootstrap policy", () => {
  const policy = bootstrapPolicy();
  const rbac = createRbac({
    clusterRoles: () => policy.clusterRoles,
    clusterRoleBindings: () => [
      ...policy.clusterRoleBindings,
      ...["view", "edit", "admin"].map((name) => bind("ClusterRole", name, user(`${name}er`))),
    ],
    roles: (namespace) => policy.roles.filter((item) => item.metadata.namespace === namespace),
    roleBindings: (namespace) => policy.roleBindings.filter((item) => item.metadata.namespace === namespace),
  });
  const named = (name: string): UserInfo => ({ username: name, groups: ["system:authenticated"] });

  it.each<[UserInfo, string, boolean]>([
    [anonymous, "get /version", true],
    [anonymous, "get /readyz", true],
    [anonymous, "get /api", false],
    [anonymous, "list core pods", false],
    [jane, "get /apis/apps/v1", true],
    [jane, "get /openapi/v3", true],
    [jane, "create authorization.k8s.io selfsubjectaccessreviews", true],
    [jane, "list core pods a/-", false],
    [named("viewer"), "list core pods a/-", true],
    [named("viewer"), "get core secrets a/s", false],
    [named("viewer"), "create core pods a/-", false],
    [named("editer"), "get core secrets a/s", true],
    [named("editer"), "list apps deployments a/-", true],
    [named("editer"), "patch apps deployments a/d", true],
    [named("editer"), "create rbac.authorization.k8s.io roles a/-", false],
    [named("adminer"), "create rbac.authorization.k8s.io roles a/-", true],
    [named("adminer"), "list core pods a/-", true],
    [named("adminer"), "delete core nodes -/n", false],
    [named("system:kube-controller-manager"), "delete example.com widgets a/w", true],
    [named("system:kube-controller-manager"), "update apps deployments/status a/d", true],
    [named("system:kube-controller-manager"), "impersonate core users -/jane", false],
    [named("system:kube-scheduler"), "create core pods/binding a/p", true],
    [bot, "get /openid/v1/jwks", true],
  ])("B246 %o %s is allowed %s", async (who, question, expected) => {
    expect((await rbac.authorize(ask(who, question))).allowed).toBe(expected);
  });

  it("B246 names each object once and marks it as its own", () => {
    for (const list of [policy.clusterRoles, policy.clusterRoleBindings]) {
      const names = list.map((item) => item.metadata.name);
      expect(new Set(names).size).toBe(names.length);
      expect(list.every((item) => item.metadata.labels["kubernetes.io/bootstrapping"] === "rbac-defaults")).toBe(true);
    }
    const roles = new Set(policy.clusterRoles.map((item) => item.metadata.name));
    expect(policy.clusterRoleBindings.filter((binding) => !roles.has(binding.roleRef.name))).toEqual([]);
  });
});
