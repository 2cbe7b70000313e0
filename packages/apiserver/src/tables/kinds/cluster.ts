import type { JsonObject } from "@homeostat/api";
import { flag, integer, stringMap, strings, struct, structs, text } from "../../builtins/json-fields.ts";
import { ageColumn, type Column, column, nameColumn, orNone, tableColumns, wide } from "../column.ts";
import type { TableColumns } from "../columns.ts";
import { humanDuration } from "../human-duration.ts";
import { createdAtColumn } from "./created-at.ts";

const spec = (object: JsonObject): JsonObject | undefined => struct(object, "spec");
const status = (object: JsonObject): JsonObject | undefined => struct(object, "status");
const unset = "<unset>";

const subjectsOf =
  (kind: string, name: (subject: JsonObject) => string = (subject) => text(subject, "name")) =>
  (binding: JsonObject): string =>
    structs(binding, "subjects")
      .filter((subject) => text(subject, "kind") === kind)
      .map(name)
      .join(", ");

const binding = tableColumns(
  column(
    "Role",
    (object) => `${text(struct(object, "roleRef"), "kind")}/${text(struct(object, "roleRef"), "name")}`,
    "string",
    "What is granted.",
  ),
  ageColumn,
  wide("Users", subjectsOf("User")),
  wide("Groups", subjectsOf("Group")),
  wide(
    "ServiceAccounts",
    subjectsOf("ServiceAccount", (subject) => `${text(subject, "namespace")}/${text(subject, "name")}`),
  ),
);

const lease = tableColumns(
  column("Holder", (object) => text(spec(object), "holderIdentity"), "string", "Who has it."),
  ageColumn,
);

/** Marks the class that is taken where none is named. */
export const defaultClassAnnotation = "storageclass.kubernetes.io/is-default-class";

function storageClass(): TableColumns {
  const name: Column = {
    ...nameColumn,
    cell: (object, now) => {
      const isDefault = stringMap(struct(object, "metadata"), "annotations")[defaultClassAnnotation] === "true";
      return `${String(nameColumn.cell(object, now))}${isDefault ? " (default)" : ""}`;
    },
  };
  const table = tableColumns(
    column("Provisioner", (object) => text(object, "provisioner"), "string", "Who makes volumes of this class."),
    column(
      "ReclaimPolicy",
      (object) => text(object, "reclaimPolicy") || "Delete",
      "string",
      "What becomes of a volume without its claim.",
    ),
    column(
      "VolumeBindingMode",
      (object) => text(object, "volumeBindingMode") || unset,
      "string",
      "When a volume is chosen.",
    ),
    column(
      "AllowVolumeExpansion",
      (object) => flag(object, "allowVolumeExpansion"),
      "string",
      "Whether its volumes can grow.",
    ),
    ageColumn,
  );
  return { ...table, cells: (object, now) => [name.cell(object, now), ...table.cells(object, now).slice(1)] };
}

const priorityClass = tableColumns(
  column("Value", (object) => integer(object, "value") ?? 0, "integer", "The higher, the more important."),
  column(
    "Global-Default",
    (object) => flag(object, "globalDefault"),
    "boolean",
    "Whether pods that name no class have it.",
  ),
  ageColumn,
  column("PreemptionPolicy", (object) => text(object, "preemptionPolicy"), "string", "Whether others must make room."),
);

const csiDriver = tableColumns(
  column("AttachRequired", (object) => spec(object)?.["attachRequired"] !== false, "boolean"),
  column("PodInfoOnMount", (object) => flag(spec(object), "podInfoOnMount"), "boolean"),
  column("StorageCapacity", (object) => flag(spec(object), "storageCapacity"), "boolean"),
  column(
    "TokenRequests",
    (object) =>
      structs(spec(object), "tokenRequests")
        .map((request) => text(request, "audience"))
        .join(",") || unset,
  ),
  column("RequiresRepublish", (object) => flag(spec(object), "requiresRepublish"), "boolean"),
  column("Modes", (object) => strings(spec(object), "volumeLifecycleModes").join(",") || "<none>"),
  ageColumn,
);

const csiNode = tableColumns(
  column(
    "Drivers",
    (object) => structs(spec(object), "drivers").length,
    "integer",
    "How many drivers run on the node.",
  ),
  ageColumn,
);

const csiStorageCapacity = tableColumns(
  column("StorageClassName", (object) => text(object, "storageClassName")),
  column("Capacity", (object) => (object["capacity"] === undefined ? unset : String(object["capacity"]))),
  ageColumn,
);

const volumeAttachment = tableColumns(
  column("Attacher", (object) => text(spec(object), "attacher")),
  column("PV", (object) => text(struct(spec(object), "source"), "persistentVolumeName")),
  column("Node", (object) => text(spec(object), "nodeName")),
  column("Attached", (object) => flag(status(object), "attached"), "boolean"),
  ageColumn,
);

const webhooks = tableColumns(
  column("Webhooks", (object) => structs(object, "webhooks").length, "integer", "How many webhooks it has."),
  ageColumn,
);

const paramKind = column(
  "ParamKind",
  (object) => {
    const kind = struct(spec(object), "paramKind");
    return kind ? `${text(kind, "apiVersion")}/${text(kind, "kind")}` : unset;
  },
  "string",
  "What its parameters are.",
);

const policyBinding = tableColumns(
  column("PolicyName", (object) => text(spec(object), "policyName"), "string", "The policy it puts into force."),
  column(
    "ParamRef",
    (object) => {
      const reference = struct(spec(object), "paramRef");
      if (!reference) return unset;
      const name = text(reference, "name") || "*";
      const namespace = text(reference, "namespace");
      return namespace === "" ? name : `${namespace}/${name}`;
    },
    "string",
    "Which parameters it uses.",
  ),
  ageColumn,
);

function signingCondition(request: JsonObject): string {
  const types = new Set(structs(status(request), "conditions").map((condition) => text(condition, "type")));
  const words = [types.has("Denied") ? "Denied" : types.has("Approved") ? "Approved" : "Pending"];
  if (types.has("Failed")) words.push("Failed");
  if (text(status(request), "certificate") !== "") words.push("Issued");
  return words.join(",");
}

const signingRequest = tableColumns(
  ageColumn,
  column("SignerName", (object) => orNone(spec(object)?.["signerName"]), "string", "Who is to sign."),
  column("Requestor", (object) => text(spec(object), "username"), "string", "Who asks."),
  column(
    "RequestedDuration",
    (object) => {
      const seconds = integer(spec(object), "expirationSeconds");
      return seconds === undefined ? "<none>" : humanDuration(seconds * 1000);
    },
    "string",
    "How long the certificate should last.",
  ),
  column("Condition", signingCondition, "string", "What was decided."),
);

const apiService = tableColumns(
  column(
    "Service",
    (object) => {
      const service = struct(spec(object), "service");
      return service ? `${text(service, "namespace")}/${text(service, "name")}` : "Local";
    },
    "string",
    "Who serves the group.",
  ),
  column(
    "Available",
    (object) => {
      const available = structs(status(object), "conditions").find(
        (condition) => text(condition, "type") === "Available",
      );
      if (!available) return "Unknown";
      const value = text(available, "status");
      return value === "True" ? value : `${value} (${text(available, "reason")})`;
    },
    "string",
    "Whether it is served.",
  ),
  ageColumn,
);

const flowSchema = tableColumns(
  column("PriorityLevel", (object) => text(struct(spec(object), "priorityLevelConfiguration"), "name")),
  column("MatchingPrecedence", (object) => integer(spec(object), "matchingPrecedence") ?? 0, "number"),
  column("DistinguisherMethod", (object) => orNone(struct(spec(object), "distinguisherMethod")?.["type"])),
  ageColumn,
  column(
    "MissingPL",
    (object) =>
      text(
        structs(status(object), "conditions").find((condition) => text(condition, "type") === "Dangling"),
        "status",
      ) || "?",
  ),
);

function queueNumber(key: string): (level: JsonObject) => string {
  return (level) => orNone(struct(struct(struct(spec(level), "limited"), "limitResponse"), "queuing")?.[key]);
}

const priorityLevel = tableColumns(
  column("Type", (object) => text(spec(object), "type")),
  column("NominalConcurrencyShares", (object) =>
    orNone((struct(spec(object), "limited") ?? struct(spec(object), "exempt"))?.["nominalConcurrencyShares"]),
  ),
  column("Queues", queueNumber("queues")),
  column("HandSize", queueNumber("handSize")),
  column("QueueLengthLimit", queueNumber("queueLengthLimit")),
  ageColumn,
);

const createdAt = tableColumns(createdAtColumn);

/** Tables of what the cluster as a whole has: rights, classes, extensions. */
export const clusterColumns: Readonly<Record<string, TableColumns>> = {
  "rbac.authorization.k8s.io/Role": createdAt,
  "rbac.authorization.k8s.io/ClusterRole": createdAt,
  "rbac.authorization.k8s.io/RoleBinding": binding,
  "rbac.authorization.k8s.io/ClusterRoleBinding": binding,
  "coordination.k8s.io/Lease": lease,
  "storage.k8s.io/StorageClass": storageClass(),
  "storage.k8s.io/CSIDriver": csiDriver,
  "storage.k8s.io/CSINode": csiNode,
  "storage.k8s.io/CSIStorageCapacity": csiStorageCapacity,
  "storage.k8s.io/VolumeAttachment": volumeAttachment,
  "storage.k8s.io/VolumeAttributesClass": tableColumns(
    column("DriverName", (object) => text(object, "driverName")),
    ageColumn,
  ),
  "scheduling.k8s.io/PriorityClass": priorityClass,
  "node.k8s.io/RuntimeClass": tableColumns(
    column("Handler", (object) => text(object, "handler"), "string", "Who runs its containers."),
    ageColumn,
  ),
  "admissionregistration.k8s.io/ValidatingWebhookConfiguration": webhooks,
  "admissionregistration.k8s.io/MutatingWebhookConfiguration": webhooks,
  "admissionregistration.k8s.io/ValidatingAdmissionPolicy": tableColumns(
    column("Validations", (object) => structs(spec(object), "validations").length, "integer", "How many rules it has."),
    paramKind,
    ageColumn,
  ),
  "admissionregistration.k8s.io/MutatingAdmissionPolicy": tableColumns(
    column("Mutations", (object) => structs(spec(object), "mutations").length, "integer", "How many changes it makes."),
    paramKind,
    ageColumn,
  ),
  "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding": policyBinding,
  "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding": policyBinding,
  "apiextensions.k8s.io/CustomResourceDefinition": createdAt,
  "apiregistration.k8s.io/APIService": apiService,
  "certificates.k8s.io/CertificateSigningRequest": signingRequest,
  "flowcontrol.apiserver.k8s.io/FlowSchema": flowSchema,
  "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration": priorityLevel,
};
