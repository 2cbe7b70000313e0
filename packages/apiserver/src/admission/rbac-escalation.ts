import type { JsonObject } from "@homeostat/api";
import type { Authorizer } from "../auth/authorizer.ts";
import { requireMayBind, requireMayGrant } from "../auth/escalation.ts";
import type { PolicyRule } from "../auth/policy-rule.ts";
import type { Binding, Rbac } from "../auth/rbac.ts";
import { metaOf } from "../registry/object.ts";
import type { AdmissionPlugin } from "./admission.ts";

const roles = new Set(["roles", "clusterroles"]);
const bindings = new Set(["rolebindings", "clusterrolebindings"]);

/** Nobody grants what they do not hold. Source: the rbac registry's policy-based storage. */
export function rbacEscalation(authorize: Authorizer, rbac: Rbac): AdmissionPlugin {
  return {
    name: "RBACEscalation",
    async validate({ served, operation, object, old, user, namespace }) {
      const { group, plural } = served.resource;
      if (group !== "rbac.authorization.k8s.io" || !object || operation === "DELETE") return;
      const options = { user, authorize, rbac };
      const target = { plural, name: metaOf(object).name ?? "", namespace };
      if (roles.has(plural) && changed(object, old, "rules")) {
        await requireMayGrant(target, (object["rules"] ?? []) as unknown as PolicyRule[], options);
      }
      if (bindings.has(plural) && (changed(object, old, "roleRef") || changed(object, old, "subjects"))) {
        await requireMayBind(target, object["roleRef"] as unknown as Binding["roleRef"], options);
      }
    },
  };
}

function changed(object: JsonObject, old: JsonObject | undefined, field: string): boolean {
  return old === undefined || JSON.stringify(object[field]) !== JSON.stringify(old[field]);
}
