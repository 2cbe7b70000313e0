import { z } from "zod";
import { component } from "./component.ts";
import { ingress } from "./ingress.ts";
import { queryFrontend } from "./query-frontend.ts";
import { tls } from "./tls.ts";

const distributor = () =>
  z.object({
    component: component().optional(),
    tls: tls().optional().describe("TLS of the receivers; not together with the gateway."),
  });

const gateway = () =>
  z.object({
    enabled: z.boolean().describe("Whether an authenticating gateway stands before distributor and query-frontend."),
    component: component().optional(),
    ingress: ingress().optional(),
    rbac: z
      .object({ enabled: z.boolean().optional() })
      .optional()
      .describe("Whether answers hold only what the user may see; not with the Jaeger UI."),
  });

const metricsGenerator = () =>
  z.object({
    enabled: z.boolean().optional().describe("Whether metrics are made of the traces that come in."),
    component: component().optional(),
    remoteWriteURLs: z.array(z.string()).optional().describe("Where metrics are written; at least one when enabled."),
    processors: z.array(z.string()).optional().describe("Default span-metrics, service-graphs and local-blocks."),
  });

/** Settings of the components, one field each. */
export const template = () =>
  z.object({
    distributor: distributor().optional(),
    ingester: component().optional(),
    compactor: component().optional(),
    querier: component().optional(),
    queryFrontend: queryFrontend().optional(),
    gateway: gateway().optional(),
    metricsGenerator: metricsGenerator().optional(),
  });
