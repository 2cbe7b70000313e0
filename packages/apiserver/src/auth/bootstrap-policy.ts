import { aggregatedRules } from "./aggregation.ts";
import type { PolicyRule } from "./policy-rule.ts";
import type { Binding, Role, Subject } from "./rbac.ts";

/**
 * Roles and bindings every cluster has from its first second, in the form of objects to be stored. `admin`, `edit` and
 * `view` carry the rules that aggregation gives them at once, so that they work before any controller runs.
 *
 * Source: bootstrap policy of kube-apiserver; controllers of ours run as one user with one role instead of one each.
 */
export interface BootstrapPolicy {
  readonly clusterRoles: readonly PolicyObject<Role>[];
  readonly clusterRoleBindings: readonly PolicyObject<Binding>[];
  readonly roles: readonly PolicyObject<Role>[];
  readonly roleBindings: readonly PolicyObject<Binding>[];
}

/** An object ready to be stored. */
export type PolicyObject<T> = Omit<T, "metadata"> & {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
};

const group = "rbac.authorization.k8s.io";
const read = "get list watch";
const write = "create delete deletecollection patch update";
const all = `${read} ${write}`;

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

/** Verbs, groups (`core` is the group without a name) and resources as words. */
function rule(verbs: string, groups: string, resources: string, names?: string): PolicyRule {
  return {
    verbs: words(verbs),
    apiGroups: words(groups).map((name) => (name === "core" ? "" : name)),
    resources: words(resources),
    ...(names ? { resourceNames: words(names) } : {}),
  };
}

const urls = (paths: string): PolicyRule => ({ verbs: ["get"], nonResourceURLs: words(paths) });

const healthPaths = "/healthz /livez /readyz /version /version/";
const workloads =
  "daemonsets deployments deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale";

/** What a reader of a namespace sees: everything but secrets and access. */
const viewRules = [
  rule(
    read,
    "core",
    "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status",
  ),
  rule(
    read,
    "core",
    "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status namespaces",
  ),
  rule(read, "discovery.k8s.io", "endpointslices"),
  rule(
    read,
    "apps",
    `controllerrevisions ${workloads} daemonsets/status deployments/status replicasets/status statefulsets/status`,
  ),
  rule(read, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
  rule(read, "batch", "cronjobs cronjobs/status jobs jobs/status"),
  rule(read, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
  rule(read, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
  rule(read, "resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates"),
];

const editRules = [
  rule(read, "core", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy"),
  rule("impersonate", "core", "serviceaccounts"),
  rule(write, "core", "pods pods/attach pods/exec pods/portforward pods/proxy"),
  rule("create", "core", "pods/eviction serviceaccounts/token"),
  rule(
    write,
    "core",
    "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy",
  ),
  rule(write, "apps", `${workloads} deployments/rollback`),
  rule(write, "autoscaling", "horizontalpodautoscalers"),
  rule(write, "batch", "cronjobs jobs"),
  rule(write, "policy", "poddisruptionbudgets"),
  rule(write, "networking.k8s.io", "ingresses networkpolicies"),
  rule(all, "coordination.k8s.io", "leases"),
  rule(write, "resource.k8s.io", "resourceclaims resourceclaimtemplates"),
];

const adminRules = [
  rule("create", "authorization.k8s.io", "localsubjectaccessreviews"),
  rule(all, group, "roles rolebindings"),
];

/** What a kubelet needs. */
const nodeRules = [
  rule("create", "authentication.k8s.io", "tokenreviews"),
  rule("create", "authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews"),
  rule(read, "core", "services nodes pods secrets configmaps"),
  rule("create get list watch delete patch update", "core", "nodes"),
  rule("patch update", "core", "nodes/status pods/status"),
  rule("create delete", "core", "pods"),
  rule("create", "core", "pods/eviction serviceaccounts/token"),
  rule("create patch update", "core", "events"),
  rule("get", "core", "persistentvolumeclaims persistentvolumes endpoints"),
  rule("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
  rule("create get update patch delete", "coordination.k8s.io", "leases"),
  rule("get", "storage.k8s.io", "volumeattachments"),
  rule(read, "storage.k8s.io", "csidrivers"),
  rule("create delete get patch update", "storage.k8s.io", "csinodes"),
  rule(read, "node.k8s.io", "runtimeclasses"),
  rule(read, "resource.k8s.io", "resourceclaims resourceslices"),
];

const schedulerRules = [
  rule("create patch update", "core events.k8s.io", "events"),
  rule("create get list update watch", "coordination.k8s.io", "leases"),
  rule("get list watch delete", "core", "pods"),
  rule(read, "core", "nodes namespaces services replicationcontrollers persistentvolumeclaims persistentvolumes"),
  rule("create", "core", "bindings pods/binding"),
  rule("patch update", "core", "pods/status persistentvolumeclaims persistentvolumes"),
  rule(read, "apps", "replicasets statefulsets"),
  rule(read, "policy", "poddisruptionbudgets"),
  rule(read, "storage.k8s.io", "csidrivers csinodes csistoragecapacities storageclasses volumeattachments"),
  rule(read, "resource.k8s.io", "deviceclasses resourceclaims resourceslices"),
  rule("create", "authentication.k8s.io", "tokenreviews"),
  rule("create", "authorization.k8s.io", "subjectaccessreviews"),
];

/**
 * One user runs all cluster controllers here. They delete and own objects of any kind (garbage collection, namespaces,
 * aggregated roles), which takes every resource; it is a role like others nonetheless, so that it can be narrowed.
 */
const controllerManagerRules = [rule(`${all} approve bind escalate sign`, "*", "*"), urls("*")];

const aggregateTo = (target: string): Record<string, string> => ({ [`${group}/aggregate-to-${target}`]: "true" });

const plainRoles: readonly Role[] = [
  clusterRole("cluster-admin", [
    { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
    { verbs: ["*"], nonResourceURLs: ["*"] },
  ]),
  clusterRole("system:discovery", [urls(`/api /api/* /apis /apis/* /openapi /openapi/* ${healthPaths}`)]),
  clusterRole("system:public-info-viewer", [urls(healthPaths)]),
  clusterRole("system:basic-user", [
    rule("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
    rule("create", "authentication.k8s.io", "selfsubjectreviews"),
  ]),
  clusterRole("system:service-account-issuer-discovery", [
    urls("/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/"),
  ]),
  clusterRole("system:monitoring", [
    urls("/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*"),
  ]),
  clusterRole("system:auth-delegator", [
    rule("create", "authentication.k8s.io", "tokenreviews"),
    rule("create", "authorization.k8s.io", "subjectaccessreviews"),
  ]),
  clusterRole("system:kube-aggregator", [
    rule(read, "core", "services endpoints"),
    rule(read, "discovery.k8s.io", "endpointslices"),
  ]),
  clusterRole("system:kube-dns", [rule("list watch", "core", "endpoints services")]),
  clusterRole("system:kubelet-api-admin", [
    rule(read, "core", "nodes"),
    rule("proxy", "core", "nodes"),
    rule("*", "core", "nodes/configz nodes/healthz nodes/log nodes/metrics nodes/pods nodes/proxy nodes/stats"),
  ]),
  clusterRole("system:persistent-volume-provisioner", [
    rule("get list watch create delete", "core", "persistentvolumes"),
    rule("get list watch update", "core", "persistentvolumeclaims"),
    rule(read, "storage.k8s.io", "storageclasses"),
    rule("watch", "core", "events"),
    rule("create patch update", "core events.k8s.io", "events"),
  ]),
  clusterRole("system:node", nodeRules),
  clusterRole("system:node-bootstrapper", [
    rule("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
  ]),
  clusterRole("system:node-problem-detector", [
    rule("get", "core", "nodes"),
    rule("patch", "core", "nodes/status"),
    rule("create patch update", "core events.k8s.io", "events"),
  ]),
  clusterRole("system:node-proxier", [
    rule("list watch", "core", "endpoints services"),
    rule(read, "core", "nodes"),
    rule("list watch", "discovery.k8s.io", "endpointslices"),
    rule("create patch update", "core events.k8s.io", "events"),
  ]),
  clusterRole("system:kube-scheduler", schedulerRules),
  clusterRole("system:kube-controller-manager", controllerManagerRules),
  clusterRole("system:aggregate-to-admin", adminRules, aggregateTo("admin")),
  clusterRole("system:aggregate-to-edit", editRules, aggregateTo("edit")),
  clusterRole("system:aggregate-to-view", viewRules, aggregateTo("view")),
];

const authenticated = "system:authenticated";
const groupSubject = (name: string): Subject => ({ kind: "Group", apiGroup: group, name });
const userSubject = (name: string): Subject => ({ kind: "User", apiGroup: group, name });
const accountSubject = (name: string): Subject => ({ kind: "ServiceAccount", namespace: "kube-system", name });

/** Subjects of each ClusterRole that is bound from the start. */
const boundTo: Readonly<Record<string, readonly Subject[]>> = {
  "cluster-admin": [groupSubject("system:masters")],
  "system:discovery": [groupSubject(authenticated)],
  "system:basic-user": [groupSubject(authenticated)],
  "system:public-info-viewer": [groupSubject(authenticated), groupSubject("system:unauthenticated")],
  "system:service-account-issuer-discovery": [groupSubject("system:serviceaccounts")],
  "system:monitoring": [groupSubject("system:monitoring")],
  "system:kube-dns": [accountSubject("kube-dns")],
  "system:kube-scheduler": [userSubject("system:kube-scheduler")],
  "system:kube-controller-manager": [userSubject("system:kube-controller-manager")],
  "system:node-proxier": [userSubject("system:kube-proxy")],
  // Bound to nobody, as upstream: nodes get their rights another way. The node simulator of a cluster may bind it.
  "system:node": [],
};

export function bootstrapPolicy(): BootstrapPolicy {
  const clusterRoles = [...plainRoles];
  // From the narrowest on, since each takes in the one before.
  for (const name of ["view", "edit", "admin"]) clusterRoles.push(aggregatingRole(name, clusterRoles));
  const reader = "extension-apiserver-authentication-reader";
  return {
    clusterRoles: clusterRoles.map((role) => bootstrapped("ClusterRole", role)),
    clusterRoleBindings: Object.entries(boundTo).map(([name, subjects]) =>
      bootstrapped("ClusterRoleBinding", {
        metadata: { name },
        roleRef: { apiGroup: group, kind: "ClusterRole", name },
        subjects,
      }),
    ),
    roles: [
      bootstrapped("Role", {
        metadata: { name: reader, namespace: "kube-system" },
        rules: [rule(read, "core", "configmaps", "extension-apiserver-authentication")],
      }),
    ],
    roleBindings: [
      bootstrapped("RoleBinding", {
        metadata: { name: `system::${reader}`, namespace: "kube-system" },
        roleRef: { apiGroup: group, kind: "Role", name: reader },
        subjects: [userSubject("system:kube-controller-manager"), userSubject("system:kube-scheduler")],
      }),
    ],
  };
}

function clusterRole(name: string, rules: readonly PolicyRule[], labels: Readonly<Record<string, string>> = {}): Role {
  return { metadata: { name, labels }, rules };
}

/** `admin` aggregates what is made for it and `edit`; `edit` likewise `view`. */
function aggregatingRole(name: string, others: readonly Role[]): Role {
  const wider: Readonly<Record<string, Record<string, string>>> = {
    view: aggregateTo("edit"),
    edit: aggregateTo("admin"),
  };
  const role = {
    metadata: { name, labels: wider[name] ?? {} },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregateTo(name) }] },
  };
  return { ...role, rules: aggregatedRules(role, others) ?? [] };
}

function bootstrapped<T extends Role | Binding>(kind: string, object: T): PolicyObject<T> {
  const { metadata, ...content } = object;
  const { name = "", namespace, labels }: BootstrapMetadata = metadata ?? {};
  return {
    apiVersion: `${group}/v1`,
    kind,
    ...content,
    metadata: {
      name,
      ...(namespace ? { namespace } : {}),
      labels: { "kubernetes.io/bootstrapping": "rbac-defaults", ...labels },
      annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" },
    },
  };
}

interface BootstrapMetadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}
