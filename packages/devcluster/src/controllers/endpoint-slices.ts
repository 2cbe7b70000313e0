import { EndpointSlice, ignoreNotFound, labelMatcher, Node, Pod, Service, type Stored } from "@homeostat/api";
import {
  type Cache,
  type CachedObject,
  type Client,
  type ControllerDefinition,
  labelsChanged,
  type Request,
} from "@homeostat/runtime";
import { clusterController } from "./cluster-controller.ts";
import { managedByLabel, planSlices, type SlicePlan, serviceNameLabel, sliceManager } from "./endpoint-slice-plan.ts";
import { hasPodEndpoints, type IpFamily, type ServiceEndpoint, serviceEndpoints } from "./service-endpoints.ts";

const zoneLabel = "topology.kubernetes.io/zone";

/** Keeps the EndpointSlices of services with a selector. Source: endpointslice controller. */
export function endpointSlices(): ControllerDefinition<Service> {
  return clusterController(Service, "endpointslice")
    .owns(EndpointSlice)
    .watches(Pod, servicesOfPod)
    .watches(Node, servicesOnNodes, { predicates: [labelsChanged] })
    .reconcile(async ({ object: service, client, cache }) => {
      if (service.metadata.deletionTimestamp !== undefined || !hasPodEndpoints(service)) return;
      const { name, namespace } = service.metadata;
      const pods = selectedPods(service, cache);
      const families = (service.spec?.ipFamilies ?? ["IPv4"]) as readonly IpFamily[];
      const endpoints = new Map(
        families.map((family): [IpFamily, ServiceEndpoint[]] => [family, serviceEndpoints(service, pods, family)]),
      );
      const slices = await client.list(EndpointSlice, {
        namespace: namespace!,
        labelSelector: { [serviceNameLabel]: name, [managedByLabel]: sliceManager },
      });
      const zoneOf = (node: string): string | undefined =>
        cache.store(Node)?.peek({ name: node })?.metadata.labels[zoneLabel];
      const plan = planSlices({ service, endpoints, zoneOf, existing: slices.items });
      await carryOut(client, plan);
    });
}

export async function carryOut(client: Client, plan: SlicePlan): Promise<void> {
  for (const slice of plan.create) await client.create(EndpointSlice, slice);
  for (const slice of plan.update) await client.update(EndpointSlice, slice);
  for (const { metadata } of plan.delete) {
    const key = { namespace: metadata.namespace!, name: metadata.name };
    await ignoreNotFound(client.delete(EndpointSlice, key));
  }
}

/** Services that select a pod. */
export function servicesOfPod(pod: CachedObject<Pod>, cache: Cache): Request[] {
  const { namespace, labels } = pod.metadata;
  const found: Request[] = [];
  for (const service of cache.store(Service)?.entries({ namespace: namespace! }) ?? []) {
    const selector = service.object().spec?.selector;
    if (selector && Object.entries(selector).every(([key, value]) => labels[key] === value)) {
      found.push({ namespace: namespace!, name: service.metadata.name });
    }
  }
  return found;
}

export function selectedPods(service: Stored<Service>, cache: Cache): Stored<Pod>[] {
  const matcher = labelMatcher({ matchLabels: service.spec?.selector ?? {} });
  const pods = cache.store(Pod)?.entries({ namespace: service.metadata.namespace! }) ?? [];
  return [...pods].filter(({ metadata }) => matcher.matches(metadata.labels)).map((pod) => pod.object());
}

/** A node's zone is told with each endpoint on it; nodes change rarely, so all services are looked at. */
function servicesOnNodes(_node: CachedObject<Node>, cache: Cache): Request[] {
  return [...(cache.store(Service)?.entries() ?? [])].map(({ metadata }) => ({
    namespace: metadata.namespace!,
    name: metadata.name,
  }));
}
