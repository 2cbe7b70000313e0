import type { JsonObject } from "@homeostat/api";
import { flag, integer, stringMap, strings, struct, structs, text } from "../../builtins/json-fields.ts";
import { ageColumn, column, firstThree, none, orNone, tableColumns, wide } from "../column.ts";
import type { TableColumns } from "../columns.ts";
import { humanAge } from "../human-duration.ts";
import { createdAtColumn } from "./created-at.ts";

const spec = (object: JsonObject): JsonObject | undefined => struct(object, "spec");
const status = (object: JsonObject): JsonObject | undefined => struct(object, "status");
const entries = (object: JsonObject, key: string): number => Object.keys(struct(object, key) ?? {}).length;

const namespace = tableColumns(
  column("Status", (object) => text(status(object), "phase"), "string", "Whether it is in use or going."),
  ageColumn,
);

const rolePrefix = "node-role.kubernetes.io/";

function nodeRoles(node: JsonObject): string {
  const labels = stringMap(struct(node, "metadata"), "labels");
  const roles = Object.entries(labels).flatMap(([key, value]) => {
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) return [key.slice(rolePrefix.length)];
    return key === "kubernetes.io/role" && value !== "" ? [value] : [];
  });
  return roles.length === 0 ? none : [...new Set(roles)].sort().join(",");
}

function nodeStatus(node: JsonObject): string {
  const ready = structs(status(node), "conditions").find((condition) => text(condition, "type") === "Ready");
  const words = [ready === undefined ? "Unknown" : text(ready, "status") === "True" ? "Ready" : "NotReady"];
  if (flag(spec(node), "unschedulable")) words.push("SchedulingDisabled");
  return words.join(",");
}

const nodeAddress =
  (type: string) =>
  (node: JsonObject): string =>
    orNone(structs(status(node), "addresses").find((address) => text(address, "type") === type)?.["address"]);

const nodeInfo =
  (key: string) =>
  (node: JsonObject): string =>
    text(struct(status(node), "nodeInfo"), key) || "<unknown>";

const node = tableColumns(
  column("Status", nodeStatus, "string", "Whether the node takes pods."),
  column("Roles", nodeRoles, "string", "What the node is for."),
  ageColumn,
  column(
    "Version",
    (object) => text(struct(status(object), "nodeInfo"), "kubeletVersion"),
    "string",
    "Version of its kubelet.",
  ),
  wide("Internal-IP", nodeAddress("InternalIP")),
  wide("External-IP", nodeAddress("ExternalIP")),
  wide("OS-Image", nodeInfo("osImage")),
  wide("Kernel-Version", nodeInfo("kernelVersion")),
  wide("Container-Runtime", nodeInfo("containerRuntimeVersion")),
);

const configMap = tableColumns(
  column(
    "Data",
    (object) => entries(object, "data") + entries(object, "binaryData"),
    "integer",
    "How many keys it has.",
  ),
  ageColumn,
);

const secret = tableColumns(
  column("Type", (object) => text(object, "type"), "string", "What its keys mean."),
  column("Data", (object) => entries(object, "data"), "integer", "How many keys it has."),
  ageColumn,
);

const shortModes: Readonly<Record<string, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

function modes(parent: JsonObject | undefined): string {
  const given = new Set(strings(parent, "accessModes"));
  return Object.keys(shortModes)
    .filter((mode) => given.has(mode))
    .map((mode) => shortModes[mode])
    .join(",");
}

function claimStatus(claim: JsonObject): string {
  return text(struct(claim, "metadata"), "deletionTimestamp") !== "" ? "Terminating" : text(status(claim), "phase");
}

const isBound = (claim: JsonObject): boolean => text(spec(claim), "volumeName") !== "";
const storageClassOf = (object: JsonObject): string =>
  stringMap(struct(object, "metadata"), "annotations")["volume.beta.kubernetes.io/storage-class"] ??
  text(spec(object), "storageClassName");
const unset = "<unset>";

const claim = tableColumns(
  column("Status", claimStatus, "string", "Whether it has a volume."),
  column("Volume", (object) => text(spec(object), "volumeName"), "string", "The volume it is bound to."),
  column(
    "Capacity",
    (object) => (isBound(object) ? String(struct(status(object), "capacity")?.["storage"] ?? "0") : ""),
    "string",
    "What it got.",
  ),
  column(
    "Access Modes",
    (object) => (isBound(object) ? modes(status(object)) : ""),
    "string",
    "How it may be mounted.",
  ),
  column("StorageClass", storageClassOf, "string", "Where it comes from."),
  column("VolumeAttributesClass", (object) => text(spec(object), "volumeAttributesClassName") || unset),
  ageColumn,
  wide("VolumeMode", (object) => text(spec(object), "volumeMode") || unset),
);

const volume = tableColumns(
  column(
    "Capacity",
    (object) => String(struct(spec(object), "capacity")?.["storage"] ?? "0"),
    "string",
    "How much fits in.",
  ),
  column("Access Modes", (object) => modes(spec(object)), "string", "How it may be mounted."),
  column(
    "Reclaim Policy",
    (object) => text(spec(object), "persistentVolumeReclaimPolicy"),
    "string",
    "What becomes of it without its claim.",
  ),
  column("Status", claimStatus, "string", "Whether it is bound."),
  column(
    "Claim",
    (object) => {
      const reference = struct(spec(object), "claimRef");
      return reference ? `${text(reference, "namespace")}/${text(reference, "name")}` : "";
    },
    "string",
    "The claim it is bound to.",
  ),
  column("StorageClass", storageClassOf, "string", "Where it comes from."),
  column("VolumeAttributesClass", (object) => text(spec(object), "volumeAttributesClassName") || unset),
  column("Reason", (object) => text(status(object), "reason")),
  ageColumn,
  wide("VolumeMode", (object) => text(spec(object), "volumeMode") || unset),
);

/** When an event was last seen: a series tells, else the last timestamp, else its time. */
function lastSeen(event: JsonObject, now: number): string {
  const series = text(struct(event, "series"), "lastObservedTime");
  return humanAge(
    series || text(event, "lastTimestamp") || text(event, "deprecatedLastTimestamp") || eventTime(event),
    now,
  );
}

function firstSeen(event: JsonObject, now: number): string {
  return humanAge(text(event, "firstTimestamp") || text(event, "deprecatedFirstTimestamp") || eventTime(event), now);
}

const eventTime = (event: JsonObject): string => text(event, "eventTime");
const about = (event: JsonObject): JsonObject | undefined =>
  struct(event, "involvedObject") ?? struct(event, "regarding");

function eventObject(event: JsonObject): string {
  const reference = about(event);
  const kind = text(reference, "kind").toLowerCase();
  return text(reference, "name") === "" ? kind : `${kind}/${text(reference, "name")}`;
}

function eventSource(event: JsonObject): string {
  const source = struct(event, "source") ?? struct(event, "deprecatedSource");
  const component =
    text(source, "component") || text(event, "reportingComponent") || text(event, "reportingController");
  const host = text(source, "host") || text(event, "reportingInstance");
  return [component, host].filter((part) => part !== "").join(", ");
}

function eventCount(event: JsonObject): number {
  return (
    integer(struct(event, "series"), "count") ?? (integer(event, "count") || integer(event, "deprecatedCount") || 1)
  );
}

/** An event has no place for its name in a narrow view: what happened matters, not what it is called. */
function eventColumns(): TableColumns {
  const columns = [
    column("Last Seen", lastSeen, "string", "Time since it happened the last time."),
    column("Type", (object) => text(object, "type"), "string", "Normal or Warning."),
    column("Reason", (object) => text(object, "reason"), "string", "What happened, in a word."),
    column("Object", eventObject, "string", "What it happened to."),
    wide("Subobject", (object) => text(about(object), "fieldPath")),
    wide("Source", eventSource),
    column("Message", (object) => (text(object, "message") || text(object, "note")).trim(), "string", "What happened."),
    wide("First Seen", firstSeen),
    wide("Count", (object) => eventCount(object), "integer"),
  ];
  const name = wide("Name", (object) => text(struct(object, "metadata"), "name"));
  const all = [...columns, { ...name, definition: { ...name.definition, format: "name" } }];
  return {
    columns: all.map(({ definition }) => definition),
    cells: (object, now) => all.map(({ cell }) => cell(object, now)),
  };
}

/** What is used of what is allowed, `cpu: 1/2`. */
function quotaText(quota: JsonObject, wanted: (resource: string) => boolean): string {
  const hard = struct(status(quota), "hard") ?? struct(spec(quota), "hard") ?? {};
  const used = struct(status(quota), "used") ?? {};
  return Object.keys(hard)
    .filter(wanted)
    .sort()
    .map((resource) => `${resource}: ${String(used[resource] ?? "0")}/${String(hard[resource])}`)
    .join(", ");
}

const isLimit = (resource: string): boolean => resource.startsWith("limits.");

const resourceQuota = tableColumns(
  column(
    "Request",
    (object) => quotaText(object, (resource) => !isLimit(resource)),
    "string",
    "What is used, of what may be requested.",
  ),
  column("Limit", (object) => quotaText(object, isLimit), "string", "What is used, of what limits may add up to."),
  ageColumn,
);

const limitRange = tableColumns(createdAtColumn);

const componentStatus = tableColumns(
  column("Status", (object) =>
    structs(object, "conditions").some((each) => text(each, "type") === "Healthy" && text(each, "status") === "True")
      ? "Healthy"
      : "Unhealthy",
  ),
  column("Message", (object) => firstThree(structs(object, "conditions").map((each) => text(each, "message")))),
);

/** Tables of the core group's kinds that run nothing. */
export const coreColumns: Readonly<Record<string, TableColumns>> = {
  "/Namespace": namespace,
  "/Node": node,
  "/ConfigMap": configMap,
  "/Secret": secret,
  "/ServiceAccount": tableColumns(ageColumn),
  "/PersistentVolumeClaim": claim,
  "/PersistentVolume": volume,
  "/Event": eventColumns(),
  "events.k8s.io/Event": eventColumns(),
  "/ResourceQuota": resourceQuota,
  "/LimitRange": limitRange,
  "/ComponentStatus": componentStatus,
};
