import { BlockList, isIP } from "node:net";
import { define, type FunctionTable } from "./definition.ts";

/**
 * Functions of images and addresses. Source: kyverno, JMESPath `image_normalize` and `is_external_url`.
 *
 * @param lookUp addresses of a host
 */
export function addressFunctions(lookUp: (host: string) => readonly string[]): FunctionTable {
  const internal = internalNetworks();
  return {
    image_normalize: define("string", (image: string) => normalizeImage(image)),
    is_external_url: define("string", (text: string) => {
      const host = hostOf(text);
      const addresses = isIP(host) ? [host] : lookUp(host);
      return addresses.every((address) => !internal.check(address, isIP(address) === 6 ? "ipv6" : "ipv4"));
    }),
  };
}

/** Registry and tag of an image are written out: `nginx` is `docker.io/nginx:latest`. */
function normalizeImage(image: string): string {
  const match = /^(?<name>[^@\s]+?)(?::(?<tag>[\w][\w.-]{0,127}))?(?<digest>@[\w+.-]+:[0-9a-fA-F]{32,})?$/.exec(image);
  const { name, tag, digest } = match?.groups ?? {};
  if (name === undefined || !/^[\w.:-]+(\/[a-z0-9._-]+)*$/.test(name)) {
    throw new Error(`image_normalize: ${JSON.stringify(image)} is no reference to an image`);
  }
  const [first = "", ...rest] = name.split("/");
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  return `${hasRegistry ? "" : "docker.io/"}${name}${digest ?? `:${tag ?? "latest"}`}`;
}

function hostOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url?.hostname) throw new Error(`is_external_url: ${JSON.stringify(text)} is no URL with a host`);
  return url.hostname.replace(/^\[|\]$/g, "");
}

/** Loopback and private networks. Source: Go, `net.IP.IsLoopback` and `IsPrivate`. */
function internalNetworks(): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of [
    ["127.0.0.0", 8],
    ["10.0.0.0", 8],
    ["172.16.0.0", 12],
    ["192.168.0.0", 16],
  ] as const) {
    list.addSubnet(network, prefix, "ipv4");
  }
  list.addAddress("::1", "ipv6");
  list.addSubnet("fc00::", 7, "ipv6");
  return list;
}
