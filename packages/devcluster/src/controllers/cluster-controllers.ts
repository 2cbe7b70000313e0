import type { Transport } from "@homeostat/api";
import { horizontalPodAutoscaler } from "./autoscaler/autoscaler.ts";
import type { ClusterController } from "./cluster-controller.ts";
import { clusterRoleAggregation } from "./cluster-role-aggregation.ts";
import { disruption } from "./disruption.ts";
import { endpointMirroring } from "./endpoint-mirroring.ts";
import { endpointSlices } from "./endpoint-slices.ts";
import { endpoints, endpointsCleanup } from "./endpoints.ts";
import { type GarbageCollectorOptions, garbageCollector } from "./garbage-collector/garbage-collector.ts";
import { type IngressOptions, ingressAddresses } from "./ingress-addresses.ts";
import { type LoadBalancerOptions, loadBalancer } from "./load-balancer.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { pvcProtection } from "./pvc-protection.ts";
import { resourceQuotas } from "./resource-quota.ts";
import { rootCaPublisher } from "./root-ca.ts";
import { serviceAccounts } from "./service-account.ts";
import { tokenSecrets } from "./token-secrets.ts";
import { claimBinder } from "./volume-binder.ts";
import { volumeLifecycle } from "./volume-lifecycle.ts";

export interface ClusterControllerOptions extends GarbageCollectorOptions {
  readonly transport: Transport;
  /** PEM; asked for when it is needed. */
  readonly certificateAuthority: () => string | Promise<string>;
  readonly loadBalancer?: LoadBalancerOptions;
  /** Default: ingresses get no address. */
  readonly ingress?: IngressOptions;
}

/** The controllers that make an API server a cluster, beside those of workloads and nodes. */
export function clusterControllers(options: ClusterControllerOptions): readonly ClusterController[] {
  const { transport, certificateAuthority } = options;
  return [
    garbageCollector(options),
    namespaceLifecycle({ transport }),
    serviceAccounts(),
    rootCaPublisher(certificateAuthority),
    tokenSecrets(certificateAuthority),
    clusterRoleAggregation(),
    endpointSlices(),
    endpoints(),
    endpointsCleanup(),
    endpointMirroring(),
    loadBalancer(options.loadBalancer),
    claimBinder(),
    volumeLifecycle(),
    pvcProtection(),
    disruption({ transport }),
    resourceQuotas({ transport }),
    horizontalPodAutoscaler({ transport }),
    ...(options.ingress ? [ingressAddresses(options.ingress)] : []),
  ];
}
