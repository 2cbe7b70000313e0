import { EndpointSlice, ignoreNotFound, Node, Pod, Service, type ServiceSpec, type Stored } from "@homeostat/api";
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
import { SelectorIndex } from "./selector-index.ts";
import { hasPodEndpoints, type IpFamily, type ServiceEndpoint, serviceEndpoints } from "./service-endpoints.ts";

const zoneLabel = "topology.kubernetes.io/zone";

/** Keeps the EndpointSlices of services with a selector. Source: endpointslice controller. */
export function endpointSlices(): ControllerDefinition<Service> {
  const selectors = serviceSelectors();
  return clusterController(Service, "endpointslice")
    .owns(EndpointSlice)
    .watches(Service, { handler: selectors.handler })
    .watches(Pod, ({ metadata }) => selectors.selecting(metadata))
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

/** Which services select a pod; one without a selector selects none. */
export function serviceSelectors(): SelectorIndex<Service> {
  return new SelectorIndex<Service>((service) => {
    const matchLabels = selectorOf(service);
    return matchLabels && Object.keys(matchLabels).length > 0 ? { matchLabels } : undefined;
  });
}

const selectorOf = (service: CachedObject<Service>): ServiceSpec["selector"] =>
  service.field ? (service.field(["spec", "selector"]) as ServiceSpec["selector"]) : service.object().spec?.selector;

export function selectedPods(service: Stored<Service>, cache: Cache): Stored<Pod>[] {
  const { namespace } = service.metadata;
  const pods = cache.store(Pod)?.entries({ namespace: namespace!, labelSelector: service.spec?.selector ?? {} }) ?? [];
  return Array.from(pods, (pod) => pod.object());
}

/** A node's zone is told with each endpoint on it; nodes change rarely, so all services are looked at. */
function servicesOnNodes(_node: CachedObject<Node>, cache: Cache): Request[] {
  return [...(cache.store(Service)?.entries() ?? [])].map(({ metadata }) => ({
    namespace: metadata.namespace!,
    name: metadata.name,
  }));
}
