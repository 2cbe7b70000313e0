import { formatQuantity, type JsonObject } from "@homeostat/api";
import { ensure, flag, isUnset, setDefault, setDefaultOverZero, struct, structs, text } from "../json-fields.ts";
import { podResources } from "../pod-resources.ts";
import { pullPolicyOf } from "./pull-policy.ts";
import { roundResources } from "./resource-list.ts";
import { defaultFieldRef, defaultVolume } from "./volumes.ts";

/**
 * Defaults of a Pod: those of every pod template, and some that only a Pod itself gets, so that a template stays as its
 * author wrote it. Source: core/v1 `SetDefaults_Pod`.
 */
export function defaultPod(pod: JsonObject): void {
  const spec = ensure(pod, "spec");
  for (const container of [...structs(spec, "containers"), ...structs(spec, "initContainers")]) {
    requestWhatIsLimited(container);
  }
  requestForAll(spec);
  setDefault(spec, "enableServiceLinks", true);
  defaultPodSpec(spec);
  if (flag(spec, "hostNetwork")) {
    for (const container of [...structs(spec, "containers"), ...structs(spec, "initContainers")]) {
      for (const port of structs(container, "ports")) {
        setDefaultOverZero(port, "hostPort", (port["containerPort"] as number | undefined) ?? 0);
      }
    }
  }
}

/** Defaults of a `template` with pod metadata and spec. */
export function defaultPodTemplate(template: JsonObject): void {
  defaultPodSpec(ensure(template, "spec"));
}

/** Defaults of a pod's spec, in a Pod and in templates alike. Source: core/v1 `SetDefaults_PodSpec` and what it holds. */
export function defaultPodSpec(spec: JsonObject): void {
  for (const volume of structs(spec, "volumes")) defaultVolume(volume);
  roundResources(struct(spec, "resources"), "limits", "requests");
  roundResources(spec, "overhead");
  for (const container of structs(spec, "initContainers")) defaultContainer(container);
  for (const container of structs(spec, "containers")) defaultContainer(container);
  for (const container of structs(spec, "ephemeralContainers")) defaultContainer(container);
  setDefault(spec, "restartPolicy", "Always");
  setDefault(spec, "terminationGracePeriodSeconds", 30);
  setDefault(spec, "dnsPolicy", "ClusterFirst");
  mirrorServiceAccount(spec);
  setDefault(spec, "securityContext", {});
  setDefault(spec, "schedulerName", "default-scheduler");
}

function defaultContainer(container: JsonObject): void {
  for (const port of structs(container, "ports")) setDefault(port, "protocol", "TCP");
  for (const variable of structs(container, "env")) {
    const source = struct(variable, "valueFrom");
    if (source) defaultFieldRef(source);
  }
  setDefault(container, "resources", {});
  roundResources(struct(container, "resources"), "limits", "requests");
  for (const probe of ["livenessProbe", "readinessProbe", "startupProbe"]) {
    const present = struct(container, probe);
    if (present) defaultProbe(present);
  }
  for (const hook of ["postStart", "preStop"]) {
    const present = struct(struct(container, "lifecycle"), hook);
    if (present) defaultHandler(present);
  }
  setDefault(container, "terminationMessagePath", "/dev/termination-log");
  setDefault(container, "terminationMessagePolicy", "File");
  setDefault(container, "imagePullPolicy", pullPolicyOf(text(container, "image")));
}

function defaultProbe(probe: JsonObject): void {
  defaultHandler(probe);
  setDefaultOverZero(probe, "timeoutSeconds", 1);
  setDefaultOverZero(probe, "periodSeconds", 10);
  setDefaultOverZero(probe, "successThreshold", 1);
  setDefaultOverZero(probe, "failureThreshold", 3);
}

function defaultHandler(handler: JsonObject): void {
  const httpGet = struct(handler, "httpGet");
  if (httpGet) {
    setDefault(httpGet, "path", "/");
    setDefault(httpGet, "scheme", "HTTP");
  }
  const grpc = struct(handler, "grpc");
  if (grpc && grpc["service"] == null) grpc["service"] = "";
}

/** `serviceAccount` is the old name of `serviceAccountName`: whoever sets one sets both. */
function mirrorServiceAccount(spec: JsonObject): void {
  if (isUnset(spec, "serviceAccountName")) {
    if (isUnset(spec, "serviceAccount")) return;
    spec["serviceAccountName"] = text(spec, "serviceAccount");
  }
  spec["serviceAccount"] = text(spec, "serviceAccountName");
}

function requestWhatIsLimited(container: JsonObject): void {
  const resources = struct(container, "resources");
  const limits = struct(resources, "limits");
  if (!resources || !limits || Object.keys(limits).length === 0) return;
  const requests = ensure(resources, "requests");
  for (const [name, quantity] of Object.entries(limits)) setDefault(requests, name, quantity);
}

/** Resources of which a pod as a whole can be given an amount. Source: KEP-2837. */
const ofPods = ["cpu", "memory"];

/** A pod that says what it needs as a whole needs what its containers do; where they say nothing, what it is limited to. */
function requestForAll(spec: JsonObject): void {
  const resources = struct(spec, "resources");
  if (!resources) return;
  const given = ["limits", "requests"].some((list) => Object.keys(struct(resources, list) ?? {}).length > 0);
  if (!given) return;
  const total = podResources(ofContainersAlone(spec), "requests");
  for (const name of ofPods) {
    const amount = total.get(name);
    const wanted = amount === undefined ? struct(resources, "limits")?.[name] : formatQuantity(amount);
    if (wanted !== undefined) setDefault(ensure(resources, "requests"), name, wanted);
  }
}

function ofContainersAlone(spec: JsonObject): JsonObject {
  const { resources: _resources, overhead: _overhead, ...rest } = spec;
  return rest;
}
