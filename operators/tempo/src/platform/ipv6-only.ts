import type { NetworkInterfaceInfo } from "node:os";

/** As `networkInterfaces()` of node:os answers. */
export type NetworkInterfaces = Readonly<
  Record<string, readonly Pick<NetworkInterfaceInfo, "family" | "address">[] | undefined>
>;

/** Interfaces that pods have by convention, and that Tempo looks for its address on. */
const podInterfaces = ["eth0", "en0"] as const;

/** Whether a pod has IPv6 addresses and no other; link-local ones do not count, as every interface has one. */
export function ipv6Only(interfaces: NetworkInterfaces): boolean {
  const addresses = podInterfaces.flatMap((name) => interfaces[name] ?? []);
  const isGlobal = ({ address }: { readonly address: string }): boolean => !/^(fe[89ab].:|169\.254\.)/i.test(address);
  const families = new Set(addresses.filter(isGlobal).map(({ family }) => family));
  return families.has("IPv6") && !families.has("IPv4");
}
