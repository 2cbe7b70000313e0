import { z } from "zod";

/** How the members of the hash ring find each other. */
export const hashRing = () =>
  z.object({
    memberlist: z
      .object({
        enableIPv6: z.boolean().optional().describe("Default: true where the operator's pod has IPv6 addresses only."),
        instanceAddrType: z
          .enum(["default", "podIP"])
          .optional()
          .describe("podIP: members advertise the address of their pod instead of one they find themselves."),
      })
      .optional(),
  });

export const replicationZone = () =>
  z.object({
    maxSkew: z
      .int32()
      .min(1)
      .max(2147483647)
      .default(1)
      .describe("By how many pods zones may differ, as in topologySpreadConstraints."),
    topologyKey: z.string().describe("Node label whose values are the zones."),
  });
