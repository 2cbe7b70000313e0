import { WebApp } from "./api.ts";
import { permissions } from "./permissions.ts";

const name = "webapp-operator";
const namespace = "webapp-operator";
const labels = { "app.kubernetes.io/name": name };

/**
 * What to apply to a real cluster, by file name. `image` is yours to build: the operator is one Node program.
 *
 * @param image default `webapp-operator:dev`
 */
export function manifests(image = "webapp-operator:dev"): Readonly<Record<string, readonly object[]>> {
  const account = { kind: "ServiceAccount", name, namespace };
  return {
    "crd.yaml": [WebApp.crd()],
    "rbac.yaml": [
      { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace, labels } },
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRole",
        metadata: { name, labels },
        rules: permissions,
      },
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRoleBinding",
        metadata: { name, labels },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
        subjects: [account],
      },
    ],
    "deployment.yaml": [deployment(image)],
  };
}

function deployment(image: string): object {
  const probe = (path: string): object => ({ httpGet: { path, port: "health" }, periodSeconds: 10 });
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, labels },
    spec: {
      replicas: 1,
      // One at a time: without leader election two would do the same work twice.
      strategy: { type: "Recreate" },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: name,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: "operator",
              image,
              args: ["--metrics-address", "0.0.0.0:8080", "--health-address", "0.0.0.0:8081"],
              ports: [
                { name: "metrics", containerPort: 8080 },
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
            },
          ],
        },
      },
    },
  };
}
