import { ClusterRole, ClusterRoleBinding, Namespace, ServiceAccount } from "@homeostat/api";
import { serviceAccountGroups, serviceAccountUsername, type UserInfo } from "@homeostat/apiserver";
import type { Client } from "@homeostat/runtime";

export type PolicyRule = NonNullable<ClusterRole["rules"]>[number];

/** A service account that may do what its rules say, and no more. */
export interface RestrictedIdentity {
  /** Default: the manager's name. */
  readonly name?: string;
  /** Made where it is not there. Default `default`. */
  readonly namespace?: string;
  /** What it may do, in the whole cluster. */
  readonly rules: readonly PolicyRule[];
}

/** An administrator of this name: for operators whose permissions are not what is looked at. */
export function administrator(name: string): UserInfo {
  return { username: `homeostat:${name}`, groups: ["system:masters", "system:authenticated"] };
}

/** Makes the service account, its role and the binding. @returns who it is */
export async function ensureIdentity(client: Client, identity: RestrictedIdentity, owner: string): Promise<UserInfo> {
  const { name = owner, namespace = "default", rules } = identity;
  const write = { fieldManager: "homeostat", force: true } as const;
  if (!(await client.find(Namespace, { name: namespace }))) {
    await client.apply(Namespace, named(Namespace, { name: namespace }), write);
  }
  await client.apply(ServiceAccount, named(ServiceAccount, { name, namespace }), write);
  await client.apply(ClusterRole, { ...named(ClusterRole, { name }), rules }, write);
  const group = "rbac.authorization.k8s.io";
  await client.apply(
    ClusterRoleBinding,
    {
      ...named(ClusterRoleBinding, { name }),
      roleRef: { apiGroup: group, kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    },
    write,
  );
  return {
    username: serviceAccountUsername(namespace, name),
    groups: [...serviceAccountGroups(namespace), "system:authenticated"],
  };
}

function named<M>(
  resource: { readonly group: string; readonly version: string; readonly kind: string },
  metadata: M,
): { readonly apiVersion: string; readonly kind: string; readonly metadata: M } {
  const apiVersion = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
  return { apiVersion, kind: resource.kind, metadata };
}
