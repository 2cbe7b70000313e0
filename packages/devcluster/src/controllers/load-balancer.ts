import { Service, type Stored } from "@homeostat/api";
import type { ControllerDefinition } from "@homeostat/runtime";
import { clusterController } from "./cluster-controller.ts";

const cleanupFinalizer = "service.kubernetes.io/load-balancer-cleanup";

export interface LoadBalancerOptions {
  /** First three numbers of the addresses that are given out. Default `198.51.100`, a range kept for documentation. */
  readonly prefix?: string;
  /** How long a service waits for its address, in milliseconds. Default 0. */
  readonly delayMs?: number;
}

/**
 * Gives services of type LoadBalancer an address, as a cloud would; nothing answers there. Services of another load
 * balancer class are left alone. Source: cloud-provider, service controller.
 */
export function loadBalancer(options: LoadBalancerOptions = {}): ControllerDefinition<Service> {
  const { prefix = "198.51.100", delayMs = 0 } = options;
  return clusterController(Service, "service-lb").reconcile(async ({ object, client, cache, events, clock }) => {
    const { namespace, name, finalizers = [], deletionTimestamp, creationTimestamp } = object.metadata;
    const key = { namespace: namespace!, name };
    const wanted = object.spec?.type === "LoadBalancer" && !object.spec.loadBalancerClass && !deletionTimestamp;
    if (!wanted) {
      if (!finalizers.includes(cleanupFinalizer)) return {};
      const current = ingressOf(object).length > 0 && !deletionTimestamp ? await writeIngress([]) : object;
      const left = finalizers.filter((finalizer) => finalizer !== cleanupFinalizer);
      await patchFinalizers(current.metadata.resourceVersion, left);
      events.normal("DeletedLoadBalancer", "Deleted load balancer");
      return {};
    }
    if (ingressOf(object).length > 0) return {};
    const waitedMs = clock.now() - Date.parse(creationTimestamp ?? "");
    if (waitedMs < delayMs) return { requeueAfterMs: delayMs - waitedMs };
    events.normal("EnsuringLoadBalancer", "Ensuring load balancer");
    if (!finalizers.includes(cleanupFinalizer)) {
      await patchFinalizers(object.metadata.resourceVersion, [...finalizers, cleanupFinalizer]);
    }
    const taken = (cache.store(Service)?.list() ?? []).flatMap(ingressOf);
    await writeIngress([{ ip: freeAddress(prefix, object.spec?.loadBalancerIP, taken), ipMode: "VIP" }]);
    events.normal("EnsuredLoadBalancer", "Ensured load balancer");
    return {};

    function patchFinalizers(resourceVersion: string, list: readonly string[]): Promise<Stored<Service>> {
      return client.patchMerge(Service, key, { metadata: { resourceVersion, finalizers: [...list] } });
    }
    function writeIngress(ingress: { ip: string; ipMode: string }[]): Promise<Stored<Service>> {
      return client.status.patchMerge(Service, key, { status: { loadBalancer: { ingress } } });
    }
  });
}

function ingressOf(service: Service): string[] {
  return (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
}

/** The address asked for, else the first that nobody has. Pure. @throws Error when all are given out */
export function freeAddress(prefix: string, asked: string | undefined, taken: readonly string[]): string {
  if (asked) return asked;
  for (let last = 1; last < 255; last++) {
    const address = `${prefix}.${last}`;
    if (!taken.includes(address)) return address;
  }
  throw new Error(`service: all addresses of ${prefix}.0/24 are given out: delete a service of type LoadBalancer`);
}
