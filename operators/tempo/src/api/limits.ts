import { z } from "zod";
import { goDuration } from "./go-duration.ts";

const retentionOf = () =>
  z.object({ traces: goDuration().optional().describe("How long traces are kept. Default of global: 48h.") });

export const retention = () =>
  z.object({
    global: retentionOf().optional().describe("For all tenants without an entry of their own."),
    perTenant: z.record(z.string(), retentionOf()).optional().describe("By tenant."),
  });

const rateLimits = () =>
  z.object({
    ingestion: z
      .object({
        ingestionBurstSizeBytes: z.int().optional().describe("Burst over the rate, in bytes."),
        ingestionRateLimitBytes: z.int().optional().describe("Rate, in bytes per second."),
        maxBytesPerTrace: z.int().optional().describe("Largest trace, in bytes."),
        maxTracesPerUser: z.int().optional().describe("Most live traces of a tenant in one ingester."),
      })
      .optional()
      .describe("What may come in."),
    query: z
      .object({
        maxBytesPerTagValues: z.int().optional().describe("Largest answer to a tag value query, in bytes."),
        maxSearchDuration: goDuration().optional().describe("Longest time range of a search; 0s means no limit."),
        maxSearchBytesPerTrace: z.int().optional().describe("Deprecated: must be left out."),
      })
      .optional()
      .describe("What may be asked for."),
  });

export const limits = () =>
  z.object({
    global: rateLimits().optional().describe("For all tenants without an entry of their own."),
    perTenant: z.record(z.string(), rateLimits()).optional().describe("By tenant; defaults of the size do not apply."),
  });

export const search = () =>
  z.object({
    defaultResultLimit: z.int().optional().describe("Results of a search that states no number. Default 20."),
    maxDuration: goDuration().optional().describe("Longest time range of a search. Default 0s: no limit."),
    maxResultLimit: z.int().optional().describe("Most results a search may ask for. Default 0: no limit."),
  });
