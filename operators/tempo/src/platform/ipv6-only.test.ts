import { describe, expect, it } from "vitest";
import { ipv6Only } from "./ipv6-only.ts";

const v4 = { family: "IPv4", address: "10.1.2.3" } as const;
const v6 = { family: "IPv6", address: "fd00::3" } as const;
const linkLocal = { family: "IPv6", address: "fe80::1" } as const;

describe("2.2 step 5: ipv6Only", () => {
  it.each([
    ["IPv6 alone", { eth0: [linkLocal, v6] }, true],
    ["IPv6 alone, on en0", { en0: [v6] }, true],
    ["both families", { eth0: [v4, v6] }, false],
    ["both families, on two interfaces", { eth0: [v6], en0: [v4] }, false],
    ["IPv4 and a link-local address", { eth0: [v4, linkLocal] }, false],
    ["a link-local address alone", { eth0: [linkLocal] }, false],
    ["IPv6 and a link-local IPv4 address", { eth0: [v6, { family: "IPv4", address: "169.254.1.1" } as const] }, true],
    ["IPv6 on an interface that is no pod's", { lo: [{ family: "IPv6", address: "::1" } as const], wg0: [v6] }, false],
    ["no interfaces", {}, false],
  ])("with %s is %s", (_, interfaces, wanted) => {
    expect(ipv6Only(interfaces)).toBe(wanted);
  });
});
