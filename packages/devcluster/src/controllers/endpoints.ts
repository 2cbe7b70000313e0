import { Endpoints, ignoreNotFound, Pod, Service, type Stored } from "@homeostat/api";
import type { ControllerDefinition } from "@homeostat/runtime";
import { clusterController } from "./cluster-controller.ts";
import { headlessLabel, triggerTimeAnnotation } from "./endpoint-slice-plan.ts";
import { selectedPods, serviceSelectors } from "./endpoint-slices.ts";
import {
  hasPodEndpoints,
  type IpFamily,
  isHeadless,
  lastChange,
  type ResolvedPort,
  type ServiceEndpoint,
  serviceEndpoints,
} from "./service-endpoints.ts";

type Subset = NonNullable<Endpoints["subsets"]>[number];
type Address = NonNullable<Subset["addresses"]>[number];

/**
 * Keeps the Endpoints of services with a selector: the older form of EndpointSlices, in one object of the service's
 * name. Source: endpoint controller.
 */
export function endpoints(): ControllerDefinition<Service> {
  const selectors = serviceSelectors();
  return clusterController(Service, "endpoint")
    .watches(Service, { handler: selectors.handler })
    .watches(Pod, ({ metadata }) => selectors.selecting(metadata))
    .watches(Endpoints, ({ metadata }) => [{ namespace: metadata.namespace!, name: metadata.name }])
    .reconcile(async ({ object: service, client, cache }) => {
      if (service.metadata.deletionTimestamp !== undefined || !hasPodEndpoints(service)) return;
      const family = (service.spec?.ipFamilies?.[0] ?? "IPv4") as IpFamily;
      const found = serviceEndpoints(service, selectedPods(service, cache), family);
      const wanted = endpointsOf(service, found);
      const { name, namespace } = service.metadata;
      const existing = await client.find(Endpoints, { namespace: namespace!, name });
      if (!existing) {
        await client.create(Endpoints, wanted);
      } else if (contentText(existing) !== contentText(wanted)) {
        const annotations = { ...existing.metadata.annotations, ...wanted.metadata?.annotations };
        const labels = wanted.metadata?.labels ?? {};
        const metadata = { ...existing.metadata, labels, annotations };
        await client.update(Endpoints, { ...existing, metadata, subsets: wanted.subsets ?? [] });
      }
    });
}

/**
 * Takes away Endpoints this controller made for a service that is gone, or that no longer selects pods.
 * Source: endpoint controller; in a controller of its own, as what is gone calls no reconcile.
 */
export function endpointsCleanup(): ControllerDefinition<Endpoints> {
  return clusterController(Endpoints, "endpoint-cleanup")
    .watches(Service, ({ metadata }) => [{ namespace: metadata.namespace!, name: metadata.name }])
    .reconcile(async ({ object, client }) => {
      if (object.metadata.labels?.[managedByLabel] !== manager) return;
      const { name, namespace, uid } = object.metadata;
      const key = { namespace: namespace!, name };
      const service = await client.find(Service, key, { from: "live" });
      if (service && hasPodEndpoints(service)) return;
      await ignoreNotFound(client.delete(Endpoints, key, { preconditions: { uid } }));
    });
}

const managedByLabel = "endpoints.kubernetes.io/managed-by";
const manager = "endpoint-controller";

/** Pure. Every port makes a subset of its own first; those of equal ports, then of equal addresses, become one. */
export function endpointsOf(service: Stored<Service>, found: readonly ServiceEndpoint[]): Endpoints {
  const { name, namespace, labels } = service.metadata;
  const time = lastChange(service, found);
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      name,
      ...(namespace ? { namespace } : {}),
      labels: {
        ...labels,
        [managedByLabel]: manager,
        ...(isHeadless(service) ? { [headlessLabel]: "" } : {}),
      },
      ...(time ? { annotations: { [triggerTimeAnnotation]: time } } : {}),
    },
    subsets: subsetsOf(found),
  };
}

function subsetsOf(found: readonly ServiceEndpoint[]): Subset[] {
  const byPorts = new Map<string, { ports: readonly ResolvedPort[]; endpoints: ServiceEndpoint[] }>();
  // A pod that is going is no place for new traffic, and this form has no word for it.
  for (const endpoint of found.filter(({ terminating, ready }) => !terminating || ready)) {
    const key = JSON.stringify(endpoint.ports);
    const group = byPorts.get(key) ?? { ports: endpoint.ports, endpoints: [] };
    byPorts.set(key, group);
    group.endpoints.push(endpoint);
  }
  return [...byPorts.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { ports, endpoints: group }]) => {
      const ready = group
        .filter((endpoint) => endpoint.ready)
        .map(addressOf)
        .sort(byIp);
      const notReady = group
        .filter((endpoint) => !endpoint.ready)
        .map(addressOf)
        .sort(byIp);
      return {
        ...(ready.length > 0 ? { addresses: ready } : {}),
        ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
        ...(ports.length > 0 ? { ports: ports.map(portOf) } : {}),
      };
    });
}

function addressOf({ addresses, hostname, nodeName, pod }: ServiceEndpoint): Address {
  const { name, namespace, uid } = pod.metadata;
  return {
    ip: addresses[0]!,
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    targetRef: { kind: "Pod", ...(namespace ? { namespace } : {}), name, uid },
  };
}

function portOf({ name, protocol, port, appProtocol }: ResolvedPort): NonNullable<Subset["ports"]>[number] {
  return { ...(name ? { name } : {}), port, protocol, ...(appProtocol ? { appProtocol } : {}) };
}

const byIp = (a: Address, b: Address): number => (a.ip < b.ip ? -1 : 1);

function contentText({ metadata, subsets }: Endpoints): string {
  const labels = Object.entries(metadata?.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const texts = (subsets ?? []).map(({ addresses = [], notReadyAddresses = [], ports = [] }) => [
    addresses.map(addressText),
    notReadyAddresses.map(addressText),
    ports.map(({ name = "", port, protocol, appProtocol = "" }) => [name, port, protocol, appProtocol]),
  ]);
  return JSON.stringify([labels, texts]);
}

const addressText = ({ ip, hostname = "", nodeName = "", targetRef }: Address): unknown[] => [
  ip,
  hostname,
  nodeName,
  targetRef?.uid,
];
