import {
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  Deployment,
  Ingress,
  NetworkPolicy,
  PodDisruptionBudget,
  type Resource,
  Role,
  RoleBinding,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
} from "@homeostat/api";
import { CredentialsRequest, GrafanaDatasource, PrometheusRule, Route, ServiceMonitor } from "../platform/kinds.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";

const shared = [
  ConfigMap,
  Secret,
  ServiceAccount,
  Service,
  StatefulSet,
  Ingress,
  Role,
  RoleBinding,
  ClusterRole,
  ClusterRoleBinding,
] as const;

/** Kinds of the platform that are there only where the settings say so: watching them elsewhere would fail. */
function optional({ gates, roleArn }: OperatorSettings): readonly Resource[] {
  return [
    ...(gates["openshift.route"] ? [Route] : []),
    ...(gates.prometheusOperator ? [ServiceMonitor, PrometheusRule] : []),
    ...(gates.grafanaOperator ? [GrafanaDatasource] : []),
    ...(roleArn ? [CredentialsRequest] : []),
  ];
}

/** Kinds of a TempoMonolithic's objects. */
export const monolithicKinds = (settings: OperatorSettings): readonly Resource[] => [...shared, ...optional(settings)];

/** Kinds of a TempoStack's objects. */
export const stackKinds = (settings: OperatorSettings): readonly Resource[] => [
  ...monolithicKinds(settings),
  Deployment,
  PodDisruptionBudget,
  NetworkPolicy,
];
