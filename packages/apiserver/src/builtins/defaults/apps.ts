import type { JsonObject } from "@homeostat/api";
import { ensure, setDefault, struct, structs, text } from "../json-fields.ts";
import { defaultPodTemplate } from "./pod.ts";
import { defaultClaim } from "./volumes.ts";

/** Source: apps/v1 `SetDefaults_Deployment`. */
export function defaultDeployment(deployment: JsonObject): void {
  const spec = ensure(deployment, "spec");
  setDefault(spec, "replicas", 1);
  const strategy = ensure(spec, "strategy");
  setDefault(strategy, "type", "RollingUpdate");
  if (text(strategy, "type") === "RollingUpdate") {
    const rollingUpdate = ensure(strategy, "rollingUpdate");
    setDefault(rollingUpdate, "maxUnavailable", "25%");
    setDefault(rollingUpdate, "maxSurge", "25%");
  }
  setDefault(spec, "revisionHistoryLimit", 10);
  setDefault(spec, "progressDeadlineSeconds", 600);
  defaultPodTemplate(ensure(spec, "template"));
}

export function defaultReplicaSet(replicaSet: JsonObject): void {
  const spec = ensure(replicaSet, "spec");
  setDefault(spec, "replicas", 1);
  const template = struct(spec, "template");
  if (template) defaultPodTemplate(template);
}

/** The oldest of the family takes its labels and its selector from the template. */
export function defaultReplicationController(controller: JsonObject): void {
  const spec = ensure(controller, "spec");
  const template = struct(spec, "template");
  const labels = struct(struct(template, "metadata"), "labels");
  if (labels && Object.keys(labels).length > 0) {
    if (Object.keys(struct(spec, "selector") ?? {}).length === 0) spec["selector"] = { ...labels };
    const metadata = ensure(controller, "metadata");
    if (Object.keys(struct(metadata, "labels") ?? {}).length === 0) metadata["labels"] = { ...labels };
  }
  setDefault(spec, "replicas", 1);
  if (template) defaultPodTemplate(template);
}

/** Source: apps/v1 `SetDefaults_StatefulSet`. */
export function defaultStatefulSet(statefulSet: JsonObject): void {
  const spec = ensure(statefulSet, "spec");
  setDefault(spec, "podManagementPolicy", "OrderedReady");
  const strategy = ensure(spec, "updateStrategy");
  if (text(strategy, "type") === "") {
    strategy["type"] = "RollingUpdate";
    ensure(strategy, "rollingUpdate");
  }
  const rollingUpdate = struct(strategy, "rollingUpdate");
  if (rollingUpdate && text(strategy, "type") === "RollingUpdate") setDefault(rollingUpdate, "partition", 0);
  const retention = ensure(spec, "persistentVolumeClaimRetentionPolicy");
  setDefault(retention, "whenDeleted", "Retain");
  setDefault(retention, "whenScaled", "Retain");
  setDefault(spec, "replicas", 1);
  setDefault(spec, "revisionHistoryLimit", 10);
  defaultPodTemplate(ensure(spec, "template"));
  for (const template of structs(spec, "volumeClaimTemplates")) {
    setDefault(template, "apiVersion", "v1");
    setDefault(template, "kind", "PersistentVolumeClaim");
    defaultClaim(template);
  }
}

export function defaultDaemonSet(daemonSet: JsonObject): void {
  const spec = ensure(daemonSet, "spec");
  const strategy = ensure(spec, "updateStrategy");
  setDefault(strategy, "type", "RollingUpdate");
  if (text(strategy, "type") === "RollingUpdate") {
    const rollingUpdate = ensure(strategy, "rollingUpdate");
    setDefault(rollingUpdate, "maxUnavailable", 1);
    setDefault(rollingUpdate, "maxSurge", 0);
  }
  setDefault(spec, "revisionHistoryLimit", 10);
  defaultPodTemplate(ensure(spec, "template"));
}
