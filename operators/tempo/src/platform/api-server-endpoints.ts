import { EndpointSlice, isForbidden } from "@homeostat/api";
import type { Client } from "@homeostat/runtime";
import { type ApiServerEndpoints, unknownApiServer } from "../resources/input.ts";

/**
 * Where the API server listens, as the cluster itself says: the slices of Service `kubernetes`, one for each address
 * family. What nobody says, or may not be read, is not known; other failures are the caller's, since taking them for
 * that would open NetworkPolicies for as long as they last.
 */
export async function apiServerEndpoints(client: Pick<Client, "list">): Promise<ApiServerEndpoints> {
  const slices = await client
    // Live: a cache may be kept to other namespaces.
    .list(EndpointSlice, {
      namespace: "default",
      labelSelector: { "kubernetes.io/service-name": "kubernetes" },
      from: "live",
    })
    .catch((error: unknown) => {
      if (isForbidden(error)) return { items: [] };
      throw error;
    });
  const ports = slices.items.flatMap((slice) => slice.ports ?? []).flatMap(({ port }) => port ?? []);
  const addresses = slices.items.flatMap(({ endpoints = [] }) => endpoints).flatMap(({ addresses }) => addresses);
  // Sorted: the order of endpoints changes with every lease that an API server renews.
  return {
    ports: ports.length > 0 ? [...new Set(ports)].sort((one, other) => one - other) : unknownApiServer.ports,
    addresses: [...new Set(addresses)].sort(),
  };
}
