import { z } from "zod";
import { podSecurityContext, resourceRequirements, toleration } from "./pod-parts.ts";

/** What can be set for the pods of every component. */
export const componentShape = () => ({
  replicas: z.int32().optional().describe("How many pods. Default: by the size; without a size 1."),
  nodeSelector: z.record(z.string(), z.string()).optional().describe("Labels a node must have."),
  tolerations: z.array(toleration()).optional().describe("Taints the pods put up with."),
  resources: resourceRequirements()
    .optional()
    .describe("Requests and limits of this component; replaces what follows from size or resources.total wholly."),
  podSecurityContext: podSecurityContext()
    .optional()
    .describe("Security attributes of the pods; fields left out are filled with the operator's default."),
});

export const component = () => z.object(componentShape());
