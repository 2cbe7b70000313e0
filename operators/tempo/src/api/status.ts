import { conditions } from "@homeostat/api";
import { z } from "zod";

/** Pod status → names of the pods in it. */
const podsByStatus = () =>
  z
    .record(z.string(), z.array(z.string()))
    .optional()
    .describe("Names of the pods, by Pending, Running, Ready, Failed, Succeeded or Unknown.");

const common = () => ({
  operatorVersion: z.string().optional().describe("Version of the operator that last brought the objects up to date."),
  tempoVersion: z.string().optional().describe("Version of Tempo that runs."),
  observedGeneration: z.int().optional().describe("Generation of the spec that this status is about."),
  componentImages: z.record(z.string(), z.string()).optional().describe("Image of each component."),
  conditions: conditions()
    .optional()
    .describe("Ready, Pending, Failed and ConfigurationError; beside them Progressing and Degraded."),
});

export const stackStatus = () =>
  z.object({
    ...common(),
    tempoQueryVersion: z.string().optional().describe("Deprecated: never set."),
    components: z
      .object({
        compactor: podsByStatus(),
        distributor: podsByStatus(),
        ingester: podsByStatus(),
        querier: podsByStatus(),
        queryFrontend: podsByStatus(),
        gateway: podsByStatus(),
        metricsGenerator: podsByStatus(),
      })
      .optional()
      .describe("Pods of each component."),
  });

export const monolithicStatus = () =>
  z.object({ ...common(), components: z.object({ tempo: podsByStatus() }).optional().describe("Its pods.") });
