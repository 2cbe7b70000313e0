import { TempoMonolithic } from "./api/tempo-monolithic.ts";
import { TempoStack } from "./api/tempo-stack.ts";
import { deployment, metricsService } from "./manifests/deployment.ts";
import * as kustomize from "./manifests/kustomize.ts";
import { home, labels, podLabels } from "./manifests/names.ts";
import { openshiftRbac, rbac } from "./manifests/rbac.ts";
import { permissions } from "./permissions.ts";
import { webhookNames, webhookObjects } from "./webhooks/configurations.ts";

/**
 * What to apply to a real cluster, by file name below `deploy/`: `kubectl apply --server-side -k deploy/community`, or
 * `deploy/openshift`. `deploy/cert-manager` is a component to add where cert-manager is to issue the webhooks'
 * certificate. What the Helm chart shares with these is written beside it.
 *
 * @param image yours to build; default `tempo-operator:dev`
 */
export function manifests(image = "tempo-operator:dev"): Readonly<Record<string, readonly object[]>> {
  const parts: Readonly<Record<string, readonly object[]>> = {
    "namespace.yaml": [{ apiVersion: "v1", kind: "Namespace", metadata: { name: home, labels } }],
    "crds.yaml": [TempoStack.crd(), TempoMonolithic.crd()],
    "rbac.yaml": rbac(),
    "services.yaml": [metricsService()],
    "deployment.yaml": [deployment(image)],
    "webhooks.yaml": webhookObjects({ namespace: home, selector: podLabels, labels }),
  };
  const certificates = { service: webhookNames.service, secret: webhookNames.mountedCertificate, namespace: home };
  return {
    ...below("base", { "kustomization.yaml": kustomize.base(Object.keys(parts)), ...parts }),
    "community/kustomization.yaml": kustomize.community(),
    "openshift/kustomization.yaml": kustomize.openshift(),
    "openshift/rbac.yaml": openshiftRbac(),
    "openshift/deployment-patch.yaml": kustomize.openshiftDeploymentPatch(),
    ...below("cert-manager", kustomize.certManager(certificates)),
    "../chart/crds/tempostacks.yaml": [TempoStack.crd()],
    "../chart/crds/tempomonolithics.yaml": [TempoMonolithic.crd()],
    "../chart/files/permissions.yaml": [permissions],
    "../chart/files/webhooks.yaml": [webhookList()],
  };
}

function below<T>(folder: string, files: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]));
}

/** The entries of both configurations, which the chart points at a Service of its own. */
function webhookList(): object {
  const [, mutating, validating] = webhookObjects({ namespace: home, selector: podLabels });
  return {
    mutating: (mutating as unknown as { webhooks: unknown }).webhooks,
    validating: (validating as unknown as { webhooks: unknown }).webhooks,
  };
}
