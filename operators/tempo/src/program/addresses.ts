import type { NetworkInterfaces } from "../platform/ipv6-only.ts";

/**
 * A listening address as Go has it, `:8443`, as the runtime wants it: where no host is named, every interface, by both
 * families of addresses where the machine has both. `0`, which means nowhere, becomes false.
 */
export function listenAddress(address: string, interfaces: NetworkInterfaces): string | false {
  if (address === "0" || address === "") return false;
  if (!address.startsWith(":")) return address;
  const hasIPv6 = Object.values(interfaces).some((all) => all?.some(({ family }) => family === "IPv6"));
  return `${hasIPv6 ? "[::]" : "0.0.0.0"}${address}`;
}
