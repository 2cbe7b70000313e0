import { z } from "zod";

export const terminations = ["insecure", "edge", "passthrough", "reencrypt"] as const;
export type Termination = (typeof terminations)[number];

export const termination = () => z.enum(terminations).optional().describe("Where TLS ends on an OpenShift Route.");

/** How something is reached from outside the cluster. */
export const ingress = () =>
  z.object({
    type: z
      .enum(["ingress", "route", "none", ""])
      .optional()
      .describe("ingress, an OpenShift route, or none. Empty means none unless a default applies."),
    annotations: z.record(z.string(), z.string()).optional().describe("Put on the Ingress or Route."),
    host: z.string().optional(),
    ingressClassName: z.string().optional(),
    route: z.object({ termination: termination() }).optional(),
  });
