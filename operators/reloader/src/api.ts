import { ageColumn, conditions, defineResource, duration, listMap, type ObjectOf, rules } from "@homeostat/api";
import { z } from "zod";

/** Kinds of workloads a ReloaderConfig may name. */
export const targetKinds = [
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "DeploymentConfig",
  "Rollout",
  "CronJob",
  "Job",
] as const;

const reloadStrategy = z
  .enum(["env-vars", "annotations"])
  .describe("How the pod template is changed: by a variable, or by an annotation.");
const rolloutStrategy = z
  .enum(["rollout", "restart"])
  .describe("rollout changes the pod template; restart replaces the pods and leaves the template alone.");

const labelSelector = z.object({
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: z
    .array(
      z.object({
        key: z.string(),
        operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
        values: z.array(z.string()).optional(),
      }),
    )
    .optional(),
});

const sink = rules(
  z.object({
    url: z.string().optional().describe("Where to post. Prefer secretRef: whoever reads the config reads this."),
    secretRef: z
      .object({
        name: z.string().describe("A Secret in the namespace of this ReloaderConfig."),
        key: z.string().default("url").describe("The key that holds the URL."),
      })
      .optional(),
  }),
  [{ rule: "has(self.url) != has(self.secretRef)", message: "give either url or secretRef" }],
);

const watchedResources = z.object({
  secrets: z.array(z.string()).optional().describe("Names of Secrets."),
  configMaps: z.array(z.string()).optional().describe("Names of ConfigMaps."),
  enableTargetedReload: z
    .boolean()
    .default(false)
    .describe("Makes targets with requireReference reload only for what they themselves refer to."),
  namespaceSelector: labelSelector
    .optional()
    .describe("Watch in the namespaces with these labels, too. Needs an operator that watches all namespaces."),
  resourceSelector: labelSelector
    .optional()
    .describe("Labels a Secret or ConfigMap must have. Where no names are listed, all that have them are watched."),
});

const target = z.object({
  kind: z.enum(targetKinds),
  name: z.string().min(1),
  namespace: z
    .string()
    .optional()
    .describe("Default: the namespace of this ReloaderConfig. Another one must have granted it."),
  reloadStrategy: reloadStrategy.optional(),
  rolloutStrategy: rolloutStrategy.optional(),
  pausePeriod: duration()
    .optional()
    .describe("Reload at most once per such time; what changes meanwhile is reloaded at its end."),
  requireReference: z.boolean().default(false).describe("See watchedResources.enableTargetedReload."),
});

const spec = rules(
  z.object({
    watchedResources: watchedResources.optional(),
    targets: z.array(target).max(256).optional().describe("The workloads to reload."),
    reloadStrategy: reloadStrategy.optional(),
    rolloutStrategy: rolloutStrategy.optional(),
    autoReloadAll: z.boolean().default(false).describe("Reload a target for everything it refers to."),
    reloadOnCreate: z.boolean().optional().describe("A watched resource that appears reloads, too. Default: the flag."),
    reloadOnDelete: z.boolean().optional().describe("A watched resource that goes reloads, too. Default: the flag."),
    ignoreResources: z
      .array(z.object({ kind: z.enum(["Secret", "ConfigMap"]), name: z.string(), namespace: z.string().optional() }))
      .optional()
      .describe("Wins over everything else in this config. Without a namespace: in any."),
    matchLabels: z.record(z.string(), z.string()).optional().describe("Labels a changed resource must have, all."),
    alerts: z
      .object({
        slack: sink.optional(),
        teams: sink.optional(),
        googleChat: sink.optional(),
        customWebhook: sink.optional(),
      })
      .optional()
      .describe("Where to tell of reloads of these targets."),
  }),
  [
    {
      rule: [
        "(has(self.autoReloadAll) && self.autoReloadAll)",
        "(has(self.watchedResources) && (has(self.watchedResources.resourceSelector)",
        "(has(self.watchedResources.secrets) && size(self.watchedResources.secrets) > 0)",
        "(has(self.watchedResources.configMaps) && size(self.watchedResources.configMaps) > 0)))",
      ].join(" || "),
      message: "nothing is watched: name some in watchedResources, give it a resourceSelector, or set autoReloadAll",
    },
  ],
);

const targetStatus = z.object({
  kind: z.string(),
  name: z.string(),
  namespace: z.string(),
  lastReloadTime: z.iso.datetime({ offset: true }).optional(),
  reloadCount: z.int().optional(),
  pausedUntil: z.iso.datetime({ offset: true }).optional().describe("Until when a change has to wait."),
  lastError: z.string().optional(),
});

/** Which Secrets and ConfigMaps reload which workloads, where annotations on the workloads are not wanted. */
export const ReloaderConfig = defineResource({
  group: "reloader.stakater.com",
  version: "v1alpha1",
  kind: "ReloaderConfig",
  // `rc` means ReplicationController to kubectl; it is here because people ask for it, `rlc` because it works.
  shortNames: ["rc", "rlc"],
  description: "Reloads workloads when the Secrets and ConfigMaps they depend on change.",
  spec,
  status: z.object({
    conditions: conditions().optional().describe("Available, Progressing, Degraded."),
    observedGeneration: z.int().optional(),
    watchedResourceHashes: z
      .record(z.string(), z.string())
      .optional()
      .describe("SHA-256 of what is watched, by namespace/Kind/name."),
    reloadCount: z.int().optional().describe("Reloads through this config."),
    lastReloadTime: z.iso.datetime({ offset: true }).optional(),
    targetStatus: listMap(targetStatus, ["kind", "namespace", "name"]).optional(),
  }),
  printerColumns: [
    { name: "Strategy", type: "string", jsonPath: ".spec.reloadStrategy" },
    { name: "Targets", type: "string", jsonPath: ".spec.targets[*].name" },
    { name: "Reloads", type: "integer", jsonPath: ".status.reloadCount" },
    { name: "Last Reload", type: "date", jsonPath: ".status.lastReloadTime" },
    ageColumn,
  ],
});
export type ReloaderConfig = ObjectOf<typeof ReloaderConfig>;
export type ReloaderConfigSpec = ReloaderConfig["spec"];
export type ConfigTarget = NonNullable<ReloaderConfigSpec["targets"]>[number];
