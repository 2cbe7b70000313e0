import { z } from "zod";
import { component } from "./component.ts";
import { ingress } from "./ingress.ts";
import { queryFrontend } from "./query-frontend.ts";
import { tls } from "./tls.ts";

const distributor = () =>
  z.object({
    component: component().optional().describe("Its pods."),
    tls: tls().optional().describe("TLS of the receivers; not together with the gateway."),
  });

const gateway = () =>
  z.object({
    enabled: z.boolean().describe("Whether an authenticating gateway stands before distributor and query-frontend."),
    component: component().optional().describe("Its pods."),
    ingress: ingress().optional().describe("How it is reached from outside of the cluster."),
    rbac: z
      .object({ enabled: z.boolean().optional() })
      .optional()
      .describe("Whether answers hold only what the user may see; not with the Jaeger UI."),
  });

const metricsGenerator = () =>
  z.object({
    enabled: z.boolean().optional().describe("Whether metrics are made of the traces that come in."),
    component: component().optional().describe("Its pods."),
    remoteWriteURLs: z.array(z.string()).optional().describe("Where metrics are written; at least one when enabled."),
    processors: z.array(z.string()).optional().describe("Default span-metrics, service-graphs and local-blocks."),
  });

/** Settings of the components, one field each. */
export const template = () =>
  z.object({
    distributor: distributor().optional().describe("Takes spans in, and hands them to the ingesters."),
    ingester: component().optional().describe("Gathers spans to blocks, and writes these to the object store."),
    compactor: component().optional().describe("Joins blocks, and deletes those that are kept long enough."),
    querier: component().optional().describe("Searches ingesters and object store."),
    queryFrontend: queryFrontend().optional().describe("Takes queries, and splits them among the queriers."),
    gateway: gateway().optional().describe("Asks who calls, and lets tenants see their own traces only."),
    metricsGenerator: metricsGenerator().optional().describe("Makes metrics of the spans that come in."),
  });
