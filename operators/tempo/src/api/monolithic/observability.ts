import { z } from "zod";
import { labelSelector } from "../pod-parts.ts";

const switched = () => ({
  enabled: z.boolean(),
  extraLabels: z.record(z.string(), z.string()).optional().describe("Labels to add; the operator's own win."),
});

export const monolithicObservability = () =>
  z.object({
    metrics: z
      .object({
        serviceMonitors: z.object(switched()).optional(),
        prometheusRules: z.object(switched()).optional().describe("Needs serviceMonitors."),
      })
      .optional(),
    grafana: z
      .object({
        dataSource: z.object({ enabled: z.boolean(), instanceSelector: labelSelector().optional() }).optional(),
      })
      .optional(),
  });
