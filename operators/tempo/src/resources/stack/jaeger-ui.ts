import { objectOf, Role, RoleBinding, ServiceAccount } from "@homeostat/api";
import { componentName } from "../../names.ts";
import type { Objects, StackInput } from "../input.ts";
import { componentLabels } from "../labels.ts";
import { metadataOf } from "../metadata.ts";
import { type ExposureSpec, exposureOf } from "../pod/exposure.ts";
import { asksClusterMonitoring } from "../pod/jaeger.ts";
import { ports } from "../pod/ports.ts";
import { cloudIdentity, loginRedirect } from "../pod/service-account-annotations.ts";
import { hasOauthProxy, isGatewayOn, isJaegerOn, queryFrontendAccount } from "./features.ts";

/** The way to the Jaeger UI from outside, and what its pods need to be allowed. */
export function jaegerUIObjects(input: StackInput): Objects {
  if (!isJaegerOn(input)) return [];
  return [...loginAccount(input), ...exposure(input), ...metricsReader(input)];
}

/** The account that stands for the OAuth proxy, and for the rest of its pod. */
function loginAccount(input: StackInput): Objects {
  if (!hasOauthProxy(input)) return [];
  const metadata = metadataOf(input.name, "query-frontend", {
    ...loginRedirect("primary", componentName(input.name, "query-frontend")),
    ...cloudIdentity(input.storage),
  });
  return [objectOf(ServiceAccount, { metadata })];
}

/** With the gateway, the UI is reached through it. */
function exposure(input: StackInput): Objects {
  if (isGatewayOn(input)) return [];
  const { name, spec } = input;
  const isGuarded = hasOauthProxy(input);
  const { ingress } = spec.template.queryFrontend.jaegerQuery;
  const service = componentName(name, "query-frontend");
  const guarded: ExposureSpec = { ...ingress, route: { termination: "reencrypt" } };
  return exposureOf(isGuarded ? guarded : ingress, {
    name: service,
    labels: componentLabels(name, "query-frontend"),
    service,
    port: (isGuarded ? ports.oauthProxy : ports.jaegerUI).name,
    timeout: spec.timeout,
  });
}

/** OpenShift's Prometheus shows metrics of a namespace to those who may read the metrics of its pods. */
function metricsReader(input: StackInput): Objects {
  const { name, namespace, spec } = input;
  if (!asksClusterMonitoring(spec.template.queryFrontend.jaegerQuery.monitorTab)) return [];
  const metadata = {
    name: componentName(name, "metrics-reader"),
    labels: componentLabels(name, "query-frontend"),
  };
  return [
    objectOf(Role, {
      metadata,
      rules: [{ apiGroups: ["metrics.k8s.io"], resources: ["pods"], verbs: ["get", "create"] }],
    }),
    objectOf(RoleBinding, {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: metadata.name },
      subjects: [{ kind: "ServiceAccount", name: queryFrontendAccount(input), namespace }],
    }),
  ];
}
