import { ageColumn, anyJson, conditionColumn, defineResource, type ObjectOf } from "@homeostat/api";
import { z } from "zod";
import { goDuration } from "./go-duration.ts";
import { managementStates, reconciliation } from "./management.ts";
import { ingestion } from "./monolithic/ingestion.ts";
import { jaegerUI } from "./monolithic/jaeger-ui.ts";
import { monolithicObservability } from "./monolithic/observability.ts";
import { monolithicStorage } from "./monolithic/storage.ts";
import { affinity, envFromSource, envVar, podSecurityContext, resourceRequirements, toleration } from "./pod-parts.ts";
import { monolithicStatus } from "./status.ts";
import { tenantsShape } from "./tenants.ts";
import { whyColumns } from "./why-columns.ts";

const multitenancy = () =>
  z.object({
    enabled: z.boolean().describe("Whether Tempo keeps the traces of tenants apart."),
    ...tenantsShape(),
    resources: resourceRequirements().optional().describe("Of the gateway's containers."),
  });

const query = () =>
  z.object({
    rbac: z
      .object({ enabled: z.boolean().optional() })
      .optional()
      .describe("Whether answers hold only what the user may see; not with the Jaeger UI."),
    mcpServer: z.object({ enabled: z.boolean().optional() }).optional(),
  });

const spec = () =>
  z.object({
    management: z
      .enum(managementStates)
      .optional()
      .describe("Unmanaged: the operator leaves the objects as they are. Default Managed."),
    storage: monolithicStorage().optional().describe("Where traces are kept. Default: in memory."),
    ingestion: ingestion().optional().describe("How traces come in. Default: by OTLP, over gRPC and HTTP."),
    jaegerui: jaegerUI().optional().describe("The Jaeger UI beside Tempo. Deprecated: Grafana shows traces, too."),
    multitenancy: multitenancy().optional().describe("Tenants, and who may do what."),
    query: query().optional().describe("How queries are answered."),
    observability: monolithicObservability().optional().describe("How Tempo itself is watched."),
    resources: resourceRequirements().optional().describe("Of container tempo."),
    podSecurityContext: podSecurityContext()
      .optional()
      .describe("Security attributes of the pod; fields left out are filled with the operator's default."),
    timeout: goDuration().optional().describe("Longest a request may take. Default 30s."),
    serviceAccount: z.string().optional().describe("Service account of the pod. Default: one made for it."),
    extraConfig: z
      .object({ tempo: anyJson().optional().describe("Merged over Tempo's configuration. Must be an object.") })
      .optional()
      .describe("What no other field says. It can break the instance."),
    env: z.array(envVar()).optional().describe("Environment variables to add to container tempo."),
    envFrom: z.array(envFromSource()).optional().describe("Their sources, likewise."),
    nodeSelector: z.record(z.string(), z.string()).optional().describe("Labels a node must have."),
    tolerations: z.array(toleration()).optional().describe("Taints the pod puts up with."),
    affinity: affinity().optional().describe("Replaces the operator's own rules wholly."),
    reconciliation: reconciliation().optional().describe("When the operator looks at this resource again."),
  });

/** Tempo as one process. */
export const TempoMonolithic = defineResource({
  group: "tempo.grafana.com",
  version: "v1alpha1",
  kind: "TempoMonolithic",
  description: "Grafana Tempo, a store for traces, as one process.",
  spec: spec().optional().describe("What is wanted."),
  status: monolithicStatus().describe("What is there."),
  printerColumns: [
    { name: "Tempo Version", type: "string", jsonPath: ".status.tempoVersion" },
    conditionColumn("Ready"),
    ageColumn,
    ...whyColumns,
  ],
});
export type TempoMonolithic = ObjectOf<typeof TempoMonolithic>;
export type TempoMonolithicSpec = NonNullable<TempoMonolithic["spec"]>;
