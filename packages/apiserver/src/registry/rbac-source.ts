import type { Binding, RbacSource, Role } from "../auth/rbac.ts";
import type { Catalog } from "./catalog.ts";
import { type ObjectStore, parseEntry } from "./object-store.ts";

/** Roles and bindings as they are stored. */
export function rbacSource(store: ObjectStore, catalog: Catalog): RbacSource {
  const read = async <T>(plural: string, namespace?: string): Promise<T[]> => {
    const served = catalog.find("rbac.authorization.k8s.io", "v1", plural);
    if (!served) return [];
    const { entries } = await store.storage.list(store.prefix(served, namespace));
    return entries.map((entry) => parseEntry(entry) as unknown as T);
  };
  return {
    clusterRoles: () => read<Role>("clusterroles"),
    clusterRoleBindings: () => read<Binding>("clusterrolebindings"),
    roles: (namespace) => read<Role>("roles", namespace),
    roleBindings: (namespace) => read<Binding>("rolebindings", namespace),
  };
}
