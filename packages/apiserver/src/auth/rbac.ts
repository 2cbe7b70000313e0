import type { LabelSelector } from "@homeostat/api";
import { type Attributes, type Authorizer, type Decision, masters } from "./authorizer.ts";
import { type PolicyRule, ruleAllows } from "./policy-rule.ts";
import { serviceAccountUsername } from "./service-account.ts";
import type { UserInfo } from "./user-info.ts";

/** What roles and bindings have to hold here; the stored objects do. Source: rbac.authorization.k8s.io/v1. */
export interface Role {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly rules?: readonly PolicyRule[] | null;
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly LabelSelector[] };
}

export interface Binding {
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly subjects?: readonly Subject[] | null;
  readonly roleRef: { readonly apiGroup?: string; readonly kind: string; readonly name: string };
}

export interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly apiGroup?: string;
}

/** Where roles and bindings come from. Asked once, and again after {@link Rbac.invalidate}. */
export interface RbacSource {
  clusterRoles(): readonly Role[] | Promise<readonly Role[]>;
  clusterRoleBindings(): readonly Binding[] | Promise<readonly Binding[]>;
  roles(namespace: string): readonly Role[] | Promise<readonly Role[]>;
  roleBindings(namespace: string): readonly Binding[] | Promise<readonly Binding[]>;
}

export interface Rbac {
  /** Members of system:masters may do everything; for everyone else any single rule that is bound to them suffices. */
  readonly authorize: Authorizer;
  /** Rules that hold for a user: of the whole cluster and, where a namespace is given, of that. */
  rulesFor(user: UserInfo, namespace: string | undefined): Promise<PolicyRule[]>;
  /** Rules a role reference stands for; empty when the role does not exist. */
  rulesOf(roleRef: Binding["roleRef"], namespace: string | undefined): Promise<readonly PolicyRule[]>;
  /** To be called when any role or binding changes. Cheap: the next request reads what it needs. */
  invalidate(): void;
}

/** Rules bound to one subject, with the words that tell by what. */
interface Grant {
  readonly rules: readonly PolicyRule[];
  readonly reason: string;
}

/** Grants by subject: `User:jane`, `Group:dev`. */
type Grants = ReadonlyMap<string, readonly Grant[]>;

/** Authorizes by roles and bindings, compiled into a table of grants by subject: one for the cluster, one a namespace. */
export function createRbac(source: RbacSource): Rbac {
  let compiled = newCache(source);

  const grantsFor = (cache: Cache, user: UserInfo, namespace: string | undefined): Grant[] | Promise<Grant[]> => {
    const cluster = cache.cluster();
    const local = namespace ? cache.namespace(namespace) : undefined;
    if (cluster instanceof Promise || local instanceof Promise) {
      return Promise.all([cluster, local]).then(([first, second]) => grantsOf(user, first, second));
    }
    return grantsOf(user, cluster, local);
  };

  return {
    authorize(attributes) {
      if (attributes.user.groups.includes(masters)) return { allowed: true, reason: "" };
      const namespace = attributes.isResource ? attributes.namespace : undefined;
      const grants = grantsFor(compiled, attributes.user, namespace);
      return grants instanceof Promise ? grants.then((found) => decide(found, attributes)) : decide(grants, attributes);
    },
    async rulesFor(user, namespace) {
      return (await grantsFor(compiled, user, namespace)).flatMap((grant) => grant.rules);
    },
    async rulesOf(roleRef, namespace) {
      const roles = roleRef.kind === "ClusterRole" ? source.clusterRoles() : source.roles(namespace ?? "");
      return (await roles).find((role) => role.metadata?.name === roleRef.name)?.rules ?? [];
    },
    invalidate() {
      compiled = newCache(source);
    },
  };
}

interface Cache {
  cluster(): Grants | Promise<Grants>;
  namespace(namespace: string): Grants | Promise<Grants>;
}

/** Belongs to one state of the roles: what is still being read when it is replaced is lost with it. A failed read is tried again. */
function newCache(source: RbacSource): Cache {
  let clusterRoles: Promise<readonly Role[]> | undefined;
  let cluster: Grants | Promise<Grants> | undefined;
  const namespaces = new Map<string, Grants | Promise<Grants>>();
  const readClusterRoles = async (): Promise<readonly Role[]> =>
    (clusterRoles ??= Promise.resolve(source.clusterRoles()));
  return {
    cluster() {
      cluster ??= Promise.all([source.clusterRoleBindings(), readClusterRoles()]).then(
        ([bindings, roles]) => (cluster = compile(bindings, roles, [])),
        (error: unknown) => {
          cluster = clusterRoles = undefined;
          throw error;
        },
      );
      return cluster;
    },
    namespace(namespace) {
      const known = namespaces.get(namespace);
      if (known) return known;
      const reading = Promise.all([source.roleBindings(namespace), readClusterRoles(), source.roles(namespace)]).then(
        ([bindings, roles, local]) => {
          const grants = compile(bindings, roles, local);
          namespaces.set(namespace, grants);
          return grants;
        },
        (error: unknown) => {
          namespaces.delete(namespace);
          clusterRoles = undefined;
          throw error;
        },
      );
      namespaces.set(namespace, reading);
      return reading;
    },
  };
}

function compile(bindings: readonly Binding[], clusterRoles: readonly Role[], roles: readonly Role[]): Grants {
  const byName = (list: readonly Role[]): Map<string, Role> =>
    new Map(list.map((role) => [role.metadata?.name ?? "", role]));
  const cluster = byName(clusterRoles);
  const local = byName(roles);
  const grants = new Map<string, Grant[]>();
  for (const binding of bindings) {
    const { roleRef, metadata } = binding;
    // A binding may come before its role; it means nothing until then.
    const rules = (roleRef.kind === "ClusterRole" ? cluster : local).get(roleRef.name)?.rules;
    if (!rules) continue;
    const namespace = metadata?.namespace;
    const name = namespace ? `RoleBinding "${metadata?.name}/${namespace}"` : `ClusterRoleBinding "${metadata?.name}"`;
    for (const subject of binding.subjects ?? []) {
      const key = subjectKey(subject, namespace);
      const grant = {
        rules,
        reason: `RBAC: allowed by ${name} of ${roleRef.kind} "${roleRef.name}" to ${describeSubject(subject, namespace)}`,
      };
      grants.set(key, [...(grants.get(key) ?? []), grant]);
    }
  }
  return grants;
}

function subjectKey(subject: Subject, namespace: string | undefined): string {
  if (subject.kind !== "ServiceAccount") return `${subject.kind}:${subject.name}`;
  return `User:${serviceAccountUsername(subject.namespace ?? namespace ?? "", subject.name)}`;
}

function describeSubject({ kind, name, namespace = "" }: Subject, bindingNamespace: string | undefined): string {
  return kind === "ServiceAccount" ? `${kind} "${name}/${namespace || bindingNamespace}"` : `${kind} "${name}"`;
}

function grantsOf(user: UserInfo, ...tables: readonly (Grants | undefined)[]): Grant[] {
  const keys = [`User:${user.username}`, ...user.groups.map((group) => `Group:${group}`)];
  return tables.flatMap((table) => keys.flatMap((key) => table?.get(key) ?? []));
}

function decide(grants: readonly Grant[], attributes: Attributes): Decision {
  const grant = grants.find(({ rules }) => rules.some((rule) => ruleAllows(rule, attributes)));
  return grant ? { allowed: true, reason: grant.reason } : { allowed: false };
}
