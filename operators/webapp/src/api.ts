import { ageColumn, conditionColumn, conditions, defineResource, type ObjectOf } from "@homeostat/api";
import { z } from "zod";

/** The lab's kind: one ConfigMap per WebApp, named `<name>-config`, that holds its message. */
export const WebApp = defineResource({
  group: "apps.example.com",
  version: "v1",
  kind: "WebApp",
  description: "A web application whose message is kept in a ConfigMap.",
  spec: z.object({
    message: z.string().describe("What the application says; stored under the key `message` of its ConfigMap."),
    replicas: z.int().default(1).describe("How many instances are wanted. The operator only passes it on."),
  }),
  status: z.object({
    configMapName: z.string().optional().describe("Name of the ConfigMap that was made."),
    phase: z.string().optional().describe("Pending, Ready or Failed: a summary of the conditions for people."),
    observedGeneration: z.int().optional().describe("The generation of the spec that this status is about."),
    lastReconciled: z.string().optional().describe("Written only by the operator's `status-timestamp` bug."),
    conditions: conditions().optional().describe("Ready says whether the ConfigMap is as the spec wants it."),
  }),
  printerColumns: [
    { name: "Phase", type: "string", jsonPath: ".status.phase" },
    conditionColumn("Ready"),
    { name: "Message", type: "string", jsonPath: ".spec.message", priority: 1 },
    ageColumn,
  ],
});
export type WebApp = ObjectOf<typeof WebApp>;
