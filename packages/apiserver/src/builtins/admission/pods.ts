import { forbidden, type JsonObject } from "@homeostat/api";
import {
  assign,
  ensure,
  flag,
  integer,
  isUnset,
  semanticallyEqual,
  setDefault,
  stringMap,
  struct,
  structs,
  text,
} from "../json-fields.ts";
import type { Lookup } from "./lookup.ts";

const pods = { group: "", plural: "pods" };
const nameOf = (object: JsonObject): string => text(struct(object, "metadata"), "name");

const unreachable = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
const toleratedSeconds = 300;

/** A pod stays for five minutes on a node that is in trouble, unless it says how long. Source: plugin DefaultTolerationSeconds. */
export function admitTolerations(pod: JsonObject): void {
  const spec = ensure(pod, "spec");
  const given = structs(spec, "tolerations");
  const tolerates = (key: string): boolean =>
    given.some((each) => ["", key].includes(text(each, "key")) && ["", "NoExecute"].includes(text(each, "effect")));
  const missing = unreachable.filter((key) => !tolerates(key));
  if (missing.length === 0) return;
  const added = missing.map((key) => ({
    key,
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds: toleratedSeconds,
  }));
  spec["tolerations"] = [...given, ...added];
}

/** Classes of the system itself, which exist whether or not their objects do. */
const systemPriorities: Readonly<Record<string, number>> = {
  "system-cluster-critical": 2_000_000_000,
  "system-node-critical": 2_000_001_000,
};

/**
 * Turns the name of a pod's priority class into its number, in place; without a name the default class, else zero.
 * An update that leaves the number out keeps it. Source: plugin Priority.
 *
 * @throws ApiError Forbidden for an unknown class, or a number that is not the class's
 */
export async function admitPriority(pod: JsonObject, old: JsonObject | undefined, lookup: Lookup): Promise<void> {
  const spec = ensure(pod, "spec");
  if (old) {
    for (const key of ["priority", "preemptionPolicy"])
      if (isUnset(spec, key)) assign(spec, key, struct(old, "spec")?.[key]);
    return;
  }
  const priorityClass = await classOf(pod, lookup);
  if (priorityClass && isUnset(spec, "priorityClassName")) spec["priorityClassName"] = nameOf(priorityClass);
  const computed = integer(priorityClass, "value") ?? 0;
  const policy = text(priorityClass, "preemptionPolicy") || "PreemptLowerPriority";
  const given = integer(spec, "priority");
  if (given !== undefined && given !== computed) {
    throw forbidden(
      pods,
      nameOf(pod),
      `the integer value of priority (${given}) must not be provided in pod spec; priority admission controller computed ${computed} from the given PriorityClass name`,
    );
  }
  if (!isUnset(spec, "preemptionPolicy") && text(spec, "preemptionPolicy") !== policy) {
    throw forbidden(
      pods,
      nameOf(pod),
      `the string value of PreemptionPolicy (${text(spec, "preemptionPolicy")}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  }
  spec["priority"] = computed;
  setDefault(spec, "preemptionPolicy", policy);
}

async function classOf(pod: JsonObject, lookup: Lookup): Promise<JsonObject | undefined> {
  const name = text(struct(pod, "spec"), "priorityClassName");
  if (name === "") {
    const defaults = (await lookup.list("scheduling.k8s.io", "priorityclasses")).filter((each) =>
      flag(each, "globalDefault"),
    );
    // Should two have slipped in, the less important one is the safer choice.
    return defaults.sort((a, b) => (integer(a, "value") ?? 0) - (integer(b, "value") ?? 0))[0];
  }
  const found = await lookup.get("scheduling.k8s.io", "priorityclasses", name);
  if (found) return found;
  if (name in systemPriorities) return { metadata: { name }, value: systemPriorities[name]! };
  throw forbidden(pods, nameOf(pod), `no PriorityClass with name ${name} was found`);
}

/** Only one class can be the default. Source: plugin Priority. @throws ApiError Forbidden when there is another one */
export async function checkDefaultPriorityClass(priorityClass: JsonObject, lookup: Lookup): Promise<void> {
  if (!flag(priorityClass, "globalDefault")) return;
  const others = await lookup.list("scheduling.k8s.io", "priorityclasses");
  const other = others.find((each) => flag(each, "globalDefault") && nameOf(each) !== nameOf(priorityClass));
  if (!other) return;
  const why = `PriorityClass ${nameOf(other)} is already marked as default. Only one default can exist`;
  throw forbidden({ group: "scheduling.k8s.io", plural: "priorityclasses" }, nameOf(priorityClass), why);
}

/**
 * Gives a pod what its runtime class costs and where it runs, in place. Source: plugin RuntimeClass.
 *
 * @throws ApiError Forbidden for an unknown class
 */
export async function admitRuntimeClass(pod: JsonObject, lookup: Lookup): Promise<void> {
  const spec = ensure(pod, "spec");
  const name = text(spec, "runtimeClassName");
  const given = struct(spec, "overhead");
  const refuse = (why: string): never => {
    throw forbidden(pods, nameOf(pod), `pod rejected: ${why}`);
  };
  if (name === "") {
    if (given) refuse("Pod Overhead set without corresponding RuntimeClass defined Overhead");
    return;
  }
  const runtimeClass = await lookup.get("node.k8s.io", "runtimeclasses", name);
  if (!runtimeClass) return refuse(`RuntimeClass "${name}" not found`);
  const overhead = struct(struct(runtimeClass, "overhead"), "podFixed");
  if (given && !semanticallyEqual(given, overhead))
    refuse(
      overhead
        ? "Pod's Overhead doesn't match RuntimeClass's defined Overhead"
        : "Pod Overhead set without corresponding RuntimeClass defined Overhead",
    );
  if (overhead) setDefault(spec, "overhead", overhead);
  const selector = stringMap(struct(runtimeClass, "scheduling"), "nodeSelector");
  const own = stringMap(spec, "nodeSelector");
  for (const [key, value] of Object.entries(selector)) {
    if (own[key] === undefined || own[key] === value) continue;
    const why = `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own[key]}`;
    throw forbidden(pods, nameOf(pod), why);
  }
  if (Object.keys(selector).length > 0) spec["nodeSelector"] = { ...own, ...selector };
  const tolerations = structs(struct(runtimeClass, "scheduling"), "tolerations");
  if (tolerations.length > 0) spec["tolerations"] = [...structs(spec, "tolerations"), ...structuredClone(tolerations)];
}
