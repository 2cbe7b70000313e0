import { z } from "zod";
import { goDuration } from "../go-duration.ts";
import { termination } from "../ingress.ts";
import { resourceRequirements } from "../pod-parts.ts";
import { jaegerAuthentication } from "../query-frontend.ts";

const reached = () => ({
  enabled: z.boolean(),
  annotations: z.record(z.string(), z.string()).optional(),
  host: z.string().optional(),
});

/** Jaeger's UI and API beside Tempo. */
export const jaegerUI = () =>
  z.object({
    enabled: z.boolean().describe("Deprecated."),
    ingress: z.object({ ...reached(), ingressClassName: z.string().optional() }).optional(),
    route: z.object({ ...reached(), termination: termination() }).optional(),
    authentication: jaegerAuthentication().optional(),
    resources: resourceRequirements().optional().describe("Of container jaeger-query."),
    tempoQueryResources: resourceRequirements().optional().describe("Of container tempo-query."),
    servicesQueryDuration: goDuration().optional().describe("How far back services are looked for. Default 72h."),
    findTracesConcurrentRequests: z.int().optional().describe("Requests at a time for one search. Default 2."),
  });
