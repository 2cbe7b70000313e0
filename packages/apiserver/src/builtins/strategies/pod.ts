import type { JsonObject } from "@homeostat/api";
import { copyJson } from "../../patch/json-value.ts";
import { assign, ensure, flag, integer, struct, structs, text } from "../json-fields.ts";
import { qosClassOf } from "../qos.ts";
import { podTemplateWarnings } from "../warnings.ts";
import { fieldsByPath, type RulesByKind } from "./rules.ts";

const fieldNames = [
  "spec.nodeName",
  "spec.restartPolicy",
  "spec.schedulerName",
  "spec.serviceAccountName",
  "spec.hostNetwork",
  "status.phase",
  "status.podIP",
  "status.podIPs",
  "status.nominatedNodeName",
];

export const podRules: RulesByKind = {
  "/Pod": {
    fieldNames,
    fields: podFields,
    prepareForCreate(pod) {
      const status = ensure(pod, "status");
      status["qosClass"] = qosClassOf(struct(pod, "spec"));
      if (structs(struct(pod, "spec"), "schedulingGates").length > 0) {
        status["conditions"] = [
          {
            type: "PodScheduled",
            status: "False",
            reason: "SchedulingGated",
            message: "Scheduling is blocked due to non-empty scheduling gates",
          },
        ];
      }
    },
    gracePeriodSeconds: podGracePeriod,
    parts: { ephemeralcontainers: takeEphemeralContainers, resize: takeContainerResources },
    warnings: (pod) => podTemplateWarnings(pod, "spec"),
  },
  "/PodTemplate": {
    warnings: (template) => podTemplateWarnings(struct(template, "template"), "template.spec"),
  },
};

function podFields(pod: JsonObject): Record<string, string> {
  const plain = fieldsByPath(...fieldNames).fields!(pod);
  const ips = structs(struct(pod, "status"), "podIPs").map((entry) => text(entry, "ip"));
  return {
    ...plain,
    "spec.hostNetwork": String(flag(struct(pod, "spec"), "hostNetwork")),
    "status.podIPs": ips.join(","),
  };
}

/**
 * Seconds a pod has to stop. A pod that is on no node, or has ended, has nothing to stop. Zero deletes at once.
 * Source: the pod strategy's `CheckGracefulDelete`.
 */
function podGracePeriod(pod: JsonObject, requested: number | undefined): number {
  const phase = text(struct(pod, "status"), "phase");
  if (text(struct(pod, "spec"), "nodeName") === "" || phase === "Failed" || phase === "Succeeded") return 0;
  const seconds = requested ?? integer(struct(pod, "spec"), "terminationGracePeriodSeconds") ?? 0;
  return seconds < 0 ? 1 : seconds;
}

/** Debugging adds containers to a running pod and leaves the rest of it alone. */
function takeEphemeralContainers(old: JsonObject, sent: JsonObject): JsonObject {
  const result = copyJson(old);
  assign(ensure(result, "spec"), "ephemeralContainers", struct(sent, "spec")?.["ephemeralContainers"]);
  return withVersion(result, sent);
}

/** Resizing takes the resources of containers, by their names, and nothing else. */
function takeContainerResources(old: JsonObject, sent: JsonObject): JsonObject {
  const result = copyJson(old);
  for (const list of ["containers", "initContainers"]) {
    const wanted = new Map(
      structs(struct(sent, "spec"), list).map((container) => [text(container, "name"), container]),
    );
    for (const container of structs(struct(result, "spec"), list)) {
      const other = wanted.get(text(container, "name"));
      if (!other) continue;
      assign(container, "resources", other["resources"]);
      assign(container, "resizePolicy", other["resizePolicy"]);
    }
  }
  return withVersion(result, sent);
}

function withVersion(result: JsonObject, sent: JsonObject): JsonObject {
  assign(ensure(result, "metadata"), "resourceVersion", struct(sent, "metadata")?.["resourceVersion"]);
  return result;
}
