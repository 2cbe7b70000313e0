import { fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import { integer, struct, structs, text } from "../json-fields.ts";
import { at, atLeast, countOrShare, immutable, labelSelector, oneOf, required } from "./checks.ts";
import type { KindValidation, ValidationByKind } from "./kind-validation.ts";

const disruptionBudget: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const both = spec?.["minAvailable"] !== undefined && spec?.["maxUnavailable"] !== undefined;
    return [
      ...(both ? [fieldError.invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set")] : []),
      ...countOrShare(spec, "minAvailable", "spec"),
      ...countOrShare(spec, "maxUnavailable", "spec"),
      ...labelSelector(struct(spec, "selector"), "spec.selector"),
      ...oneOf(spec, "unhealthyPodEvictionPolicy", "spec", ["AlwaysAllow", "IfHealthyBudget"]),
    ];
  },
};

const autoscaler: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const least = integer(spec, "minReplicas");
    const most = integer(spec, "maxReplicas") ?? 0;
    const target = struct(spec, "scaleTargetRef");
    const causes = atLeast(spec, "minReplicas", "spec", 1);
    if (most < 1) causes.push(fieldError.invalid("spec.maxReplicas", most, "must be greater than 0"));
    if (least !== undefined && most < least)
      causes.push(fieldError.invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"));
    causes.push(...required(target, "kind", "spec.scaleTargetRef"), ...required(target, "name", "spec.scaleTargetRef"));
    structs(spec, "metrics").forEach((metric, index) => {
      causes.push(...autoscalerMetric(metric, `spec.metrics[${index}]`));
    });
    return causes;
  },
};

/** Type of a metric, and the field that describes it. */
const metricFields: Readonly<Record<string, string>> = {
  Object: "object",
  Pods: "pods",
  Resource: "resource",
  ContainerResource: "containerResource",
  External: "external",
};

function autoscalerMetric(metric: JsonObject, path: string): StatusCause[] {
  const type = text(metric, "type");
  if (type === "") return [fieldError.required(at(path, "type"), "must specify a metric source type")];
  const field = metricFields[type];
  if (field === undefined) return [fieldError.notSupported(at(path, "type"), type, Object.keys(metricFields).sort())];
  const source = struct(metric, field);
  if (!source) return [fieldError.required(at(path, field), `must populate information for the given metric source`)];
  const target = struct(source, "target");
  if (!target) return [fieldError.required(`${path}.${field}.target`)];
  return oneOf(target, "type", `${path}.${field}.target`, ["AverageValue", "Utilization", "Value"]);
}

const systemPrefix = "system-";
const highestUserPriority = 1_000_000_000;
/** Classes of the system itself, with their values. */
const systemClasses: Readonly<Record<string, number>> = {
  "system-cluster-critical": 2_000_000_000,
  "system-node-critical": 2_000_001_000,
};

const priorityClass: KindValidation = {
  object: (object) => {
    const name = text(struct(object, "metadata"), "name");
    const value = integer(object, "value") ?? 0;
    const causes = oneOf(object, "preemptionPolicy", "", ["Never", "PreemptLowerPriority"]);
    if (systemClasses[name] === value) return causes;
    if (name.startsWith(systemPrefix)) {
      causes.push(
        fieldError.forbidden(
          "metadata.name",
          "priority class names with 'system-' prefix are reserved for system use only",
        ),
      );
    }
    if (value > highestUserPriority) {
      causes.push(
        fieldError.forbidden("value", `maximum allowed value of a user defined priority is ${highestUserPriority}`),
      );
    }
    return causes;
  },
  update: (object, old) => [
    ...(integer(object, "value") === integer(old, "value")
      ? []
      : [fieldError.forbidden("value", "may not be changed in an update.")]),
    ...immutable(object, old, "", "preemptionPolicy"),
  ],
};

const storageClass: KindValidation = {
  object: (object) => [
    ...required(object, "provisioner", ""),
    ...oneOf(object, "reclaimPolicy", "", ["Delete", "Retain"]),
    ...oneOf(object, "volumeBindingMode", "", ["Immediate", "WaitForFirstConsumer"]),
  ],
  update: (object, old) => {
    const causes = ["parameters", "provisioner", "reclaimPolicy"]
      .filter((key) => immutable(object, old, "", key).length > 0)
      .map((key) => fieldError.forbidden(key, `updates to ${key} are forbidden.`));
    return [...causes, ...immutable(object, old, "", "volumeBindingMode")];
  },
};

const lease: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const duration = integer(spec, "leaseDurationSeconds");
    return [
      ...(duration !== undefined && duration <= 0
        ? [fieldError.invalid("spec.leaseDurationSeconds", duration, "must be greater than 0")]
        : []),
      ...atLeast(spec, "leaseTransitions", "spec", 0),
    ];
  },
};

const runtimeClass: KindValidation = {
  object: (object) => required(object, "handler", ""),
  update: (object, old) => immutable(object, old, "", "handler"),
};

const signingRequest: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    return [
      ...required(spec, "request", "spec"),
      ...required(spec, "signerName", "spec"),
      ...(Array.isArray(spec?.["usages"]) && spec["usages"].length > 0 ? [] : [fieldError.required("spec.usages")]),
    ];
  },
};

const volumeAttachment: KindValidation = {
  object: (object) => ["attacher", "nodeName"].flatMap((key) => required(struct(object, "spec"), key, "spec")),
  update: (object, old) => immutable(object, old, "", "spec"),
};

export const policyValidations: ValidationByKind = {
  "policy/PodDisruptionBudget": disruptionBudget,
  "autoscaling/HorizontalPodAutoscaler": autoscaler,
  "scheduling.k8s.io/PriorityClass": priorityClass,
  "storage.k8s.io/StorageClass": storageClass,
  "storage.k8s.io/VolumeAttachment": volumeAttachment,
  "coordination.k8s.io/Lease": lease,
  "node.k8s.io/RuntimeClass": runtimeClass,
  "certificates.k8s.io/CertificateSigningRequest": signingRequest,
};
