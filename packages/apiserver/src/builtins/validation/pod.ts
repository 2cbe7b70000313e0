import {
  dns1123Label,
  dns1123Subdomain,
  fieldError,
  type JsonObject,
  type NameRule,
  type StatusCause,
} from "@homeostat/api";
import { semanticallyEqual, stringMap, struct, structs, text } from "../json-fields.ts";
import { at, atLeast, labels, oneOf, problems, required } from "./checks.ts";
import { validateContainers } from "./containers.ts";
import type { KindValidation } from "./kind-validation.ts";

/**
 * Checks a pod's spec, in a Pod or in a template. Affinity, security contexts and the rarer kinds of volumes are
 * taken as they are. Source: core validation `ValidatePodSpec`.
 */
export function validatePodSpec(spec: JsonObject | undefined, path: string): StatusCause[] {
  const volumes = structs(spec, "volumes");
  const volumeNames = new Set(volumes.map((volume) => text(volume, "name")));
  const names = new Set<string>();
  const containers = structs(spec, "containers");
  return [
    ...validateVolumes(volumes, at(path, "volumes")),
    ...(containers.length === 0 ? [fieldError.required(at(path, "containers"))] : []),
    ...validateContainers(containers, at(path, "containers"), volumeNames, names),
    ...validateContainers(structs(spec, "initContainers"), at(path, "initContainers"), volumeNames, names),
    ...oneOf(spec, "restartPolicy", path, ["Always", "OnFailure", "Never"]),
    ...oneOf(spec, "dnsPolicy", path, ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]),
    ...labels(spec, "nodeSelector", path),
    ...nameOf(spec, "serviceAccountName", path, dns1123Subdomain),
    ...nameOf(spec, "nodeName", path, dns1123Subdomain),
    ...nameOf(spec, "hostname", path, dns1123Label),
    ...nameOf(spec, "subdomain", path, dns1123Label),
    ...atLeast(spec, "activeDeadlineSeconds", path, 1),
    ...tolerations(spec, path),
    ...topologySpread(spec, path),
  ];
}

function nameOf(spec: JsonObject | undefined, key: string, path: string, rule: NameRule): StatusCause[] {
  const name = text(spec, key);
  return name === "" ? [] : problems(at(path, key), name, rule(name));
}

/** What sources demand to be told. */
const volumeFields: Readonly<Record<string, readonly string[]>> = {
  secret: ["secretName"],
  configMap: ["name"],
  persistentVolumeClaim: ["claimName"],
  hostPath: ["path"],
  nfs: ["server", "path"],
  csi: ["driver"],
};

function validateVolumes(volumes: readonly JsonObject[], path: string): StatusCause[] {
  const names = new Set<string>();
  return volumes.flatMap((volume, index) => {
    const where = `${path}[${index}]`;
    const name = text(volume, "name");
    const causes = required(volume, "name", where);
    if (name !== "") causes.push(...problems(at(where, "name"), name, dns1123Label(name)));
    if (name !== "" && names.has(name)) causes.push(fieldError.duplicate(at(where, "name"), name));
    names.add(name);
    const given = Object.keys(volume).filter((key) => key !== "name");
    if (given.length === 0) causes.push(fieldError.required(where, "must specify a volume type"));
    for (const extra of given.slice(1))
      causes.push(fieldError.forbidden(at(where, extra), "may not specify more than 1 volume type"));
    for (const source of given) {
      for (const field of volumeFields[source] ?? [])
        causes.push(...required(struct(volume, source), field, at(where, source)));
    }
    return causes;
  });
}

function tolerations(spec: JsonObject | undefined, path: string): StatusCause[] {
  return structs(spec, "tolerations").flatMap((toleration, index) => {
    const where = `${at(path, "tolerations")}[${index}]`;
    const operator = text(toleration, "operator") || "Equal";
    const causes = [
      ...oneOf(toleration, "operator", where, ["Equal", "Exists", "Gt", "Lt"]),
      ...oneOf(toleration, "effect", where, ["NoExecute", "NoSchedule", "PreferNoSchedule"]),
    ];
    if (text(toleration, "key") === "" && operator !== "Exists") {
      causes.push(
        fieldError.invalid(
          at(where, "operator"),
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    }
    if (operator === "Exists" && text(toleration, "value") !== "") {
      causes.push(
        fieldError.invalid(at(where, "operator"), toleration, "value must be empty when `operator` is 'Exists'"),
      );
    }
    if (toleration["tolerationSeconds"] !== undefined && text(toleration, "effect") !== "NoExecute") {
      causes.push(
        fieldError.invalid(
          at(where, "effect"),
          text(toleration, "effect"),
          "effect must be 'NoExecute' when `tolerationSeconds` is set",
        ),
      );
    }
    return causes;
  });
}

function topologySpread(spec: JsonObject | undefined, path: string): StatusCause[] {
  return structs(spec, "topologySpreadConstraints").flatMap((constraint, index) => {
    const where = `${at(path, "topologySpreadConstraints")}[${index}]`;
    const skew = constraint["maxSkew"];
    return [
      ...(typeof skew === "number" && skew > 0
        ? []
        : [fieldError.invalid(at(where, "maxSkew"), skew ?? 0, "must be greater than zero")]),
      ...required(constraint, "topologyKey", where, "can not be empty"),
      ...oneOf(constraint, "whenUnsatisfiable", where, ["DoNotSchedule", "ScheduleAnyway"]),
    ];
  });
}

/** Checks a template: its labels and its pod. */
export function validatePodTemplate(template: JsonObject | undefined, path: string): StatusCause[] {
  return [
    ...labels(struct(template, "metadata"), "labels", at(path, "metadata")),
    ...validatePodSpec(struct(template, "spec"), at(path, "spec")),
  ];
}

/** A running pod is what it is: only these parts of its spec may still change. */
export const podValidation: KindValidation = {
  object: (pod) => [...validatePodSpec(struct(pod, "spec"), "spec"), ...schedulingGates(struct(pod, "spec"))],
  update: (pod, old) => {
    const spec = struct(pod, "spec") ?? {};
    const before = struct(old, "spec") ?? {};
    const frozen = semanticallyEqual(whatMayNotChange(spec, before), whatMayNotChange(before, before));
    const causes: StatusCause[] = [];
    if (!frozen) {
      causes.push(
        fieldError.forbidden(
          "spec",
          "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
        ),
      );
    }
    return [...causes, ...onlyMoreTolerations(spec, before), ...onlyFewerGates(spec, before)];
  },
};

function schedulingGates(spec: JsonObject | undefined): StatusCause[] {
  return structs(spec, "schedulingGates").flatMap((gate, index) =>
    required(gate, "name", `spec.schedulingGates[${index}]`),
  );
}

/** A copy of a spec in which all that may change is as it was. */
function whatMayNotChange(spec: JsonObject, before: JsonObject): JsonObject {
  const copy = structuredClone(spec);
  for (const list of ["containers", "initContainers"]) {
    const images = new Map(structs(before, list).map((container) => [text(container, "name"), container["image"]]));
    for (const container of structs(copy, list)) {
      const image = images.get(text(container, "name"));
      if (image !== undefined) container["image"] = image;
    }
  }
  const grace = before["terminationGracePeriodSeconds"];
  const mayEnd = typeof grace === "number" && grace < 0 && copy["terminationGracePeriodSeconds"] === 1;
  // A pod that waits at a gate is not placed yet: where it may go can still be narrowed.
  const placement = structs(before, "schedulingGates").length > 0 ? ["nodeSelector", "affinity"] : [];
  for (const key of [
    "activeDeadlineSeconds",
    "tolerations",
    "schedulingGates",
    ...placement,
    ...(mayEnd ? ["terminationGracePeriodSeconds"] : []),
  ]) {
    if (before[key] === undefined) delete copy[key];
    else copy[key] = structuredClone(before[key]);
  }
  return copy;
}

function onlyMoreTolerations(spec: JsonObject, before: JsonObject): StatusCause[] {
  const now = structs(spec, "tolerations");
  const kept = structs(before, "tolerations").every((old) =>
    now.some((toleration) =>
      ["key", "operator", "value", "effect"].every((key) => text(toleration, key) === text(old, key)),
    ),
  );
  return kept
    ? []
    : [
        fieldError.forbidden(
          "spec.tolerations",
          "existing toleration can not be modified except its tolerationSeconds",
        ),
      ];
}

function onlyFewerGates(spec: JsonObject, before: JsonObject): StatusCause[] {
  const had = new Set(structs(before, "schedulingGates").map((gate) => text(gate, "name")));
  const added = structs(spec, "schedulingGates")
    .map((gate) => text(gate, "name"))
    .filter((name) => !had.has(name));
  if (added.length === 0) return [];
  return [
    fieldError.forbidden(
      "spec.schedulingGates",
      `only deletion is allowed, but found new scheduling gates: ${added.join(", ")}`,
    ),
  ];
}

/** Labels a template gives its pods. */
export const templateLabels = (template: JsonObject | undefined): Record<string, string> =>
  stringMap(struct(template, "metadata"), "labels");
