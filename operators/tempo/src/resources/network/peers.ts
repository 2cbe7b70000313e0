import type { NetworkPolicyPeer } from "@homeostat/api";
import type { ApiServerEndpoints } from "../input.ts";
import { componentLabels } from "../labels.ts";

/** Parts of a stack that have pods, and so a policy. */
export type Component =
  | "distributor"
  | "ingester"
  | "compactor"
  | "querier"
  | "query-frontend"
  | "gateway"
  | "metrics-generator";

/** Others that components speak to, or hear from. The names only sort the rules. */
export type Outsider = "cluster" | "kube-apiserver" | "oauth-server" | "otel" | "prometheus" | "s3";
export type Party = Component | Outsider;

/** What peers are made of. */
export interface PeerContext {
  readonly name: string;
  readonly apiServer: ApiServerEndpoints;
  /** Whether pods may have IPv6 addresses, which 0.0.0.0/0 has none of. */
  readonly ipv6: boolean;
}

const allNamespaces: NetworkPolicyPeer = { namespaceSelector: {} };

/** Whom the rules of a policy name for `party`. */
export function peersOf(party: Party, context: PeerContext): readonly NetworkPolicyPeer[] {
  switch (party) {
    case "cluster":
      return [allNamespaces];
    case "otel":
      return anywhere(context);
    // Inside of the cluster as well: not every network takes addresses of pods for addresses.
    case "s3":
    case "oauth-server":
    case "prometheus":
      return [...anywhere(context), allNamespaces];
    case "kube-apiserver":
      return addressPeers(context);
    default:
      return [{ podSelector: { matchLabels: componentLabels(context.name, party) } }];
  }
}

export function anywhere({ ipv6 }: Pick<PeerContext, "ipv6">): readonly NetworkPolicyPeer[] {
  return ["0.0.0.0/0", ...(ipv6 ? ["::/0"] : [])].map((cidr) => ({ ipBlock: { cidr } }));
}

/** One block for each address of the API server; anywhere where none is known. */
export function addressPeers({
  apiServer,
  ipv6,
}: Pick<PeerContext, "apiServer" | "ipv6">): readonly NetworkPolicyPeer[] {
  if (apiServer.addresses.length === 0) return anywhere({ ipv6 });
  return apiServer.addresses.map((address) => ({
    ipBlock: { cidr: `${address}/${address.includes(":") ? 128 : 32}` },
  }));
}
