import { ageColumn, anyJson, conditionColumn, defineResource, type ObjectOf, quantity } from "@homeostat/api";
import { z } from "zod";
import { goDuration } from "./go-duration.ts";
import { hashRing, replicationZone } from "./hash-ring.ts";
import { limits, retention, search } from "./limits.ts";
import { managementStates, reconciliation } from "./management.ts";
import { objectStorage } from "./object-storage.ts";
import { observability } from "./observability.ts";
import { envFromSource, envVar, labelSelector, resourceRequirements } from "./pod-parts.ts";
import { stackStatus } from "./status.ts";
import { template } from "./template.ts";
import { tenants } from "./tenants.ts";
import { whyColumns } from "./why-columns.ts";

export const sizes = ["1x.demo", "1x.pico", "1x.extra-small", "1x.small", "1x.medium"] as const;
export type Size = (typeof sizes)[number];

const image = (what: string) => z.string().optional().describe(`Image of ${what}. Default: the operator's.`);

const images = () =>
  z.object({
    tempo: image("Tempo"),
    tempoQuery: image("tempo-query"),
    jaegerQuery: image("jaeger-query"),
    tempoGateway: image("the gateway"),
    tempoGatewayOpa: image("the gateway's policy agent"),
    oauthProxy: image("the OAuth proxy"),
  });

const spec = () =>
  z.object({
    managementState: z
      .enum(managementStates)
      .default("Managed")
      .describe("Unmanaged: the operator leaves the objects as they are."),
    size: z
      .enum(sizes)
      .optional()
      .describe("Replicas, replication factor, resource requests and ingestion limits by T-shirt size."),
    timeout: goDuration().optional().describe("Longest a request may take. Default 30s."),
    serviceAccount: z.string().optional().describe("Service account of the pods. Default: one made for the stack."),
    resources: z
      .object({ total: resourceRequirements().optional().describe("Limits for all components, which share them.") })
      .optional(),
    images: images().optional().describe("Images in place of the operator's own."),
    env: z.array(envVar()).optional().describe("Environment variables to add to Tempo's containers."),
    envFrom: z.array(envFromSource()).optional().describe("Their sources, likewise."),
    extraConfig: z
      .object({ tempo: anyJson().optional().describe("Merged over Tempo's configuration. Must be an object.") })
      .optional()
      .describe("What no other field says. It can break the stack."),
    networkPolicy: z
      .object({
        enabled: z.boolean().default(true),
        metricsNamespaceSelector: labelSelector()
          .optional()
          .describe("Namespaces that may scrape all components. OpenShift's cluster monitoring always may."),
      })
      .optional()
      .describe("Whether traffic is limited to what the components need."),
    storage: objectStorage().describe("Where traces are kept."),
    storageSize: quantity().default("10Gi").describe("Size of the volume of each ingester, for its write-ahead log."),
    storageClassName: z.string().optional().describe("Class of that volume. Default: the cluster's."),
    retention: retention().optional().describe("How long traces are kept."),
    limits: limits().optional().describe("How much may come in and be asked for."),
    search: search().optional().describe("How much a search looks at and finds."),
    hashRing: hashRing().optional().describe("How components find each other."),
    replicationFactor: z.int().optional().describe("How many ingesters get each span. Default: by the size, else 1."),
    replicationZones: z.array(replicationZone()).optional().describe("Zones that replicas are spread over."),
    tenants: tenants().optional().describe("If present, Tempo keeps the traces of tenants apart."),
    template: template().optional().describe("The components, one field each."),
    observability: observability().optional().describe("How Tempo itself is watched."),
    reconciliation: reconciliation().optional().describe("When the operator looks at this resource again."),
  });

/** Tempo as a set of components that scale separately. */
export const TempoStack = defineResource({
  group: "tempo.grafana.com",
  version: "v1alpha1",
  kind: "TempoStack",
  shortNames: ["tempo", "tempos"],
  description: "Grafana Tempo, a store for traces, in microservices mode.",
  spec: spec().describe("What is wanted."),
  status: stackStatus().describe("What is there."),
  printerColumns: [
    { name: "Management", type: "string", jsonPath: ".spec.managementState" },
    { name: "Tempo Version", type: "string", jsonPath: ".status.tempoVersion" },
    conditionColumn("Ready"),
    ageColumn,
    ...whyColumns,
  ],
});
export type TempoStack = ObjectOf<typeof TempoStack>;
export type TempoStackSpec = TempoStack["spec"];
