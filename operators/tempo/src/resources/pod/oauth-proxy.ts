import type { ResourceRequirements } from "@homeostat/api";
import type { ContainerPlan } from "./container-plan.ts";
import type { PodPart } from "./pod-part.ts";
import { ports } from "./ports.ts";
import { secretPart } from "./volumes.ts";

export interface OauthProxy {
  readonly image: string;
  readonly resources: ResourceRequirements;
  /** Name of the resource. */
  readonly instance: string;
  /** The pod's service account, which stands for the client at OpenShift's login. */
  readonly serviceAccount: string;
  /** Longest a request may take, as Go writes it. */
  readonly timeout: string;
  /** Access review, as JSON, that a user must pass. Blank or left out: any user may enter. */
  readonly sar?: string | undefined;
  readonly parts: readonly (PodPart | undefined)[];
}

/** Secret with the proxy's certificate, which OpenShift issues for the Service. */
export const oauthProxySecretName = (instance: string): string => `${instance}-ui-oauth-proxy-tls`;

/** Container `oauth-proxy`: OpenShift's login before the Jaeger UI. */
export function oauthProxyContainer(proxy: OauthProxy): ContainerPlan {
  const { image, resources, instance, serviceAccount, timeout, sar, parts } = proxy;
  const certificates = "/etc/tls/private";
  return {
    name: "oauth-proxy",
    image,
    args: [
      "--cookie-secret-file=/var/run/secrets/kubernetes.io/serviceaccount/token",
      `--https-address=:${ports.oauthProxy.number}`,
      `--openshift-service-account=${serviceAccount}`,
      "--provider=openshift",
      `--tls-cert=${certificates}/tls.crt`,
      `--tls-key=${certificates}/tls.key`,
      `--upstream=http://localhost:${ports.jaegerUI.number}`,
      `--upstream-timeout=${timeout}`,
      ...(sar?.trim() ? [`--openshift-sar=${sar}`] : []),
    ],
    ports: [ports.oauthProxy],
    resources,
    readinessProbe: {
      httpGet: { path: "/oauth/healthz", port: ports.oauthProxy.name, scheme: "HTTPS" },
      initialDelaySeconds: 10,
      timeoutSeconds: 5,
    },
    parts: [secretPart(oauthProxySecretName(instance), certificates), ...parts],
  };
}
