import { BlockList, isIP } from "node:net";
import type { PostTarget } from "./post.ts";

/** A URL that alerts may not go to. The message names the host at most: the rest of such URLs is a secret. */
export class AlertUrlError extends Error {
  override readonly name = "AlertUrlError";
}

/** Resolves a host to its addresses; undefined: who delivers does that, and this machine does not know the name. */
export type Lookup = (host: string) => Promise<readonly string[] | undefined>;

/** Never allowed: link-local addresses, where clouds keep their credentials, and addresses that mean nobody. */
const never: readonly (readonly [net: string, prefix: number, family: "ipv4" | "ipv6"])[] = [
  ["169.254.0.0", 16, "ipv4"],
  ["0.0.0.0", 8, "ipv4"],
  ["224.0.0.0", 4, "ipv4"],
  ["fe80::", 10, "ipv6"],
  ["ff00::", 8, "ipv6"],
  ["::", 128, "ipv6"],
];
/** Allowed on request: this machine, and what is inside. */
const inside: typeof never = [
  ["127.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["::1", 128, "ipv6"],
  ["fc00::", 7, "ipv6"],
];

/**
 * Checks where an alert would go: whoever may write a ReloaderConfig would otherwise have the operator post to any
 * address it can reach.
 *
 * @returns what to post to: the very address that was checked
 * @throws AlertUrlError
 */
export async function checkAlertUrl(text: string, lookup: Lookup, allowPrivate: boolean): Promise<PostTarget> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw new AlertUrlError("the alert's URL is no URL");
  if (url.protocol !== "https:" && !(allowPrivate && url.protocol === "http:"))
    throw new AlertUrlError(`the alert's URL for ${url.hostname} must begin with https://`);
  if (url.username !== "" || url.password !== "")
    throw new AlertUrlError(`the alert's URL for ${url.hostname} must not hold a user or password`);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const addresses = isIP(host) ? [host] : await lookup(host);
  if (addresses === undefined) return { url };
  if (addresses.length === 0) throw new AlertUrlError(`the host ${url.hostname} has no address`);
  const refused = listOf(allowPrivate ? never : [...never, ...inside]);
  for (const address of addresses) {
    if (refused.check(address, isIP(address) === 6 ? "ipv6" : "ipv4"))
      throw new AlertUrlError(`the host ${url.hostname} has an address that alerts may not go to: ${address}`);
  }
  return { url, address: addresses[0] };
}

function listOf(nets: typeof never): BlockList {
  const list = new BlockList();
  for (const [net, prefix, family] of nets) list.addSubnet(net, prefix, family);
  return list;
}
