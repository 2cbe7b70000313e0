import type { TempoStackSpec } from "../../api/tempo-stack.ts";
import { bare, compactYaml, type YamlNode } from "../../config/yaml-text.ts";

/** Who the tenants are; the same in both kinds. */
export type Tenants = NonNullable<TempoStackSpec["tenants"]>;

const list = (values: readonly string[]): YamlNode => values.map(bare);

/** `rbac.yaml` of the gateway: who may do what. Empty in mode openshift, where the policy agent asks the cluster. */
export function rbacYaml({ mode, authorization }: Tenants): string {
  if (mode === "openshift") return "";
  const { roleBindings = [], roles = [] } = authorization ?? {};
  return compactYaml({
    roleBindings: roleBindings.map((binding) => ({
      name: bare(binding.name),
      roles: list(binding.roles),
      subjects: binding.subjects.map(({ kind, name }) => ({ kind, name: bare(name) })),
    })),
    roles: roles.map((role) => ({
      name: bare(role.name),
      permissions: list(role.permissions),
      resources: list(role.resources),
      tenants: list(role.tenants),
    })),
  });
}
