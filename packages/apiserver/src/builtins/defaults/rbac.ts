import type { JsonObject } from "@homeostat/api";
import { ensure, isUnset, setDefault, structs, text } from "../json-fields.ts";

export const rbacGroup = "rbac.authorization.k8s.io";

/** Defaults of RoleBinding and ClusterRoleBinding. A service account is of the core group, whose name is empty. */
export function defaultBinding(binding: JsonObject): void {
  setDefault(ensure(binding, "roleRef"), "apiGroup", rbacGroup);
  for (const subject of structs(binding, "subjects")) {
    const kind = text(subject, "kind");
    if (isUnset(subject, "apiGroup") && (kind === "User" || kind === "Group")) subject["apiGroup"] = rbacGroup;
  }
}
