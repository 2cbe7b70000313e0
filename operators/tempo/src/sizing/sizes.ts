import type { ResourceRequirements } from "@homeostat/api";
import type { Size } from "../api/tempo-stack.ts";

/** The containers that a size, or a share of `resources.total`, speaks of. */
export type SizedContainer =
  | "ingester"
  | "compactor"
  | "querier"
  | "query-frontend"
  | "distributor"
  | "gateway"
  | "jaeger-query"
  | "oauth-proxy"
  | "gateway-opa"
  | "metrics-generator";

export type ReplicatedComponent =
  | "distributor"
  | "querier"
  | "query-frontend"
  | "compactor"
  | "gateway"
  | "metrics-generator";

export interface IngestionLimits {
  /** Bytes per second. */
  readonly rate: number;
  /** Bytes. */
  readonly burst: number;
  /** Live traces of a tenant in one ingester. Absent: Tempo's own limit. */
  readonly tracesPerUser?: number;
}

export interface SizeDefaults {
  readonly replicationFactor: number;
  readonly replicas: Readonly<Record<ReplicatedComponent, number>>;
  /** Requests of one pod; absent for demo. */
  readonly requests?: Readonly<Record<SizedContainer, { readonly cpu: string; readonly memory: string }>>;
  readonly limits?: IngestionLimits;
}

const replicas = (
  distributor: number,
  querier: number,
  queryFrontend: number,
  compactor: number,
  gateway: number,
  metricsGenerator: number,
): SizeDefaults["replicas"] => ({
  distributor,
  querier,
  "query-frontend": queryFrontend,
  compactor,
  gateway,
  "metrics-generator": metricsGenerator,
});

const of = (cpu: string, memory: string) => ({ cpu, memory });

export const sizeDefaults: Readonly<Record<Size, SizeDefaults>> = {
  "1x.demo": { replicationFactor: 1, replicas: replicas(1, 1, 1, 1, 1, 1) },
  "1x.pico": {
    replicationFactor: 2,
    replicas: replicas(2, 2, 2, 2, 2, 2),
    requests: {
      ingester: of("500m", "3Gi"),
      compactor: of("500m", "500Mi"),
      querier: of("750m", "1536Mi"),
      "query-frontend": of("500m", "500Mi"),
      distributor: of("500m", "500Mi"),
      gateway: of("100m", "64Mi"),
      "jaeger-query": of("100m", "64Mi"),
      "oauth-proxy": of("50m", "64Mi"),
      "gateway-opa": of("50m", "64Mi"),
      "metrics-generator": of("500m", "512Mi"),
    },
    limits: { rate: 600_000, burst: 1_200_000 },
  },
  "1x.extra-small": {
    replicationFactor: 2,
    replicas: replicas(2, 2, 2, 2, 2, 2),
    requests: {
      ingester: of("1500m", "8Gi"),
      compactor: of("200m", "4Gi"),
      querier: of("1", "1Gi"),
      "query-frontend": of("200m", "1Gi"),
      distributor: of("200m", "128Mi"),
      gateway: of("400m", "128Mi"),
      "jaeger-query": of("400m", "128Mi"),
      "oauth-proxy": of("100m", "64Mi"),
      "gateway-opa": of("100m", "64Mi"),
      "metrics-generator": of("500m", "512Mi"),
    },
    limits: { rate: 1_200_000, burst: 2_400_000 },
  },
  "1x.small": {
    replicationFactor: 2,
    replicas: replicas(3, 3, 2, 2, 2, 3),
    requests: {
      ingester: of("2", "10Gi"),
      compactor: of("400m", "6Gi"),
      querier: of("2500m", "3Gi"),
      "query-frontend": of("400m", "1Gi"),
      distributor: of("600m", "128Mi"),
      gateway: of("800m", "192Mi"),
      "jaeger-query": of("800m", "192Mi"),
      "oauth-proxy": of("100m", "64Mi"),
      "gateway-opa": of("100m", "64Mi"),
      "metrics-generator": of("1", "1Gi"),
    },
    limits: { rate: 5_800_000, burst: 11_600_000, tracesPerUser: 17_000 },
  },
  "1x.medium": {
    replicationFactor: 2,
    replicas: replicas(4, 5, 2, 3, 2, 3),
    requests: {
      ingester: of("8", "16Gi"),
      compactor: of("600m", "10Gi"),
      querier: of("5", "4Gi"),
      "query-frontend": of("800m", "1Gi"),
      distributor: of("1500m", "128Mi"),
      gateway: of("4", "192Mi"),
      "jaeger-query": of("4", "192Mi"),
      "oauth-proxy": of("200m", "128Mi"),
      "gateway-opa": of("200m", "128Mi"),
      "metrics-generator": of("2", "2Gi"),
    },
    limits: { rate: 23_000_000, burst: 46_000_000, tracesPerUser: 54_000 },
  },
};

/** How many ingesters must be there for writes to reach a majority of `replicationFactor` copies. */
export function ingesterQuorum(replicationFactor: number): number {
  return Math.floor(replicationFactor / 2) + 1;
}

/** Requests, and no limits, of a container by size. */
export function resourcesOfSize(size: Size, container: SizedContainer): ResourceRequirements {
  const requests = sizeDefaults[size].requests?.[container];
  return requests === undefined ? {} : { requests };
}
