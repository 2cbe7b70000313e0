import type { Probe, ResourceRequirements } from "@homeostat/api";
import type { ContainerPlan } from "./container-plan.ts";
import { memoryLimitPart } from "./environment.ts";
import { caFolder, certFolder } from "./mtls.ts";
import type { PodPart } from "./pod-part.ts";
import { jaegerPorts, ports } from "./ports.ts";
import { configPart } from "./tempo-container.ts";
import { emptyDirPart } from "./volumes.ts";

interface Sidecar {
  readonly image: string;
  readonly resources: ResourceRequirements;
  /** Concerns it shares with the containers beside it. */
  readonly parts: readonly (PodPart | undefined)[];
}

export interface JaegerQuery extends Sidecar {
  /** Whether Tempo keeps the traces of tenants apart. */
  readonly isMultitenant: boolean;
  /** Name of the volume for its temporary files. */
  readonly scratchVolume: string;
  /** Whether it serves with mutual TLS. Default neither. */
  readonly tls?: { readonly http: boolean; readonly grpc: boolean };
  /** Whether only containers of its own pod may reach it. Default false. */
  readonly isLocal?: boolean;
  /** Where the Monitor tab has its metrics from; see {@link monitorTabPart}. */
  readonly monitorTab?: PodPart | undefined;
}

/** Container `jaeger-query`: Jaeger's UI and API. */
export function jaegerQueryContainer(jaeger: JaegerQuery): ContainerPlan {
  const { image, resources, parts, isMultitenant, scratchVolume, tls, isLocal, monitorTab } = jaeger;
  return {
    name: "jaeger-query",
    image,
    args: [
      "--query.base-path=/",
      "--span-storage.type=grpc",
      `--grpc-storage.server=localhost:${ports.tempoQuery.number}`,
      "--query.bearer-token-propagation=true",
      ...(isMultitenant ? ["--multi-tenancy.enabled=true", "--multi-tenancy.header=x-scope-orgid"] : []),
      ...(tls?.http ? serverTls("http") : []),
      ...(tls?.grpc ? serverTls("grpc") : []),
      ...(isLocal ? localAddresses : []),
    ],
    ports: jaegerPorts,
    resources,
    parts: [emptyDirPart(scratchVolume, "/tmp"), ...parts, monitorTab, memoryLimitPart(resources)],
  };
}

const localAddresses = [
  `--query.grpc-server.host-port=localhost:${ports.jaegerGrpc.number}`,
  `--query.http-server.host-port=localhost:${ports.jaegerUI.number}`,
  `--admin.http.host-port=localhost:${ports.jaegerMetrics.number}`,
] as const;

function serverTls(protocol: "http" | "grpc"): readonly string[] {
  const flag = `--query.${protocol}.tls`;
  return [
    `${flag}.enabled=true`,
    `${flag}.key=${certFolder}/tls.key`,
    `${flag}.cert=${certFolder}/tls.crt`,
    `${flag}.client-ca=${caFolder}/service-ca.crt`,
  ];
}

export interface TempoQuery extends Sidecar {
  /** ConfigMap with `tempo-query.yaml`. */
  readonly configMap: string;
  readonly readinessProbe?: Probe;
}

/** Container `tempo-query`: answers jaeger-query's questions by asking Tempo. */
export function tempoQueryContainer({ image, resources, parts, configMap, readinessProbe }: TempoQuery): ContainerPlan {
  return {
    name: "tempo-query",
    image,
    args: ["-config=/conf/tempo-query.yaml"],
    ports: [ports.tempoQuery],
    resources,
    ...(readinessProbe ? { readinessProbe } : {}),
    parts: [configPart(configMap), ...parts, memoryLimitPart(resources)],
  };
}

/** Readiness of a tempo-query beside a query-frontend. */
export const tempoQueryReadiness: Probe = {
  grpc: { port: ports.tempoQuery.number },
  timeoutSeconds: 1,
  periodSeconds: 5,
  failureThreshold: 12,
};

/** OpenShift's own Prometheus, which wants a token, and shows each namespace its own metrics alone. */
const clusterMonitoring = "https://thanos-querier.openshift-monitoring.svc.cluster.local:9092";

export interface MonitorTab {
  readonly enabled?: boolean | undefined;
  readonly prometheusEndpoint?: string | undefined;
  readonly redMetricsNamespace?: string | undefined;
}

/** Whether the Monitor tab asks OpenShift's own Prometheus, for which the pod's service account needs rights. */
export function asksClusterMonitoring(tab: MonitorTab | undefined): boolean {
  return tab?.enabled === true && tab.prometheusEndpoint?.trim() === clusterMonitoring;
}

/** The Monitor tab of the Jaeger UI: request rates, errors and durations out of a Prometheus. */
export function monitorTabPart(tab: MonitorTab | undefined, namespace: string): PodPart {
  if (!tab?.enabled) return {};
  const account = "/var/run/secrets/kubernetes.io/serviceaccount";
  const clusterArgs = [
    "--prometheus.tls.enabled=true",
    `--prometheus.token-file=${account}/token`,
    "--prometheus.token-override-from-context=false",
    `--prometheus.tls.ca=${account}/service-ca.crt`,
    `--prometheus.query.extra-query-params=namespace=${namespace}`,
  ];
  const prefix = tab.redMetricsNamespace;
  return {
    args: [
      ...(asksClusterMonitoring(tab) ? clusterArgs : []),
      ...(prefix === undefined ? [] : [`--prometheus.query.namespace=${prefix}`]),
    ],
    env: [
      { name: "METRICS_STORAGE_TYPE", value: "prometheus" },
      { name: "PROMETHEUS_SERVER_URL", value: tab.prometheusEndpoint?.trim() ?? "" },
    ],
  };
}
