import type { NetworkInterfaceInfo } from "node:os";

/** What the machine tells of its network: `networkInterfaces()` of `node:os`. */
export type Interfaces = Readonly<Partial<Record<string, readonly Pick<NetworkInterfaceInfo, "family">[]>>>;

/**
 * A listening address as Go has it, `:8443`, as the runtime wants it: where no host is named, every interface, by both
 * families of addresses where the machine has both. `0`, which means nowhere, becomes false.
 */
export function listenAddress(address: string, interfaces: Interfaces): string | false {
  if (address === "0" || address === "") return false;
  if (!address.startsWith(":")) return address;
  const hasIPv6 = Object.values(interfaces).some((all) => all?.some(({ family }) => family === "IPv6"));
  return `${hasIPv6 ? "[::]" : "0.0.0.0"}${address}`;
}
