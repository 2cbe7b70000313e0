import { type Endpoint, type EndpointSlice, ownerReference, Service, type Stored } from "@homeostat/api";
import { type IpFamily, isHeadless, lastChange, type ResolvedPort, type ServiceEndpoint } from "./service-endpoints.ts";

export const serviceNameLabel = "kubernetes.io/service-name";
export const managedByLabel = "endpointslice.kubernetes.io/managed-by";
export const headlessLabel = "service.kubernetes.io/headless";
export const triggerTimeAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";
export const sliceManager = "endpointslice-controller.k8s.io";

/** Most endpoints in a slice. Source: `--max-endpoints-per-slice`. */
const sliceSize = 100;

export interface SlicePlan {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly Stored<EndpointSlice>[];
  readonly delete: readonly Stored<EndpointSlice>[];
}

export interface SlicePlanInput {
  readonly service: Stored<Service>;
  readonly endpoints: ReadonlyMap<IpFamily, readonly ServiceEndpoint[]>;
  /** Zone of a node, where it has one. */
  readonly zoneOf: (node: string) => string | undefined;
  /** Slices of the service that this controller manages. */
  readonly existing: readonly Stored<EndpointSlice>[];
}

/**
 * What to do so that the slices of a service say where its pods are. Endpoints whose ports differ go into different
 * slices; a service without pods has one empty slice. Pure. Source: KEP-752; endpointslice `reconciler`.
 */
export function planSlices({ service, endpoints, zoneOf, existing }: SlicePlanInput): SlicePlan {
  return matchSlices(
    [...endpoints].flatMap(([family, list]) => wantedSlices(service, family, list, zoneOf)),
    existing,
  );
}

/** The fewest writes that turn the existing slices into the wanted ones. Pure. */
export function matchSlices(wanted: readonly EndpointSlice[], existing: readonly Stored<EndpointSlice>[]): SlicePlan {
  const free = new Set(existing);
  const create: EndpointSlice[] = [];
  const update: Stored<EndpointSlice>[] = [];
  for (const slice of wanted) {
    // The one that needs no write is taken first, then one of the same ports, then any of the family.
    const candidates = [...free].filter(({ addressType }) => addressType === slice.addressType);
    const chosen =
      candidates.find((candidate) => isSame(candidate, slice)) ??
      candidates.find((candidate) => portsKey(candidate.ports) === portsKey(slice.ports)) ??
      candidates[0];
    if (!chosen) {
      create.push(slice);
      continue;
    }
    free.delete(chosen);
    if (isSame(chosen, slice)) continue;
    const { labels, annotations, ownerReferences } = slice.metadata!;
    update.push({
      ...chosen,
      metadata: {
        ...chosen.metadata,
        ...(labels ? { labels } : {}),
        ...(ownerReferences ? { ownerReferences } : {}),
        annotations: { ...chosen.metadata.annotations, ...annotations },
      },
      endpoints: slice.endpoints ?? [],
      ports: slice.ports ?? [],
    });
  }
  return { create, update, delete: [...free] };
}

function wantedSlices(
  service: Stored<Service>,
  family: IpFamily,
  endpoints: readonly ServiceEndpoint[],
  zoneOf: SlicePlanInput["zoneOf"],
): EndpointSlice[] {
  const groups = new Map<string, ServiceEndpoint[]>();
  for (const endpoint of endpoints) {
    const key = portsKey(endpoint.ports);
    groups.set(key, [...(groups.get(key) ?? []), endpoint]);
  }
  if (groups.size === 0) return [sliceOf(service, family, [], [], zoneOf)];
  return [...groups.values()].flatMap((group) => {
    const slices: EndpointSlice[] = [];
    for (let at = 0; at < group.length; at += sliceSize) {
      slices.push(sliceOf(service, family, group.slice(at, at + sliceSize), group[0]!.ports, zoneOf));
    }
    return slices;
  });
}

function sliceOf(
  service: Stored<Service>,
  addressType: IpFamily,
  endpoints: readonly ServiceEndpoint[],
  ports: readonly ResolvedPort[],
  zoneOf: SlicePlanInput["zoneOf"],
): EndpointSlice {
  const { name, namespace, labels } = service.metadata;
  const time = lastChange(service, endpoints);
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      generateName: `${name}-`,
      ...(namespace ? { namespace } : {}),
      labels: {
        ...labels,
        [serviceNameLabel]: name,
        [managedByLabel]: sliceManager,
        ...(isHeadless(service) ? { [headlessLabel]: "" } : {}),
      },
      ...(time ? { annotations: { [triggerTimeAnnotation]: time } } : {}),
      ownerReferences: [ownerReference(service, { controller: true, resource: Service })],
    },
    addressType,
    endpoints: endpoints.map((endpoint) => withHints(endpointOf(endpoint, zoneOf), service)),
    ports: ports.map((port) => ({ ...port })),
  };
}

function endpointOf(endpoint: ServiceEndpoint, zoneOf: SlicePlanInput["zoneOf"]): Endpoint {
  const { pod, addresses, ready, serving, terminating, hostname, nodeName } = endpoint;
  const { name, namespace, uid } = pod.metadata;
  const zone = nodeName === undefined ? undefined : zoneOf(nodeName);
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname ? { hostname } : {}),
    targetRef: { kind: "Pod", ...(namespace ? { namespace } : {}), name, uid },
    ...(nodeName ? { nodeName } : {}),
    ...(zone ? { zone } : {}),
  };
}

/**
 * Which clients an endpoint is for where the service prefers near ones: those of its zone, or of its node and, for
 * proxies that do not know of nodes, of its zone. Source: KEP-4444, KEP-3015.
 */
function withHints(endpoint: Endpoint, { spec }: Service): Endpoint {
  const preference = spec?.trafficDistribution;
  if (!preference || !endpoint.conditions?.ready) return endpoint;
  const { zone, nodeName } = endpoint;
  const forZones = zone ? { forZones: [{ name: zone }] } : {};
  const forNodes = preference === "PreferSameNode" && nodeName ? { forNodes: [{ name: nodeName }] } : {};
  const hints = { ...forZones, ...forNodes };
  return Object.keys(hints).length > 0 ? { ...endpoint, hints } : endpoint;
}

/** Whether a slice says what it should; the time of the last change alone is no reason to write. */
function isSame(existing: EndpointSlice, wanted: EndpointSlice): boolean {
  return sliceText(existing) === sliceText(wanted);
}

function sliceText({ metadata, addressType, endpoints, ports }: EndpointSlice): string {
  const labels = Object.entries(metadata?.labels ?? {}).sort(byKey);
  const owners = metadata?.ownerReferences?.map(({ uid }) => uid) ?? [];
  return JSON.stringify([labels, owners, addressType, (endpoints ?? []).map(endpointText), portsKey(ports)]);
}

function endpointText({ addresses, conditions, hostname, targetRef, nodeName, zone, hints }: Endpoint): string {
  const { ready, serving, terminating } = conditions ?? {};
  return JSON.stringify([
    addresses,
    ready,
    serving,
    terminating,
    hostname,
    targetRef?.uid,
    nodeName,
    zone,
    hintsText(hints),
  ]);
}

const hintsText = (hints: Endpoint["hints"]): string =>
  [...(hints?.forZones ?? []), "/", ...(hints?.forNodes ?? [])]
    .map((each) => (typeof each === "string" ? each : each.name))
    .join();

function portsKey(ports: EndpointSlice["ports"]): string {
  return (ports ?? [])
    .map(({ name = "", protocol = "TCP", port, appProtocol = "" }) =>
      JSON.stringify([name, protocol, port, appProtocol]),
    )
    .sort()
    .join();
}

const byKey = ([a]: [string, string], [b]: [string, string]): number => (a < b ? -1 : a > b ? 1 : 0);
