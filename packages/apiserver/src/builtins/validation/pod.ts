import {
  dns1123Label,
  dns1123Subdomain,
  fieldError,
  type JsonObject,
  type NameRule,
  qualifiedName,
  type StatusCause,
} from "@homeostat/api";
import { integer, isUnset, semanticallyEqual, stringMap, struct, structs, text } from "../json-fields.ts";
import { validateAffinity, validateTopologySpread } from "./affinity.ts";
import { annotations, at, labels, oneOf, problems, required } from "./checks.ts";
import { validateContainers } from "./containers.ts";
import type { KindValidation } from "./kind-validation.ts";
import { validatePodNetwork } from "./pod-network.ts";
import { validateResources } from "./resources.ts";
import { validatePodSecurity, validateWindows } from "./security-context.ts";
import { validateVolumes } from "./volumes.ts";

/** Checks a pod's spec, in a Pod or in a template. Source: core validation `ValidatePodSpec`. */
export function validatePodSpec(spec: JsonObject | undefined, path: string): StatusCause[] {
  const names = new Set<string>();
  return [
    ...validateVolumes(structs(spec, "volumes"), at(path, "volumes")),
    ...(structs(spec, "containers").length === 0 ? [fieldError.required(at(path, "containers"))] : []),
    ...validateContainers(spec, "containers", path, names),
    ...validateContainers(spec, "initContainers", path, names),
    ...oneOf(spec, "restartPolicy", path, ["Always", "OnFailure", "Never"]),
    ...oneOf(spec, "dnsPolicy", path, ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]),
    ...labels(spec, "nodeSelector", path),
    ...nameOf(spec, "serviceAccountName", path, dns1123Subdomain),
    ...nameOf(spec, "nodeName", path, dns1123Subdomain),
    ...nameOf(spec, "hostname", path, dns1123Label),
    ...nameOf(spec, "subdomain", path, dns1123Label),
    ...nameOf(spec, "runtimeClassName", path, dns1123Subdomain),
    ...nameOf(spec, "priorityClassName", path, dns1123Subdomain),
    ...deadline(spec, path),
    ...validateResources(struct(spec, "resources"), at(path, "resources")),
    ...resourceClaims(spec, path),
    ...validatePodSecurity(spec, path),
    ...validateWindows(spec, path),
    ...validateAffinity(struct(spec, "affinity"), at(path, "affinity")),
    ...tolerations(spec, path),
    ...validateTopologySpread(spec, path),
    ...validatePodNetwork(spec, path),
  ];
}

const longestDeadline = 2_147_483_647;

function deadline(spec: JsonObject | undefined, path: string): StatusCause[] {
  const seconds = integer(spec, "activeDeadlineSeconds");
  if (seconds === undefined || (seconds >= 1 && seconds <= longestDeadline)) return [];
  const why = `must be between 1 and ${longestDeadline}, inclusive`;
  return [fieldError.invalid(at(path, "activeDeadlineSeconds"), seconds, why)];
}

/** Devices a pod claims: by an object that is there, or one made for it. */
function resourceClaims(spec: JsonObject | undefined, path: string): StatusCause[] {
  const names = new Set<string>();
  return structs(spec, "resourceClaims").flatMap((claim, index) => {
    const where = `${at(path, "resourceClaims")}[${index}]`;
    const name = text(claim, "name");
    const causes =
      name === "" ? [fieldError.required(at(where, "name"))] : problems(at(where, "name"), name, dns1123Label(name));
    if (name !== "" && names.has(name)) causes.push(fieldError.duplicate(at(where, "name"), name));
    names.add(name);
    const sources = ["resourceClaimName", "resourceClaimTemplateName"].filter((key) => !isUnset(claim, key));
    const both = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified";
    const none = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`";
    if (sources.length !== 1) causes.push(fieldError.invalid(where, claim, sources.length === 0 ? none : both));
    return causes;
  });
}

function nameOf(spec: JsonObject | undefined, key: string, path: string, rule: NameRule): StatusCause[] {
  const name = text(spec, key);
  return name === "" ? [] : problems(at(path, key), name, rule(name));
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

/** Checks a template: its labels and its pod. */
export function validatePodTemplate(template: JsonObject | undefined, path: string): StatusCause[] {
  return [
    ...labels(struct(template, "metadata"), "labels", at(path, "metadata")),
    ...annotations(struct(template, "metadata"), at(path, "metadata.annotations")),
    ...validatePodSpec(struct(template, "spec"), at(path, "spec")),
  ];
}

/** A running pod is what it is: only these parts of its spec may still change. */
export const podValidation: KindValidation = {
  object: (pod) => [...validatePodSpec(struct(pod, "spec"), "spec"), ...schedulingGates(struct(pod, "spec"))],
  create: (pod) => {
    const spec = struct(pod, "spec");
    const causes: StatusCause[] = [];
    if (structs(spec, "ephemeralContainers").length > 0)
      causes.push(fieldError.forbidden("spec.ephemeralContainers", "cannot be set on create"));
    if (structs(spec, "schedulingGates").length > 0 && text(spec, "nodeName") !== "")
      causes.push(fieldError.forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"));
    return causes;
  },
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
    return [
      ...causes,
      ...onlySooner(spec, before),
      ...onlyMoreTolerations(spec, before),
      ...onlyFewerGates(spec, before),
    ];
  },
};

function schedulingGates(spec: JsonObject | undefined): StatusCause[] {
  const seen = new Set<string>();
  return structs(spec, "schedulingGates").flatMap((gate, index) => {
    const path = `spec.schedulingGates[${index}]`;
    const name = text(gate, "name");
    const causes = name === "" ? required(gate, "name", path) : problems(path, name, qualifiedName(name));
    if (seen.has(name)) causes.push(fieldError.duplicate(path, name));
    seen.add(name);
    return causes;
  });
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

/** A pod's deadline can be set and brought forward. */
function onlySooner(spec: JsonObject, before: JsonObject): StatusCause[] {
  const [now, then] = [integer(spec, "activeDeadlineSeconds"), integer(before, "activeDeadlineSeconds")];
  const path = "spec.activeDeadlineSeconds";
  if (then === undefined) return [];
  if (now === undefined)
    return [fieldError.invalid(path, null, "must not update from a positive integer to nil value")];
  return now > then ? [fieldError.invalid(path, now, "must be less than or equal to previous value")] : [];
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
