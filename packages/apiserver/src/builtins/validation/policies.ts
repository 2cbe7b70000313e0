import { dns1123Label, fieldError } from "@homeostat/api";
import { integer, strings, struct, structs, text } from "../json-fields.ts";
import { autoscaler } from "./autoscaler.ts";
import { at, atLeast, countOrShare, immutable, labelSelector, oneOf, problems, required } from "./checks.ts";
import type { KindValidation, ValidationByKind } from "./kind-validation.ts";

const disruptionBudget: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const both = spec?.["minAvailable"] !== undefined && spec?.["maxUnavailable"] !== undefined;
    return [
      ...(both ? [fieldError.invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set")] : []),
      ...countOrShare(spec, "minAvailable", "spec"),
      ...countOrShare(spec, "maxUnavailable", "spec"),
      ...["minAvailable", "maxUnavailable"]
        .filter((key) => typeof spec?.[key] === "string" && Number.parseInt(spec[key], 10) > 100)
        .map((key) => fieldError.invalid(at("spec", key), spec?.[key], "must not be greater than 100%")),
      ...labelSelector(struct(spec, "selector"), "spec.selector"),
      ...oneOf(spec, "unhealthyPodEvictionPolicy", "spec", ["AlwaysAllow", "IfHealthyBudget"]),
    ];
  },
};

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
  object: (object) => {
    const handler = text(object, "handler");
    return handler === "" ? required(object, "handler", "") : problems("handler", handler, dns1123Label(handler));
  },
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

const storageDriver: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const modes = ["Ephemeral", "Persistent"];
    const audiences = new Set<string>();
    return [
      ...strings(spec, "volumeLifecycleModes")
        .filter((mode) => !modes.includes(mode))
        .map((mode) => fieldError.notSupported("spec.volumeLifecycleModes", mode, modes)),
      ...oneOf(spec, "fsGroupPolicy", "spec", ["File", "None", "ReadWriteOnceWithFSType"]),
      ...structs(spec, "tokenRequests").flatMap((token, index) => {
        const audience = text(token, "audience");
        const known = audiences.has(audience);
        audiences.add(audience);
        return known ? [fieldError.duplicate(`spec.tokenRequests[${index}].audience`, audience)] : [];
      }),
    ];
  },
  update: (object, old) =>
    immutable(struct(object, "spec"), struct(old, "spec"), "spec", "attachRequired", "volumeLifecycleModes"),
};

const flowSchema: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const precedence = integer(spec, "matchingPrecedence") ?? 0;
    return [
      ...required(struct(spec, "priorityLevelConfiguration"), "name", "spec.priorityLevelConfiguration"),
      ...(precedence < 1
        ? [fieldError.invalid("spec.matchingPrecedence", precedence, "must be a positive value")]
        : []),
      ...(precedence > 10_000
        ? [fieldError.invalid("spec.matchingPrecedence", precedence, "must not be greater than 10000")]
        : []),
    ];
  },
};

export const policyValidations: ValidationByKind = {
  "storage.k8s.io/CSIDriver": storageDriver,
  "flowcontrol.apiserver.k8s.io/FlowSchema": flowSchema,
  "policy/PodDisruptionBudget": disruptionBudget,
  "autoscaling/HorizontalPodAutoscaler": autoscaler,
  "scheduling.k8s.io/PriorityClass": priorityClass,
  "storage.k8s.io/StorageClass": storageClass,
  "storage.k8s.io/VolumeAttachment": volumeAttachment,
  "coordination.k8s.io/Lease": lease,
  "node.k8s.io/RuntimeClass": runtimeClass,
  "certificates.k8s.io/CertificateSigningRequest": signingRequest,
};
