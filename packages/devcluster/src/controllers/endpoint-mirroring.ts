import { type Endpoint, EndpointSlice, Endpoints, ownerReference, Service, type Stored } from "@homeostat/api";
import type { ControllerDefinition } from "@homeostat/runtime";
import { clusterController } from "./cluster-controller.ts";
import { managedByLabel, matchSlices, serviceNameLabel } from "./endpoint-slice-plan.ts";
import { carryOut } from "./endpoint-slices.ts";
import { hasPodEndpoints, type IpFamily } from "./service-endpoints.ts";

const mirrorManager = "endpointslicemirroring-controller.k8s.io";
const skipLabel = "endpointslice.kubernetes.io/skip-mirror";
const leaderAnnotation = "control-plane.alpha.kubernetes.io/leader";
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

type Subset = NonNullable<Endpoints["subsets"]>[number];
type Address = NonNullable<Subset["addresses"]>[number];

/**
 * Mirrors Endpoints that people write for services without a selector as EndpointSlices, since nothing reads the older
 * form any more. Source: endpointslicemirroring controller.
 */
export function endpointMirroring(): ControllerDefinition<Endpoints> {
  return clusterController(Endpoints, "endpointslicemirroring")
    .owns(EndpointSlice)
    .watches(Service, ({ metadata }) => [{ namespace: metadata.namespace!, name: metadata.name }])
    .reconcile(async ({ object: endpoints, client }) => {
      const { name, namespace, deletionTimestamp } = endpoints.metadata;
      if (deletionTimestamp !== undefined) return;
      const service = await client.find(Service, { namespace: namespace!, name });
      const mirrored = isMirrored(endpoints) && service !== undefined && !hasPodEndpoints(service);
      const existing = await client.list(EndpointSlice, {
        namespace: namespace!,
        labelSelector: { [serviceNameLabel]: name, [managedByLabel]: mirrorManager },
      });
      await carryOut(client, matchSlices(mirrored ? mirrorSlices(endpoints) : [], existing.items));
    });
}

/** Not those somebody else looks after: marked ones, and old locks of leader election. */
function isMirrored({ metadata }: Stored<Endpoints>): boolean {
  return metadata.labels?.[skipLabel] !== "true" && metadata.annotations?.[leaderAnnotation] === undefined;
}

/** One slice for each subset and family of addresses. Pure. */
export function mirrorSlices(endpoints: Stored<Endpoints>): EndpointSlice[] {
  return (endpoints.subsets ?? []).flatMap((subset) =>
    (["IPv4", "IPv6"] as const).flatMap((family) => mirrorSubset(endpoints, subset, family)),
  );
}

function mirrorSubset(endpoints: Stored<Endpoints>, subset: Subset, family: IpFamily): EndpointSlice[] {
  const ofFamily = (addresses: readonly Address[] = []): readonly Address[] =>
    addresses.filter(({ ip }) => ip.includes(":") === (family === "IPv6"));
  const all = [
    ...ofFamily(subset.addresses).map((address) => mirrorAddress(address, true)),
    ...ofFamily(subset.notReadyAddresses).map((address) => mirrorAddress(address, false)),
  ];
  if (all.length === 0) return [];
  const { name, namespace, labels, annotations = {} } = endpoints.metadata;
  const { [lastApplied]: _, ...kept } = annotations;
  return [
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        generateName: `${name}-`,
        ...(namespace ? { namespace } : {}),
        labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: mirrorManager },
        ...(Object.keys(kept).length > 0 ? { annotations: kept } : {}),
        ownerReferences: [ownerReference(endpoints, { controller: true, resource: Endpoints })],
      },
      addressType: family,
      endpoints: all,
      ports: (subset.ports ?? []).map(({ name: port = "", ...rest }) => ({ name: port, ...rest })),
    },
  ];
}

function mirrorAddress({ ip, hostname, nodeName, targetRef }: Address, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(targetRef ? { targetRef } : {}),
  };
}
