import type { KubeObject, PolicyRule } from "@homeostat/api";
import { yamlModule } from "../on-demand.ts";
import { deriveRules } from "../rbac/derive.ts";
import { controllersOf, definitionsOf, type Operator } from "./operator.ts";

/** How and where the operator is to run. */
export interface OperatorManifestsOptions {
  /** The image to run; its entry point is the operator's program. */
  readonly image: string;
  /** Where it runs. Default: its name. */
  readonly namespace?: string;
  /** Namespaces it works in: a Role in each instead of a ClusterRole. Default: all. */
  readonly watchNamespaces?: readonly string[];
  /** Default 2: one leads, one stands by with full caches. With 1 there is no election. */
  readonly replicas?: number;
  /** Arguments beyond those for addresses, election and namespaces. */
  readonly args?: readonly string[];
  /** Permissions beyond what the controllers declare. */
  readonly rules?: readonly PolicyRule[];
  /** Permissions beyond those in its own namespace: to keep the Secret of its webhook certificates, say. */
  readonly ownRules?: readonly PolicyRule[];
  /** Whether /metrics is served only to whom the API server lets read it. Default true. */
  readonly metricsAuth?: boolean;
}

/** An object to apply, whatever its kind. */
export type Manifest = KubeObject & Readonly<Record<string, unknown>>;

const RBAC = "rbac.authorization.k8s.io";

/**
 * What to apply to a cluster to run an operator, by file name: definitions of its kinds, the least permissions that
 * its controllers declare, and a Deployment without privileges.
 *
 * @throws Error when the name cannot name objects
 */
export function operatorManifests(
  operator: Operator,
  options: OperatorManifestsOptions,
): Readonly<Record<string, readonly Manifest[]>> {
  const { name } = operator;
  if (!/^[a-z]([a-z0-9-]{0,50}[a-z0-9])?$/.test(name))
    throw new Error(`operator "${name}": its name must be a DNS label of at most 52 characters, as in "my-operator"`);
  const { namespace = name } = options;
  const further = operator.manifests?.({ namespace }) ?? {};
  const crds = definitionsOf(operator) as readonly KubeObject[] as readonly Manifest[];
  return {
    ...(crds.length > 0 ? { "crd.yaml": crds } : {}),
    "rbac.yaml": rbac(operator, options),
    "deployment.yaml": [deployment(operator, options)],
    ...(further as Readonly<Record<string, readonly Manifest[]>>),
  };
}

/** Objects as one YAML file. */
export function manifestsYaml(objects: readonly object[]): string {
  const { stringify } = yamlModule();
  return objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join("---\n");
}

function rbac(operator: Operator, options: OperatorManifestsOptions): Manifest[] {
  const { name } = operator;
  const { namespace = name, watchNamespaces, replicas = 2, metricsAuth = true } = options;
  const ownRules = [...(operator.ownRules ?? []), ...(options.ownRules ?? [])];
  const extra = [...(operator.rules ?? []), ...(options.rules ?? [])];
  const labels = labelsOf(name);
  const derived = deriveRules(controllersOf(operator), {
    ...(replicas > 1 && !operator.sharding ? { leaderElection: { id: name } } : {}),
    ...(operator.sharding ? { sharding: true } : {}),
    extra,
  });
  const subjects = [{ kind: "ServiceAccount", name, namespace }];
  const role = (kind: string, rules: readonly PolicyRule[], suffix = "", home?: string): Manifest[] => {
    const metadata = { name: name + suffix, ...(home === undefined ? {} : { namespace: home }), labels };
    const roleRef = { apiGroup: RBAC, kind, name: name + suffix };
    return [
      { apiVersion: `${RBAC}/v1`, kind, metadata, rules },
      { apiVersion: `${RBAC}/v1`, kind: `${kind}Binding`, metadata, roleRef, subjects },
    ];
  };
  const authRules = deriveRules([], { metricsAuth }).rules;
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace, labels } },
    ...(watchNamespaces
      ? watchNamespaces.flatMap((home) => role("Role", derived.rules, "", home))
      : role("ClusterRole", derived.rules)),
    ...(derived.ownNamespace.length > 0
      ? role("Role", derived.ownNamespace, operator.sharding ? "-shards" : "-leader", namespace)
      : []),
    ...(ownRules.length > 0 ? role("Role", ownRules, "-own", namespace) : []),
    ...(authRules.length > 0 ? role("ClusterRole", authRules, "-metrics") : []),
  ];
}

function deployment({ name, sharding = false }: Operator, options: OperatorManifestsOptions): Manifest {
  const { image, namespace = name, replicas = 2, watchNamespaces, metricsAuth = true } = options;
  const labels = labelsOf(name);
  const metricsPort = metricsAuth ? 8443 : 8080;
  const probe = (path: string): object => ({ httpGet: { path, port: "health" }, periodSeconds: 10 });
  const container = {
    name: "operator",
    image,
    args: [
      `--metrics-address=0.0.0.0:${metricsPort}`,
      ...(metricsAuth ? ["--metrics-auth"] : []),
      "--health-address=0.0.0.0:8081",
      ...(replicas > 1 && !sharding ? ["--leader-elect"] : []),
      ...(watchNamespaces ? [`--namespaces=${watchNamespaces.join(",")}`] : []),
      ...(options.args ?? []),
    ],
    ports: [
      { name: metricsAuth ? "https-metrics" : "metrics", containerPort: metricsPort },
      { name: "health", containerPort: 8081 },
    ],
    livenessProbe: probe("/healthz"),
    readinessProbe: probe("/readyz"),
    resources: { requests: { cpu: "10m", memory: "96Mi" }, limits: { memory: "256Mi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, labels },
    spec: {
      replicas,
      // Without an election two would do the same work twice.
      ...(replicas > 1 || sharding ? {} : { strategy: { type: "Recreate" } }),
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: name,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
          containers: [container],
        },
      },
    },
  };
}

const labelsOf = (name: string): Record<string, string> => ({ "app.kubernetes.io/name": name });
