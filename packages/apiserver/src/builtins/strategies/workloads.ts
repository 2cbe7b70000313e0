import type { JsonObject } from "@homeostat/api";
import { ensure, flag, semanticallyEqual, struct, structAt, text } from "../json-fields.ts";
import { podTemplateWarnings } from "../warnings.ts";
import { fieldsByPath, type KindRules, type RulesByKind } from "./rules.ts";

const templateWarnings: Pick<KindRules, "warnings"> = {
  warnings: (object) => podTemplateWarnings(structAt(object, "spec", "template"), "spec.template.spec"),
};

/** Rules of what runs pods. */
export const workloadRules: RulesByKind = {
  "/ReplicationController": { ...templateWarnings, ...countField("status.replicas") },
  "apps/Deployment": templateWarnings,
  "apps/ReplicaSet": { ...templateWarnings, ...countField("status.replicas") },
  "apps/StatefulSet": templateWarnings,
  "apps/DaemonSet": {
    ...templateWarnings,
    prepareForCreate(daemonSet) {
      setTemplateGeneration(daemonSet, 1);
    },
    prepareForUpdate(daemonSet, old, context) {
      if (context.subresource !== undefined) return;
      const before = templateGeneration(old);
      const changed = !semanticallyEqual(struct(daemonSet, "spec")?.["template"], struct(old, "spec")?.["template"]);
      setTemplateGeneration(daemonSet, changed ? before + 1 : before);
    },
  },
  "batch/Job": {
    ...templateWarnings,
    ...countField("status.successful", "succeeded"),
    prepareForCreate: selectOwnPods,
  },
  "batch/CronJob": {
    warnings: (cronJob) =>
      podTemplateWarnings(
        structAt(cronJob, "spec", "jobTemplate", "spec", "template"),
        "spec.jobTemplate.spec.template.spec",
      ),
  },
};

/** A count in the status as a field selector: absent reads as zero. */
function countField(selector: string, field = "replicas"): Pick<KindRules, "fields" | "fieldNames"> {
  return {
    ...fieldsByPath(selector),
    fields: (object) => ({ [selector]: String(struct(object, "status")?.[field] ?? 0) }),
  };
}

/** Counts changes of a DaemonSet's template; apps/v1 shows it as an annotation. */
const templateGenerationAnnotation = "deprecated.daemonset.template.generation";

function templateGeneration(daemonSet: JsonObject): number {
  const stored = Number.parseInt(
    text(structAt(daemonSet, "metadata", "annotations"), templateGenerationAnnotation),
    10,
  );
  return Number.isNaN(stored) ? 1 : stored;
}

function setTemplateGeneration(daemonSet: JsonObject, generation: number): void {
  ensure(ensure(daemonSet, "metadata"), "annotations")[templateGenerationAnnotation] = String(generation);
}

/** Old and new names of the labels a Job gives its pods. */
const jobNameLabels = ["job-name", "batch.kubernetes.io/job-name"];
export const controllerUidLabel = "batch.kubernetes.io/controller-uid";
const uidLabels = ["controller-uid", controllerUidLabel];

/**
 * A Job selects its pods by its own uid, so that no two Jobs can fight over one. Labels that are there already are left
 * for validation to judge. Needs `metadata.uid`. Source: the job strategy's `generateSelector`.
 */
function selectOwnPods(job: JsonObject): void {
  const spec = ensure(job, "spec");
  if (flag(spec, "manualSelector")) return;
  const metadata = struct(job, "metadata");
  const labels = ensure(ensure(ensure(spec, "template"), "metadata"), "labels");
  for (const label of jobNameLabels) labels[label] ??= text(metadata, "name");
  for (const label of uidLabels) labels[label] ??= text(metadata, "uid");
  ensure(ensure(spec, "selector"), "matchLabels")[controllerUidLabel] ??= text(metadata, "uid");
  // A Job without labels takes its template's. Upstream does so whenever it reads a Job, so these show on it too.
  const own = ensure(ensure(job, "metadata"), "labels");
  if (Object.keys(own).length === 0) Object.assign(own, labels);
}
