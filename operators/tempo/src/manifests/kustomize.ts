import { defaultGates } from "../settings/feature-gates.ts";
import { openshiftSettings } from "../settings/operator-settings.ts";
import { deploymentName, home, metricsCertificate, metricsServiceName } from "./names.ts";

const kustomization = (content: object): readonly object[] => [
  { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", ...content },
];

/** @param files of the base, in the order of applying */
export const base = (files: readonly string[]): readonly object[] => kustomization({ resources: files });

/** Kubernetes as it comes. */
export const community = (): readonly object[] => kustomization({ resources: ["../base"] });

/** OpenShift: its variables, its certificate for metrics, its Prometheus. */
export function openshift(): readonly object[] {
  return kustomization({
    resources: ["../base", "rbac.yaml"],
    patches: [
      { path: "deployment-patch.yaml" },
      {
        target: { kind: "Service", name: metricsServiceName },
        patch: JSON.stringify([
          {
            op: "add",
            path: "/metadata/annotations",
            value: { "service.beta.openshift.io/serving-cert-secret-name": metricsCertificate },
          },
        ]),
      },
    ],
  });
}

/** Gates that OpenShift's packaging switches on, as FEATURE_GATES wants them. */
export const openshiftGates: readonly string[] = Object.entries(openshiftSettings.gates)
  .filter(([gate, isOn]) => isOn && !defaultGates[gate as keyof typeof defaultGates])
  .map(([gate]) => gate);

const mountPath = "/var/run/tls/server";

export function openshiftDeploymentPatch(): readonly object[] {
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: deploymentName, namespace: home },
      spec: {
        template: {
          spec: {
            containers: [
              {
                name: "manager",
                args: ["--zap-log-level=info", "start", `--metrics-tls-cert-dir=${mountPath}`],
                env: [
                  { name: "DISTRIBUTION", value: "openshift" },
                  { name: "DEFAULT_POD_SECURITY_CONTEXT", value: "{}" },
                  { name: "FEATURE_GATES", value: openshiftGates.join(",") },
                ],
                volumeMounts: [{ name: "metrics-certificate", mountPath, readOnly: true }],
              },
            ],
            volumes: [{ name: "metrics-certificate", secret: { secretName: metricsCertificate } }],
          },
        },
      },
    },
  ];
}

/** In place of the operator's own certificates: those that cert-manager issues. Joined by `components:`. */
export function certManager(names: {
  readonly service: string;
  readonly secret: string;
  readonly namespace: string;
}): Readonly<Record<string, readonly object[]>> {
  const { service, secret, namespace } = names;
  const hosts = [`${service}.${namespace}.svc`, `${service}.${namespace}.svc.cluster.local`];
  const annotations = { "cert-manager.io/inject-ca-from": `${namespace}/tempo-operator-serving-cert` };
  const annotate = (kind: string): object => ({
    target: { kind },
    patch: JSON.stringify([{ op: "add", path: "/metadata/annotations", value: annotations }]),
  });
  return {
    "kustomization.yaml": [
      {
        apiVersion: "kustomize.config.k8s.io/v1alpha1",
        kind: "Component",
        resources: ["certificate.yaml"],
        patches: [
          { path: "deployment-patch.yaml" },
          annotate("MutatingWebhookConfiguration"),
          annotate("ValidatingWebhookConfiguration"),
        ],
      },
    ],
    "certificate.yaml": [
      {
        apiVersion: "cert-manager.io/v1",
        kind: "Issuer",
        metadata: { name: "tempo-operator-selfsigned-issuer", namespace },
        spec: { selfSigned: {} },
      },
      {
        apiVersion: "cert-manager.io/v1",
        kind: "Certificate",
        metadata: { name: "tempo-operator-serving-cert", namespace },
        spec: {
          dnsNames: hosts,
          issuerRef: { kind: "Issuer", name: "tempo-operator-selfsigned-issuer" },
          secretName: secret,
        },
      },
    ],
    "deployment-patch.yaml": [
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: deploymentName, namespace: home },
        spec: {
          template: {
            spec: {
              containers: [
                {
                  name: "manager",
                  volumeMounts: [{ name: "webhook-certificate", mountPath: servingCertificates, readOnly: true }],
                },
              ],
              volumes: [{ name: "webhook-certificate", secret: { secretName: secret } }],
            },
          },
        },
      },
    ],
  };
}

/** Where the operator looks for a certificate of its webhooks that something else has issued. */
export const servingCertificates = "/tmp/k8s-webhook-server/serving-certs";
