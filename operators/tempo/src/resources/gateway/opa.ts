import type { HTTPGetAction, Probe, ResourceRequirements } from "@homeostat/api";
import type { ContainerPlan } from "../pod/container-plan.ts";
import { ports } from "../pod/ports.ts";
import type { Tenants } from "./rbac-yaml.ts";

/** Package of the policy, one for each kind. */
export type OpaPackage = "tempostack" | "tempomonolithic";

const httpPort = ports.opaHttp.number;
const metricsPort = ports.opaMetrics.number;

/** Where the gateway asks whether a request is allowed. */
export const decisionUrl = (opaPackage: OpaPackage): string =>
  `http://localhost:${httpPort}/v1/data/${opaPackage}/allow`;

/** Probes of the gateway, and of the policy agent beside it. */
export function gatewayProbes(http: Pick<HTTPGetAction, "port" | "scheme">): {
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
} {
  return {
    livenessProbe: { httpGet: { path: "/live", ...http }, timeoutSeconds: 2, periodSeconds: 30, failureThreshold: 10 },
    readinessProbe: { httpGet: { path: "/ready", ...http }, timeoutSeconds: 1, periodSeconds: 5, failureThreshold: 12 },
  };
}

export interface OpaOptions {
  readonly image: string;
  readonly opaPackage: OpaPackage;
  readonly tenants: Tenants;
  /** Whether answers hold only what the user may see. */
  readonly rbac: boolean;
  readonly resources: ResourceRequirements;
}

/** The policy agent beside the gateway, mode openshift: it asks the cluster what a user may do. */
export function opaContainer({ image, opaPackage, tenants, rbac, resources }: OpaOptions): ContainerPlan {
  return {
    name: "tempo-gateway-opa",
    image,
    args: [
      "--log.level=warn",
      `--web.listen=:${httpPort}`,
      `--web.internal.listen=:${metricsPort}`,
      `--web.healthchecks.url=http://localhost:${httpPort}`,
      `--opa.package=${opaPackage}`,
      "--opa.ssar",
      ...(rbac ? ["--opa.matcher=kubernetes_namespace_name"] : []),
      ...(tenants.authentication ?? []).map(({ tenantName }) => `--openshift.mappings=${tenantName}=tempo.grafana.com`),
    ],
    ports: [ports.opaHttp, ports.opaMetrics],
    ...gatewayProbes({ port: metricsPort, scheme: "HTTP" }),
    resources,
    parts: [],
    isUnrestricted: true,
  };
}
