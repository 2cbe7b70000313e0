import type { JsonObject } from "@homeostat/api";
import { flag, integer, stringMap, struct, structAt, structs, text } from "../../builtins/json-fields.ts";
import { ageColumn, type Column, column, none, orNone, tableColumns, wide } from "../column.ts";
import type { TableColumns } from "../columns.ts";
import { humanAge, humanDuration } from "../human-duration.ts";
import { isFinished, podStatusCells } from "../pod-status.ts";
import { labelsText, selectorText } from "../selector-text.ts";

const spec = (object: JsonObject): JsonObject | undefined => struct(object, "spec");
const status = (object: JsonObject): JsonObject | undefined => struct(object, "status");
const count = (parent: JsonObject | undefined, key: string): number => integer(parent, key) ?? 0;

/** Containers and images of a pod template, for wide views. */
function templateColumns(template: (object: JsonObject) => JsonObject | undefined): readonly Column[] {
  const containers = (object: JsonObject): JsonObject[] => structs(struct(template(object), "spec"), "containers");
  return [
    wide(
      "Containers",
      (object) =>
        containers(object)
          .map((container) => text(container, "name"))
          .join(","),
      "string",
      "Names of the containers in the template.",
    ),
    wide(
      "Images",
      (object) =>
        containers(object)
          .map((container) => text(container, "image"))
          .join(","),
      "string",
      "Images of the containers in the template.",
    ),
  ];
}

const ownTemplate = templateColumns((object) => struct(spec(object), "template"));
const selectorColumn = wide(
  "Selector",
  (object) => selectorText(struct(spec(object), "selector")),
  "string",
  "Which pods belong to it.",
);

const podConditions: NonNullable<TableColumns["conditions"]> = (pod) => {
  if (!isFinished(status(pod))) return [];
  const failed = text(status(pod), "phase") === "Failed";
  return [
    {
      type: "Completed",
      status: "True",
      reason: text(status(pod), "phase"),
      message: failed ? "The pod failed." : "The pod has completed successfully.",
    },
  ];
};

function readinessGates(pod: JsonObject): string {
  const gates = structs(spec(pod), "readinessGates");
  if (gates.length === 0) return none;
  const conditions = structs(status(pod), "conditions");
  const passed = gates.filter((gate) =>
    conditions.some((each) => text(each, "type") === text(gate, "conditionType") && text(each, "status") === "True"),
  );
  return `${passed.length}/${gates.length}`;
}

const pod: TableColumns = {
  ...tableColumns(
    column("Ready", (object, now) => podStatusCells(object, now).ready, "string", "Containers that are ready, of all."),
    column(
      "Status",
      (object, now) => podStatusCells(object, now).status,
      "string",
      "What the pod is doing, or why it is not running.",
    ),
    column(
      "Restarts",
      (object, now) => podStatusCells(object, now).restarts,
      "string",
      "How often containers were started anew, and when the last time.",
    ),
    ageColumn,
    wide("IP", (object) =>
      orNone(structs(status(object), "podIPs").map((entry) => text(entry, "ip"))[0] ?? text(status(object), "podIP")),
    ),
    wide("Node", (object) => orNone(spec(object)?.["nodeName"])),
    wide("Nominated Node", (object) => orNone(status(object)?.["nominatedNodeName"])),
    wide("Readiness Gates", readinessGates),
  ),
  conditions: podConditions,
};

const deployment = tableColumns(
  column(
    "Ready",
    (object) => `${count(status(object), "readyReplicas")}/${count(spec(object), "replicas")}`,
    "string",
    "Pods that are ready, of those wanted.",
  ),
  column(
    "Up-to-date",
    (object) => count(status(object), "updatedReplicas"),
    "integer",
    "Pods made from the present template.",
  ),
  column(
    "Available",
    (object) => count(status(object), "availableReplicas"),
    "integer",
    "Pods that have been ready for long enough.",
  ),
  ageColumn,
  ...ownTemplate,
  selectorColumn,
);

const replicaSet = tableColumns(
  column("Desired", (object) => count(spec(object), "replicas"), "integer", "Pods wanted."),
  column("Current", (object) => count(status(object), "replicas"), "integer", "Pods there are."),
  column("Ready", (object) => count(status(object), "readyReplicas"), "integer", "Pods that are ready."),
  ageColumn,
  ...ownTemplate,
  selectorColumn,
);

const replicationController = tableColumns(
  column("Desired", (object) => count(spec(object), "replicas"), "integer", "Pods wanted."),
  column("Current", (object) => count(status(object), "replicas"), "integer", "Pods there are."),
  column("Ready", (object) => count(status(object), "readyReplicas"), "integer", "Pods that are ready."),
  ageColumn,
  ...ownTemplate,
  wide("Selector", (object) => labelsText(stringMap(spec(object), "selector"))),
);

const statefulSet = tableColumns(
  column(
    "Ready",
    (object) => `${count(status(object), "readyReplicas")}/${count(spec(object), "replicas")}`,
    "string",
    "Pods that are ready, of those wanted.",
  ),
  ageColumn,
  ...ownTemplate,
);

const daemonSet = tableColumns(
  column(
    "Desired",
    (object) => count(status(object), "desiredNumberScheduled"),
    "integer",
    "Nodes that should run the pod.",
  ),
  column(
    "Current",
    (object) => count(status(object), "currentNumberScheduled"),
    "integer",
    "Nodes that run it and should.",
  ),
  column("Ready", (object) => count(status(object), "numberReady"), "integer", "Nodes on which it is ready."),
  column(
    "Up-to-date",
    (object) => count(status(object), "updatedNumberScheduled"),
    "integer",
    "Nodes that run the present template.",
  ),
  column(
    "Available",
    (object) => count(status(object), "numberAvailable"),
    "integer",
    "Nodes on which it has been ready for long enough.",
  ),
  column(
    "Node Selector",
    (object) => labelsText(stringMap(structAt(object, "spec", "template", "spec"), "nodeSelector")),
    "string",
    "Labels of the nodes it runs on.",
  ),
  ageColumn,
  ...ownTemplate,
  selectorColumn,
);

function jobStatus(job: JsonObject): string {
  const holds = (type: string): boolean =>
    structs(status(job), "conditions").some((each) => text(each, "type") === type && text(each, "status") === "True");
  if (holds("Complete")) return "Complete";
  if (holds("Failed")) return "Failed";
  if (text(struct(job, "metadata"), "deletionTimestamp") !== "") return "Terminating";
  if (holds("Suspended")) return "Suspended";
  if (holds("FailureTarget")) return "FailureTarget";
  if (holds("SuccessCriteriaMet")) return "SuccessCriteriaMet";
  return "Running";
}

function jobCompletions(job: JsonObject): string {
  const completions = integer(spec(job), "completions");
  const succeeded = count(status(job), "succeeded");
  if (completions !== undefined) return `${succeeded}/${completions}`;
  const parallelism = integer(spec(job), "parallelism") ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobDuration(job: JsonObject, now: number): string {
  const start = text(status(job), "startTime");
  if (start === "") return "";
  const end = text(status(job), "completionTime");
  return humanDuration((end === "" ? now : Date.parse(end)) - Date.parse(start));
}

const job = tableColumns(
  column("Status", jobStatus, "string", "Whether the job runs, and how it ended."),
  column("Completions", jobCompletions, "string", "Pods that succeeded, of those wanted."),
  column("Duration", jobDuration, "string", "How long it took, or has been running."),
  ageColumn,
  ...ownTemplate,
  selectorColumn,
);

const cronJob = tableColumns(
  column("Schedule", (object) => text(spec(object), "schedule"), "string", "When a job is due, in cron's words."),
  column("Timezone", (object) => orNone(spec(object)?.["timeZone"]), "string", "Where the schedule's clock hangs."),
  column(
    "Suspend",
    (object) => (flag(spec(object), "suspend") ? "True" : "False"),
    "boolean",
    "Whether no more jobs are started.",
  ),
  column("Active", (object) => structs(status(object), "active").length, "integer", "Jobs that run now."),
  column(
    "Last Schedule",
    (object, now) => {
      const last = text(status(object), "lastScheduleTime");
      return last === "" ? none : humanAge(last, now);
    },
    "string",
    "Time since a job was last started.",
  ),
  ageColumn,
  ...templateColumns((object) => structAt(object, "spec", "jobTemplate", "spec", "template")),
  wide("Selector", (object) => selectorText(structAt(object, "spec", "jobTemplate", "spec", "selector"))),
);

const podTemplate = tableColumns(
  column("Containers", (object) =>
    structs(structAt(object, "template", "spec"), "containers")
      .map((container) => text(container, "name"))
      .join(","),
  ),
  column("Images", (object) =>
    structs(structAt(object, "template", "spec"), "containers")
      .map((container) => text(container, "image"))
      .join(","),
  ),
  column("Pod Labels", (object) => labelsText(stringMap(structAt(object, "template", "metadata"), "labels"))),
  ageColumn,
);

const controllerRevision = tableColumns(
  column("Controller", (object) => {
    const owner = structs(struct(object, "metadata"), "ownerReferences").find((reference) =>
      flag(reference, "controller"),
    );
    if (!owner) return none;
    const [group] = text(owner, "apiVersion").includes("/") ? text(owner, "apiVersion").split("/") : [""];
    return `${text(owner, "kind").toLowerCase()}${group ? `.${group}` : ""}/${text(owner, "name")}`;
  }),
  column("Revision", (object) => integer(object, "revision") ?? 0, "integer"),
  ageColumn,
);

/** Tables of what runs. */
export const workloadColumns: Readonly<Record<string, TableColumns>> = {
  "/Pod": pod,
  "/PodTemplate": podTemplate,
  "/ReplicationController": replicationController,
  "apps/Deployment": deployment,
  "apps/ReplicaSet": replicaSet,
  "apps/StatefulSet": statefulSet,
  "apps/DaemonSet": daemonSet,
  "apps/ControllerRevision": controllerRevision,
  "batch/Job": job,
  "batch/CronJob": cronJob,
};
