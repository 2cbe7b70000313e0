import { fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import { flag, integer, isUnset, semanticallyEqual, struct, structAt, structs, text } from "../json-fields.ts";
import { at, immutable, labelSelector, notNegative, oneOf, required, selects } from "./checks.ts";
import { cronProblem } from "./cron-schedule.ts";
import { validateJobPolicies } from "./job-policies.ts";
import type { KindValidation, ValidationByKind } from "./kind-validation.ts";
import { templateLabels, validatePodTemplate } from "./pod.ts";

/** Checks the spec of a Job, also inside a CronJob. Source: batch validation `validateJobSpec`. */
function validateJobSpec(spec: JsonObject | undefined, path: string): StatusCause[] {
  const template = struct(spec, "template");
  const templatePath = at(path, "template");
  const causes = [
    ...notNegative(
      spec,
      path,
      "parallelism",
      "completions",
      "activeDeadlineSeconds",
      "backoffLimit",
      "backoffLimitPerIndex",
      "maxFailedIndexes",
      "ttlSecondsAfterFinished",
    ),
    ...oneOf(spec, "completionMode", path, ["NonIndexed", "Indexed"]),
    ...oneOf(spec, "podReplacementPolicy", path, ["Failed", "TerminatingOrFailed"]),
    ...validatePodTemplate(template, templatePath),
    ...validateJobPolicies(spec, path),
  ];
  if (text(spec, "completionMode") === "Indexed" && integer(spec, "completions") === undefined) {
    causes.push(fieldError.required(at(path, "completions"), "when completion mode is Indexed"));
  }
  const policy = text(struct(template, "spec"), "restartPolicy");
  if (policy === "Always")
    causes.push(fieldError.required(`${templatePath}.spec.restartPolicy`, 'valid values: "OnFailure", "Never"'));
  if (struct(spec, "podFailurePolicy") && policy !== "Never") {
    causes.push(
      fieldError.invalid(
        `${templatePath}.spec.restartPolicy`,
        policy,
        'only "Never" is supported when podFailurePolicy is specified',
      ),
    );
  }
  return causes;
}

const generated = ["controller-uid", "batch.kubernetes.io/controller-uid"];

const job: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const selector = struct(spec, "selector");
    const causes = [...validateJobSpec(spec, "spec"), ...labelSelector(selector, "spec.selector")];
    if (!selector) causes.push(fieldError.required("spec.selector"));
    else if (!flag(spec, "manualSelector") && !selectsOwnUid(object, selector)) {
      causes.push(fieldError.invalid("spec.selector", selector, "`selector` not auto-generated"));
    } else if (!selects(selector, templateLabels(struct(spec, "template")))) {
      causes.push(
        fieldError.invalid(
          "spec.template.metadata.labels",
          templateLabels(struct(spec, "template")),
          "`selector` does not match template `labels`",
        ),
      );
    }
    return causes;
  },
  update: jobUpdate,
};

function selectsOwnUid(object: JsonObject, selector: JsonObject): boolean {
  const wanted = Object.entries(struct(selector, "matchLabels") ?? {});
  const uid = text(struct(object, "metadata"), "uid");
  return (
    structs(selector, "matchExpressions").length === 0 &&
    wanted.length > 0 &&
    wanted.every(([key, value]) => generated.includes(key) && value === uid)
  );
}

function jobUpdate(object: JsonObject, old: JsonObject): StatusCause[] {
  const spec = struct(object, "spec");
  const before = struct(old, "spec");
  const causes = immutable(
    spec,
    before,
    "spec",
    "selector",
    "completionMode",
    "podFailurePolicy",
    "backoffLimitPerIndex",
    "managedBy",
    "successPolicy",
  );
  if (!semanticallyEqual(spec?.["completions"], before?.["completions"]) && !resizesIndexed(spec))
    causes.push(...immutable(spec, before, "spec", "completions"));
  if (!mayReschedule(old)) return [...causes, ...immutable(spec, before, "spec", "template")];
  return [...causes, ...immutable(withoutPlacement(spec), withoutPlacement(before), "spec", "template")];
}

/** An indexed Job grows and shrinks as long as every index runs at once. */
const resizesIndexed = (spec: JsonObject | undefined): boolean =>
  text(spec, "completionMode") === "Indexed" && integer(spec, "completions") === integer(spec, "parallelism");

/** A Job that waits, and never ran, may still be told where to run: queueing systems do. Source: KEP-2926. */
const mayReschedule = (old: JsonObject): boolean =>
  flag(struct(old, "spec"), "suspend") && isUnset(struct(old, "status"), "startTime");

function withoutPlacement(spec: JsonObject | undefined): JsonObject {
  const copy = structuredClone(spec ?? {});
  const pod = structAt(copy, "template", "spec");
  for (const key of ["nodeSelector", "affinity", "tolerations", "schedulingGates"]) delete pod?.[key];
  const metadata = structAt(copy, "template", "metadata");
  for (const key of ["labels", "annotations"]) delete metadata?.[key];
  return copy;
}

const cronJob: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const schedule = text(spec, "schedule");
    const causes = [
      ...required(spec, "schedule", "spec"),
      ...oneOf(spec, "concurrencyPolicy", "spec", ["Allow", "Forbid", "Replace"]),
      ...notNegative(spec, "spec", "startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"),
      ...timeZone(spec),
      ...validateJobSpec(structAt(spec, "jobTemplate", "spec"), "spec.jobTemplate.spec"),
    ];
    const problem = schedule === "" ? undefined : cronProblem(schedule);
    if (problem !== undefined) causes.push(fieldError.invalid("spec.schedule", schedule, problem));
    if (flag(structAt(spec, "jobTemplate", "spec"), "manualSelector")) {
      causes.push(fieldError.notSupported("spec.jobTemplate.spec.manualSelector", true, [false]));
    }
    return causes;
  },
};

function timeZone(spec: JsonObject | undefined): StatusCause[] {
  const zone = spec?.["timeZone"];
  if (zone === undefined) return [];
  if (typeof zone !== "string" || zone === "")
    return [fieldError.invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string")];
  if (zone.toLowerCase() === "local")
    return [
      fieldError.invalid(
        "spec.timeZone",
        zone,
        "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones",
      ),
    ];
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return [];
  } catch {
    return [fieldError.invalid("spec.timeZone", zone, `unknown time zone ${zone}`)];
  }
}

export const batchValidations: ValidationByKind = { "batch/Job": job, "batch/CronJob": cronJob };
