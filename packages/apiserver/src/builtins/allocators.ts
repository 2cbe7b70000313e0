import { fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import type { Allocator } from "../registry/served-resource.ts";
import { AddressPool } from "./address-pool.ts";
import { formatIpv4, type Ipv4Range, parseIpv4, parseIpv4Range } from "./cidr.ts";
import { ensure, integer, isUnset, setDefault, strings, struct, structs, text } from "./json-fields.ts";
import { needsHealthCheckPort, needsNodePorts } from "./strategies/service.ts";

export const defaultServiceRange = "10.96.0.0/16";

export interface ServiceAllocatorOptions {
  /** Range of cluster IPs. Default `10.96.0.0/16`. Upstream: `--service-cluster-ip-range`. */
  readonly serviceRange?: string;
  /** First and last port of nodes. Default 30000 to 32767. Upstream: `--service-node-port-range`. */
  readonly nodePorts?: { readonly first: number; readonly last: number };
}

const headless = "None";

/**
 * Hands out cluster IPs and node ports to Services. What a Service holds is known by its uid: `allocate` gives it what
 * it lacks, and takes back what neither the old nor the new state of it has; `adopt` makes what it holds exactly what it
 * says. Dry runs see what they would get and take nothing.
 *
 * Source: kube-apiserver, registry/core/service `alloc.go`.
 */
export function createServiceAllocator(options: ServiceAllocatorOptions = {}): Allocator {
  const range: Ipv4Range = parseIpv4Range(options.serviceRange ?? defaultServiceRange);
  const { first, last } = options.nodePorts ?? { first: 30_000, last: 32_767 };
  // The first address names the network and the last one all of it.
  const addresses = new AddressPool(range.first + 1, range.size - 2);
  const ports = new AddressPool(first, last - first + 1);
  const rangeText = `${formatIpv4(range.first)}/${32 - Math.log2(range.size)}`;

  return {
    allocate(object, old, { dryRun }) {
      const owner = ownerOf(object) || ownerOf(old ?? {});
      const causes = wantAddress(ensure(object, "spec"), owner, addresses, rangeText);
      causes.push(...wantPorts(ensure(object, "spec"), owner, ports, `${first}-${last}`));
      if (causes.length > 0 || dryRun) return causes;
      hold(object, owner, old);
      return [];
    },
    release(object) {
      addresses.release(ownerOf(object));
      ports.release(ownerOf(object));
    },
    adopt(object) {
      hold(object, ownerOf(object), undefined);
    },
  };

  function hold(object: JsonObject, owner: string, old: JsonObject | undefined): void {
    const states = old ? [object, old] : [object];
    const heldAddresses = new Set(states.flatMap((state) => addressesOf(struct(state, "spec"))));
    const heldPorts = new Set(states.flatMap((state) => portsOf(struct(state, "spec"))));
    addresses.release(owner, heldAddresses);
    ports.release(owner, heldPorts);
    for (const address of addressesOf(struct(object, "spec"))) {
      if (addresses.contains(address)) {
        addresses.take(address, owner);
        addresses.advance(address);
      }
    }
    for (const port of portsOf(struct(object, "spec"))) if (ports.contains(port)) ports.take(port, owner);
  }
}

const ownerOf = (object: JsonObject): string => text(struct(object, "metadata"), "uid");

function addressesOf(spec: JsonObject | undefined): number[] {
  return strings(spec, "clusterIPs").flatMap((ip) => parseIpv4(ip) ?? []);
}

function portsOf(spec: JsonObject | undefined): number[] {
  const ports = structs(spec, "ports").map((port) => integer(port, "nodePort") ?? 0);
  return [...ports, integer(spec, "healthCheckNodePort") ?? 0].filter((port) => port !== 0);
}

/** Gives the spec a cluster IP and its family, or says why it cannot have the one it asks for. */
function wantAddress(spec: JsonObject, owner: string, pool: AddressPool, range: string): StatusCause[] {
  if (text(spec, "type") === "ExternalName") return [];
  families(spec);
  const asked = text(spec, "clusterIP");
  if (asked === headless) {
    spec["clusterIPs"] = [headless];
    return [];
  }
  if (asked === "") return giveAddress(spec, pool);
  const address = parseIpv4(asked);
  const refuse = (why: string): StatusCause[] => [
    fieldError.invalid("spec.clusterIPs", [asked], `failed to allocate IP ${asked}: ${why}`),
  ];
  if (address === undefined || !pool.contains(address))
    return refuse(`the provided IP is not in the valid range. The range of valid IPs is ${range}`);
  if (!pool.isFreeFor(address, owner)) return refuse("provided IP is already allocated");
  if (strings(spec, "clusterIPs").length === 0) spec["clusterIPs"] = [asked];
  return [];
}

function giveAddress(spec: JsonObject, pool: AddressPool): StatusCause[] {
  const found = pool.find(new Set());
  if (found === undefined)
    return [fieldError.invalid("spec.clusterIPs", [], "failed to allocate a serviceIP: range is full")];
  spec["clusterIP"] = formatIpv4(found);
  spec["clusterIPs"] = [formatIpv4(found)];
  return [];
}

/** There is one family here; a headless Service without a selector is told about both, since it serves nothing itself. */
function families(spec: JsonObject): void {
  const selects = Object.keys(struct(spec, "selector") ?? {}).length > 0;
  const both = text(spec, "clusterIP") === headless && !selects;
  setDefault(spec, "ipFamilyPolicy", both ? "RequireDualStack" : "SingleStack");
  if (strings(spec, "ipFamilies").length > 0) return;
  spec["ipFamilies"] = both && text(spec, "ipFamilyPolicy") !== "SingleStack" ? ["IPv4", "IPv6"] : ["IPv4"];
}

/** Gives ports of nodes to the ports that lack them, or says which ones cannot be had. */
function wantPorts(spec: JsonObject, owner: string, pool: AddressPool, range: string): StatusCause[] {
  const causes: StatusCause[] = [];
  // One port of a node serves several protocols of the Service's same port, as TCP and UDP of DNS.
  const chosen = new Map<number, number>();
  const spoken = new Set(portsOf(spec));
  structs(spec, "ports").forEach((port, index) => {
    const path = `spec.ports[${index}].nodePort`;
    const asked = integer(port, "nodePort") ?? 0;
    if (asked !== 0) {
      causes.push(...judgePort(asked, path, owner, pool, range));
      chosen.set(integer(port, "port") ?? 0, asked);
      return;
    }
    if (!needsNodePorts(spec)) return;
    const found = chosen.get(integer(port, "port") ?? 0) ?? pool.find(spoken);
    if (found === undefined) {
      causes.push(fieldError.invalid(path, 0, "failed to allocate a nodePort: range is full"));
      return;
    }
    port["nodePort"] = found;
    spoken.add(found);
    chosen.set(integer(port, "port") ?? 0, found);
  });
  return [...causes, ...wantHealthCheckPort(spec, owner, pool, range, spoken)];
}

function judgePort(port: number, path: string, owner: string, pool: AddressPool, range: string): StatusCause[] {
  if (!pool.contains(port))
    return [
      fieldError.invalid(path, port, `provided port is not in the valid range. The range of valid ports is ${range}`),
    ];
  return pool.isFreeFor(port, owner) ? [] : [fieldError.invalid(path, port, "provided port is already allocated")];
}

function wantHealthCheckPort(
  spec: JsonObject,
  owner: string,
  pool: AddressPool,
  range: string,
  spoken: ReadonlySet<number>,
): StatusCause[] {
  if (!needsHealthCheckPort(spec)) return [];
  const path = "spec.healthCheckNodePort";
  if (!isUnset(spec, "healthCheckNodePort") && integer(spec, "healthCheckNodePort") !== 0) {
    return judgePort(integer(spec, "healthCheckNodePort") ?? 0, path, owner, pool, range);
  }
  const found = pool.find(spoken);
  if (found === undefined) return [fieldError.invalid(path, 0, "failed to allocate a nodePort: range is full")];
  spec["healthCheckNodePort"] = found;
  return [];
}
