import { dns1123Subdomain, fieldError, type JsonObject, pathSegmentName, type StatusCause } from "@homeostat/api";
import { rbacGroup } from "../defaults/rbac.ts";
import { semanticallyEqual, strings, struct, structs, text } from "../json-fields.ts";
import { at, labelSelector, problems } from "./checks.ts";
import type { KindValidation, ValidationByKind } from "./kind-validation.ts";

/** Source: rbac validation `ValidatePolicyRule`. */
function rule(policy: JsonObject, path: string, namespaced: boolean): StatusCause[] {
  const urls = strings(policy, "nonResourceURLs");
  const resources = strings(policy, "resources");
  const groups = strings(policy, "apiGroups");
  const causes: StatusCause[] = [];
  if (strings(policy, "verbs").length === 0)
    causes.push(fieldError.required(at(path, "verbs"), "verbs must contain at least one value"));
  if (urls.length > 0) {
    const where = at(path, "nonResourceURLs");
    if (namespaced) causes.push(fieldError.invalid(where, urls, "namespaced rules cannot apply to non-resource URLs"));
    if (groups.length > 0 || resources.length > 0 || strings(policy, "resourceNames").length > 0) {
      causes.push(
        fieldError.invalid(where, urls, "rules cannot apply to both regular resources and non-resource URLs"),
      );
    }
    return causes;
  }
  if (groups.length === 0)
    causes.push(fieldError.required(at(path, "apiGroups"), "resource rules must supply at least one api group"));
  if (resources.length === 0)
    causes.push(fieldError.required(at(path, "resources"), "resource rules must supply at least one resource"));
  return causes;
}

const role = (namespaced: boolean): KindValidation => ({
  object: (object) => [
    ...structs(object, "rules").flatMap((policy, index) => rule(policy, `rules[${index}]`, namespaced)),
    ...structs(struct(object, "aggregationRule"), "clusterRoleSelectors").flatMap((selector, index) =>
      labelSelector(selector, `aggregationRule.clusterRoleSelectors[${index}]`),
    ),
  ],
});

const binding = (namespaced: boolean): KindValidation => ({
  object: (object) => {
    const reference = struct(object, "roleRef");
    const group = text(reference, "apiGroup");
    const kinds = namespaced ? ["ClusterRole", "Role"] : ["ClusterRole"];
    const causes: StatusCause[] = [];
    if (group !== rbacGroup) causes.push(fieldError.notSupported("roleRef.apiGroup", group, [rbacGroup]));
    if (!kinds.includes(text(reference, "kind")))
      causes.push(fieldError.notSupported("roleRef.kind", text(reference, "kind"), kinds));
    const name = text(reference, "name");
    if (name === "") causes.push(fieldError.required("roleRef.name"));
    else causes.push(...problems("roleRef.name", name, pathSegmentName(name)));
    structs(object, "subjects").forEach((each, index) => {
      causes.push(...subject(each, `subjects[${index}]`));
    });
    return causes;
  },
  update: (object, old) =>
    semanticallyEqual(object["roleRef"], old["roleRef"])
      ? []
      : [fieldError.invalid("roleRef", object["roleRef"], "cannot change roleRef")],
});

function subject(who: JsonObject, path: string): StatusCause[] {
  const kind = text(who, "kind");
  const group = text(who, "apiGroup");
  const causes: StatusCause[] = [];
  if (text(who, "name") === "") causes.push(fieldError.required(at(path, "name")));
  if (kind === "ServiceAccount") {
    const name = text(who, "name");
    if (name !== "") causes.push(...problems(at(path, "name"), name, dns1123Subdomain(name)));
    if (group !== "") causes.push(fieldError.notSupported(at(path, "apiGroup"), group, [""]));
    if (text(who, "namespace") === "") causes.push(fieldError.required(at(path, "namespace")));
    return causes;
  }
  if (kind !== "User" && kind !== "Group")
    return [...causes, fieldError.notSupported(at(path, "kind"), kind, ["Group", "ServiceAccount", "User"])];
  if (group !== rbacGroup) causes.push(fieldError.notSupported(at(path, "apiGroup"), group, [rbacGroup]));
  return causes;
}

export const rbacValidations: ValidationByKind = {
  "rbac.authorization.k8s.io/Role": role(true),
  "rbac.authorization.k8s.io/ClusterRole": role(false),
  "rbac.authorization.k8s.io/RoleBinding": binding(true),
  "rbac.authorization.k8s.io/ClusterRoleBinding": binding(false),
};
