import { findCondition, type Pod, type Service, type ServicePort, type Stored } from "@homeostat/api";
import { isPodReady, isPodTerminal } from "./pod-state.ts";

/** Where a service's traffic may go: one pod, with the ports the service's ports mean on it. */
export interface ServiceEndpoint {
  readonly pod: Stored<Pod>;
  readonly addresses: readonly string[];
  /** May get new traffic. */
  readonly ready: boolean;
  /** Ready by its own word, though it may be going. */
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly hostname: string | undefined;
  readonly nodeName: string | undefined;
  readonly ports: readonly ResolvedPort[];
}

export interface ResolvedPort {
  readonly name: string;
  readonly protocol: "TCP" | "UDP" | "SCTP";
  readonly port: number;
  readonly appProtocol?: string;
}

export type IpFamily = "IPv4" | "IPv6";

/** Whether endpoints of the service are made from pods. */
export function hasPodEndpoints(service: Service): boolean {
  return service.spec?.type !== "ExternalName" && Object.keys(service.spec?.selector ?? {}).length > 0;
}

export function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === "None" || !service.spec?.clusterIP;
}

/** The endpoints of a service in one family of addresses, by name of the pod. Pure. */
export function serviceEndpoints(service: Service, pods: readonly Stored<Pod>[], family: IpFamily): ServiceEndpoint[] {
  return pods
    .filter((pod) => !isPodTerminal(pod))
    .flatMap((pod) => {
      const addresses = podAddresses(pod, family);
      return addresses.length === 0 ? [] : [endpointOf(service, pod, addresses)];
    })
    .sort((a, b) => (a.pod.metadata.name < b.pod.metadata.name ? -1 : 1));
}

function podAddresses(pod: Pod, family: IpFamily): string[] {
  const ips = pod.status?.podIPs?.map(({ ip }) => ip) ?? [];
  const all = ips.length > 0 ? ips : pod.status?.podIP ? [pod.status.podIP] : [];
  return all.filter((ip) => ip.includes(":") === (family === "IPv6")).slice(0, 1);
}

function endpointOf(service: Service, pod: Stored<Pod>, addresses: readonly string[]): ServiceEndpoint {
  const serving = isPodReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const { hostname, subdomain, nodeName } = pod.spec ?? {};
  const named =
    hostname && subdomain === service.metadata?.name && pod.metadata.namespace === service.metadata?.namespace;
  return {
    pod,
    addresses,
    ready: service.spec?.publishNotReadyAddresses === true || (serving && !terminating),
    serving,
    terminating,
    hostname: named ? hostname : undefined,
    nodeName: nodeName || undefined,
    ports: (service.spec?.ports ?? []).flatMap((port) => resolvePort(port, pod) ?? []),
  };
}

/** The number a service's port means on a pod; undefined where the pod has no port of that name. */
export function resolvePort(servicePort: ServicePort, pod: Pod): ResolvedPort | undefined {
  const { name = "", protocol = "TCP", port, targetPort = port, appProtocol } = servicePort;
  const number = typeof targetPort === "number" ? targetPort || port : namedPort(pod, targetPort, protocol);
  return number === undefined ? undefined : { name, protocol, port: number, ...(appProtocol ? { appProtocol } : {}) };
}

function namedPort(pod: Pod, name: string, protocol: string): number | undefined {
  // Sidecars are init containers that keep running: they serve, the others do not.
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  return [...(pod.spec?.containers ?? []), ...sidecars]
    .flatMap(({ ports = [] }) => ports)
    .find((port) => port.name === name && (port.protocol ?? "TCP") === protocol)?.containerPort;
}

/**
 * When something last happened that changed the endpoints: the youngest change of a pod's readiness, or the making of
 * the service. Source: annotation `endpoints.kubernetes.io/last-change-trigger-time`.
 */
export function lastChange(service: Service, endpoints: readonly ServiceEndpoint[]): string | undefined {
  const times = endpoints.flatMap(
    ({ pod }) => findCondition(pod.status?.conditions, "Ready")?.lastTransitionTime ?? [],
  );
  const created = service.metadata?.creationTimestamp;
  return [...times, ...(created ? [created] : [])].sort().at(-1);
}
