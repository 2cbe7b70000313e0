import { isIP } from "node:net";
import type { JsonObject } from "@homeostat/api";
import type { Lookup } from "../builtins/admission/lookup.ts";
import { struct, structs, text } from "../builtins/json-fields.ts";

/** A port of a service, as a webhook's client configuration names it. */
export interface ServicePort {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** @throws Error in upstream's words where the service cannot be reached */
export type ResolveService = (service: ServicePort) => Promise<HostAndPort>;

/** What a user of the server may know better than its objects; undefined: nothing. */
export type ServiceOverride = (service: ServicePort) => HostAndPort | undefined | Promise<HostAndPort | undefined>;

/**
 * Finds a way to a service without a cluster network, in this order:
 *
 * 1. what the server's user says;
 * 2. of a service of type ExternalName: its name, and the port that was asked for;
 * 3. a ready address in its EndpointSlices or Endpoints that can be real: one that somebody wrote there, of this machine
 *    or another, but none of a pod other than on loopback, since addresses of pods are made up here.
 *
 * Source: apiserver, util/proxy `ResolveEndpoint`.
 */
export function createServiceResolver(lookup: Lookup, override: ServiceOverride | undefined): ResolveService {
  return async (wanted) => {
    const { namespace, name, port } = wanted;
    const told = await override?.(wanted);
    if (told) return told;
    const service = await lookup.get("", "services", name, namespace);
    if (!service) throw new Error(`service ${JSON.stringify(name)} not found`);
    const spec = struct(service, "spec");
    if (text(spec, "type") === "ExternalName") return { host: text(spec, "externalName"), port };
    const servicePort = structs(spec, "ports").find((each) => each["port"] === port);
    if (!servicePort) throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`);
    const portName = text(servicePort, "name");
    const found =
      slicesAddress(await lookup.list("discovery.k8s.io", "endpointslices", namespace), name, portName) ??
      endpointsAddress(await lookup.get("", "endpoints", name, namespace), portName);
    if (!found) throw new Error(`no endpoints available for service ${JSON.stringify(name)}`);
    return found;
  };
}

function slicesAddress(slices: readonly JsonObject[], service: string, portName: string): HostAndPort | undefined {
  for (const slice of slices) {
    const labels = struct(struct(slice, "metadata"), "labels");
    if (text(labels, "kubernetes.io/service-name") !== service) continue;
    const port = portNamed(structs(slice, "ports"), portName);
    if (port === undefined) continue;
    for (const endpoint of structs(slice, "endpoints")) {
      if (struct(endpoint, "conditions")?.["ready"] === false) continue;
      const addresses = Array.isArray(endpoint["addresses"]) ? endpoint["addresses"].map(String) : [];
      const host = addresses.find((address) => mayBeReal(address, endpoint));
      if (host !== undefined) return { host, port };
    }
  }
  return undefined;
}

function endpointsAddress(endpoints: JsonObject | undefined, portName: string): HostAndPort | undefined {
  for (const subset of structs(endpoints, "subsets")) {
    const port = portNamed(structs(subset, "ports"), portName);
    const address = structs(subset, "addresses").find((each) => mayBeReal(text(each, "ip"), each));
    if (port !== undefined && address) return { host: text(address, "ip"), port };
  }
  return undefined;
}

function portNamed(ports: readonly JsonObject[], name: string): number | undefined {
  const found = ports.find((port) => text(port, "name") === name)?.["port"];
  return typeof found === "number" ? found : undefined;
}

function mayBeReal(address: string, endpoint: JsonObject): boolean {
  const isLoopback = address === "::1" || (isIP(address) === 4 && address.startsWith("127."));
  return isLoopback || text(struct(endpoint, "targetRef"), "kind") !== "Pod";
}
