import { ClusterRole, ClusterRoleBinding, objectOf } from "@homeostat/api";
import { type Child, child } from "@homeostat/runtime";
import { componentName } from "../../names.ts";
import { type AppName, clusterScopedLabels } from "../labels.ts";

interface Instance {
  readonly name: string;
  readonly namespace: string;
}

/**
 * Lets a gateway in mode openshift ask whose token it was shown. The objects lie outside of namespaces, where no owner
 * reference reaches; those of an operator before this one are taken over.
 */
export function tokenReviewRole(instance: Instance, serviceAccount: string, app?: AppName): readonly Child[] {
  const { namespace } = instance;
  const name = componentName(instance.name, `gateway-${namespace}`);
  const metadata = { name, labels: clusterScopedLabels(instance, "gateway", app) };
  const role = objectOf(ClusterRole, {
    metadata,
    rules: [{ apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] }],
  });
  const binding = objectOf(ClusterRoleBinding, {
    metadata,
    subjects: [{ kind: "ServiceAccount", name: serviceAccount, namespace }],
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
  });
  return [role, binding].map((object) => child(object, { adopt: "ownerless" }));
}
