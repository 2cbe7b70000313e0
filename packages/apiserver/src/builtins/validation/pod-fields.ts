import { fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import { struct, text } from "../json-fields.ts";
import { at } from "./checks.ts";

const ofPods = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];
/** Fields that can be named, though not for variables. */
const others = [
  "metadata.annotations",
  "metadata.labels",
  "spec.hostNetwork",
  "spec.restartPolicy",
  "spec.schedulerName",
  "status.nominatedNodeName",
  "status.phase",
];

/** The field of its own pod that a variable takes its value from. Source: core validation `validateObjectFieldSelector`. */
export function variableField(source: JsonObject, path: string): StatusCause[] {
  const ref = struct(source, "fieldRef");
  const field = text(ref, "fieldPath");
  const where = at(path, "fieldRef.fieldPath");
  if (!ref || field === "" || ofPods.includes(field)) return [];
  if (/^metadata\.(labels|annotations)\['[^']+'\]$/.test(field)) return [];
  if (others.includes(field)) return [fieldError.notSupported(where, field, ofPods)];
  return [fieldError.invalid(where, field, `error converting fieldPath: field label not supported: ${field}`)];
}

const ofContainers = ["limits", "requests"].flatMap((list) =>
  ["cpu", "ephemeral-storage", "memory"].map((name) => `${list}.${name}`),
);

/** The resource of its container that a variable takes its value from. */
export function variableResource(source: JsonObject, path: string): StatusCause[] {
  const name = text(struct(source, "resourceFieldRef"), "resource");
  if (name === "" || ofContainers.includes(name) || /^(limits|requests)\.hugepages-/.test(name)) return [];
  return [fieldError.notSupported(at(path, "resourceFieldRef.resource"), name, ofContainers)];
}
