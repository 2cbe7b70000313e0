import { isIP } from "node:net";

/** Whether a host is this machine only: `localhost`, `127.x.y.z`, `::1`. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (bare === "localhost" || bare === "::1") return true;
  const mapped = bare.replace(/^::ffff:/, "");
  return isIP(mapped) === 4 && mapped.startsWith("127.");
}

/** The host of a Host header, without its port. */
export const hostOf = (header: string): string => header.replace(/:\d+$/, "");
