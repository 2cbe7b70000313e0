import { clusterRules, homeRules, type PolicyRule, permissions } from "../permissions.ts";
import { accountName, home, labels } from "./names.ts";

const group = "rbac.authorization.k8s.io";
const operator = { kind: "ServiceAccount", name: accountName, namespace: home };

/** The operator's account and what it may do; the roles of people who use it. */
export function rbac(): readonly object[] {
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: accountName, namespace: home, labels } },
    ...granted("tempo-operator-manager-role", "tempo-operator-manager-rolebinding", clusterRules("community")),
    ...granted(
      "tempo-operator-leader-election-role",
      "tempo-operator-leader-election-rolebinding",
      permissions.election,
      home,
    ),
    ...granted("tempo-operator-home", "tempo-operator-home", withoutElection, home),
    role("tempo-operator-metrics-reader", [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }]),
    ...roles(),
  ];
}

const withoutElection = homeRules.filter((rule) => !(permissions.election as readonly PolicyRule[]).includes(rule));

/** What is needed on OpenShift besides. */
export function openshiftRbac(): readonly object[] {
  const prometheus = { kind: "ServiceAccount", name: "prometheus-k8s", namespace: "openshift-monitoring" };
  return [
    ...granted("tempo-operator-openshift", "tempo-operator-openshift", [
      ...permissions.openshift,
      ...permissions.openshiftCluster,
    ]),
    // The platform's Prometheus finds the operator's pods.
    ...granted("tempo-operator-prometheus", "tempo-operator-prometheus", discovery, home, prometheus),
  ];
}

const discovery: readonly PolicyRule[] = [
  { apiGroups: [""], resources: ["services", "endpoints", "pods"], verbs: ["get", "list", "watch"] },
];

/** Tempo's kinds for those who may edit, or see, what is in a namespace. */
function roles(): readonly object[] {
  const rule = (verbs: readonly string[]) => [
    { apiGroups: ["tempo.grafana.com"], resources: ["tempostacks", "tempomonolithics"], verbs },
  ];
  const to = (...names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [`rbac.authorization.k8s.io/aggregate-to-${name}`, "true"]));
  return [
    role(
      "tempo-operator-editor",
      rule(["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]),
      to("admin", "edit"),
    ),
    role("tempo-operator-viewer", rule(["get", "list", "watch"]), to("view")),
  ];
}

function role(name: string, rules: readonly object[], more: Readonly<Record<string, string>> = {}): object {
  return { apiVersion: `${group}/v1`, kind: "ClusterRole", metadata: { name, labels: { ...labels, ...more } }, rules };
}

/** A role and its binding: in a namespace, or of the cluster. */
function granted(
  name: string,
  bindingName: string,
  rules: readonly PolicyRule[],
  namespace?: string,
  subject: object = operator,
): readonly object[] {
  const kind = namespace === undefined ? "ClusterRole" : "Role";
  const where = namespace === undefined ? {} : { namespace };
  return [
    { apiVersion: `${group}/v1`, kind, metadata: { name, ...where, labels }, rules },
    {
      apiVersion: `${group}/v1`,
      kind: `${kind}Binding`,
      metadata: { name: bindingName, ...where, labels },
      roleRef: { apiGroup: group, kind, name },
      subjects: [subject],
    },
  ];
}
