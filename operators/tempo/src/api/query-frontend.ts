import { z } from "zod";
import { component } from "./component.ts";
import { goDuration } from "./go-duration.ts";
import { ingress } from "./ingress.ts";
import { resourceRequirements } from "./pod-parts.ts";

/** The OAuth proxy before the Jaeger UI, on OpenShift. */
export const jaegerAuthentication = () =>
  z.object({
    enabled: z.boolean().optional(),
    sar: z
      .string()
      .optional()
      .describe("Access review, as JSON, that a user must pass. Default: may get pods of the namespace."),
    resources: resourceRequirements().optional().describe("Of the proxy's container."),
  });

const monitorTab = () =>
  z.object({
    enabled: z.boolean().optional(),
    prometheusEndpoint: z.string().optional().describe("URL of the Prometheus that has the span metrics."),
    redMetricsNamespace: z.string().optional().describe("Prefix of the metrics' names; may be empty."),
  });

const jaegerQuery = () =>
  z.object({
    enabled: z.boolean().optional().describe("Deprecated: runs Jaeger's UI and API beside the query-frontend."),
    ingress: ingress().optional().describe("How the Jaeger UI is reached; not together with the gateway."),
    monitorTab: monitorTab().optional().describe("The Monitor tab of the Jaeger UI."),
    resources: resourceRequirements().optional().describe("Of container jaeger-query."),
    tempoQuery: z
      .object({ resources: resourceRequirements().optional().describe("Of container tempo-query.") })
      .optional(),
    servicesQueryDuration: goDuration().optional().describe("How far back services are looked for. Default 72h."),
    findTracesConcurrentRequests: z
      .int()
      .optional()
      .describe("Requests at a time for one search. Default 0: twice the replicas of the querier."),
    authentication: jaegerAuthentication().optional(),
  });

export const queryFrontend = () =>
  z.object({
    component: component().optional(),
    mcpServer: z
      .object({ enabled: z.boolean().optional() })
      .optional()
      .describe("The query-frontend's server for the Model Context Protocol."),
    jaegerQuery: jaegerQuery().optional(),
  });
