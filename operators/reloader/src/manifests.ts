import { ReloaderConfig } from "./api.ts";
import { type PolicyRule, permissions } from "./permissions.ts";

const name = "reloader";
const namespace = "reloader";
const labels = { "app.kubernetes.io/name": name };

/**
 * What to apply to a real cluster, by file name. `image` is yours to build: the operator is one Node program. Of the
 * two profiles one is applied: `rbac.yaml` and `deployment.yaml`, or `rbac-read-only.yaml` and
 * `deployment-read-only.yaml`, which write neither Secrets nor ConfigMaps.
 *
 * An operator that is kept to some namespaces (`--namespaces`) needs no ClusterRole: `rbac-namespaced.yaml`, and
 * `rbac-each-namespace.yaml` applied with `-n` in each of them. What the chart shares with these is written beside it.
 *
 * @param image default `reloader:dev`
 */
export function manifests(image = "reloader:dev"): Readonly<Record<string, readonly object[]>> {
  return {
    "crd.yaml": [ReloaderConfig.crd()],
    "rbac.yaml": rbac(permissions.full),
    "rbac-read-only.yaml": rbac(permissions.readOnlySecrets),
    "deployment.yaml": [deployment(image, [])],
    "deployment-read-only.yaml": [deployment(image, ["--write-last-hash=false"])],
    "rbac-namespaced.yaml": [...account(), ...home()],
    "rbac-each-namespace.yaml": eachNamespace(permissions.full),
    "../chart/crds/reloaderconfigs.yaml": [ReloaderConfig.crd()],
    "../chart/files/permissions.yaml": [permissions],
  };
}

const group = "rbac.authorization.k8s.io";
const subjects = [{ kind: "ServiceAccount", name, namespace }];

function rbac(rules: readonly PolicyRule[]): readonly object[] {
  return [
    ...account(),
    { apiVersion: `${group}/v1`, kind: "ClusterRole", metadata: { name, labels }, rules },
    {
      apiVersion: `${group}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name, labels },
      roleRef: { apiGroup: group, kind: "ClusterRole", name },
      subjects,
    },
    ...home(),
  ];
}

function account(): readonly object[] {
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace, labels } },
  ];
}

/** Where the operator itself runs. */
function home(): readonly object[] {
  const metadata = { name: `${name}-home`, namespace, labels };
  const rules = [...permissions.home, ...permissions.election];
  return [
    { apiVersion: `${group}/v1`, kind: "Role", metadata, rules },
    {
      apiVersion: `${group}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: group, kind: "Role", name: metadata.name },
      subjects,
    },
  ];
}

/** For one namespace that is looked at: to be applied in it. */
function eachNamespace(rules: readonly PolicyRule[]): readonly object[] {
  // Namespaces belong to no namespace, and are not asked for then.
  const inside = rules.filter(({ resources }) => !resources.includes("namespaces"));
  return [
    { apiVersion: `${group}/v1`, kind: "Role", metadata: { name, labels }, rules: inside },
    {
      apiVersion: `${group}/v1`,
      kind: "RoleBinding",
      metadata: { name, labels },
      roleRef: { apiGroup: group, kind: "Role", name },
      subjects,
    },
  ];
}

function deployment(image: string, args: readonly string[]): object {
  const probe = (path: string, port: string): object => ({ httpGet: { path, port }, periodSeconds: 10 });
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, labels },
    spec: {
      replicas: 1,
      // One at a time: two reload once all the same, but say everything twice unless they elect a leader (--enable-ha).
      strategy: { type: "Recreate" },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: name,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: "reloader",
              image,
              ...(args.length > 0 ? { args } : {}),
              env: [
                { name: "RELOADER_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
                { name: "RELOADER_DEPLOYMENT_NAME", value: name },
                // Who it is, and where, for --enable-ha.
                { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
                { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
              ],
              ports: [
                { name: "http", containerPort: 9090 },
                { name: "health", containerPort: 8081 },
              ],
              livenessProbe: probe("/live", "http"),
              readinessProbe: probe("/readyz", "health"),
              resources: { requests: { cpu: "10m", memory: "128Mi" }, limits: { memory: "512Mi" } },
              // The image keeps compiled code there: a container that starts again finds it.
              volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
            },
          ],
          volumes: [{ name: "tmp", emptyDir: {} }],
        },
      },
    },
  };
}
