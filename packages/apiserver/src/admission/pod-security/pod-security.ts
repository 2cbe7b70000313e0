import { isDeepStrictEqual } from "node:util";
import { forbidden, invalid, type JsonObject } from "@homeostat/api";
import { stringMap, struct, structAt, structs, text } from "../../builtins/json-fields.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../admission.ts";
import type { Violation } from "./checks.ts";
import { isPrivileged, type LevelVersion, labelProblems, levels, nameOf, policyOf } from "./policy.ts";

export interface PodSecurityOptions {
  /** Reads a namespace; undefined where there is none. */
  readonly namespace: (name: string) => Promise<JsonObject | undefined>;
  /** The pods of a namespace. */
  readonly pods: (namespace: string) => Promise<readonly JsonObject[]>;
}

/**
 * Holds pods against the standard that the labels of their namespace name: `enforce` refuses a pod, `warn` tells who
 * writes a pod, or what makes pods, what would be refused, `audit` tells the audit log. A namespace that becomes stricter
 * warns of the pods it has.
 *
 * Source: plugin PodSecurity; KEP-2579.
 */
export function podSecurity(options: PodSecurityOptions): AdmissionPlugin {
  return {
    name: "PodSecurity",
    async validate(attributes) {
      const { served, object } = attributes;
      if (!object) return;
      const { group, kind } = served.resource;
      if (group === "" && kind === "Namespace") return checkNamespace(attributes, object, options);
      if (attributes.namespace === undefined) return;
      if (group === "" && kind === "Pod") return checkPod(attributes, object, options);
      const template = templateOf(group, kind, object);
      if (template && attributes.subresource === undefined) return tellOfTemplate(attributes, template, options);
    },
  };
}

async function checkPod(attributes: AdmissionAttributes, pod: JsonObject, options: PodSecurityOptions): Promise<void> {
  const { subresource, old, served, name } = attributes;
  if (subresource !== undefined && subresource !== "ephemeralcontainers") return;
  if (old && !isSignificant(pod, old)) return;
  const policy = policyOf(await options.namespace(attributes.namespace!));
  attributes.annotate?.(`${annotationPrefix}enforce-policy`, nameOf(policy.enforce));
  const found = await judge(pod, policy.enforce);
  await audit(attributes, pod, policy.audit);
  if (found) throw forbidden(served.resource, name, `violates PodSecurity ${found.text}`);
  await warnOf(attributes, pod, policy.warn);
}

async function tellOfTemplate(
  attributes: AdmissionAttributes,
  template: JsonObject,
  options: PodSecurityOptions,
): Promise<void> {
  const policy = policyOf(await options.namespace(attributes.namespace!));
  await audit(attributes, template, policy.audit);
  await warnOf(attributes, template, policy.warn);
}

const annotationPrefix = "pod-security.kubernetes.io/";

/** Nothing is judged for a log that is not kept. */
async function audit({ annotate }: AdmissionAttributes, pod: JsonObject, level: LevelVersion): Promise<void> {
  const found = annotate && (await judge(pod, level));
  if (found) annotate(`${annotationPrefix}audit-violations`, `would violate PodSecurity ${found.text}`);
}

async function warnOf(attributes: AdmissionAttributes, pod: JsonObject, level: LevelVersion): Promise<void> {
  const found = await judge(pod, level);
  if (found) attributes.warn(`would violate PodSecurity ${found.text}`);
}

interface Judgement {
  readonly found: readonly Violation[];
  /** `"restricted:latest": reason (detail), …` */
  readonly text: string;
}

/** Undefined where the pod, or template of one, meets the level. */
async function judge(pod: JsonObject, level: LevelVersion): Promise<Judgement | undefined> {
  if (isPrivileged(level)) return undefined;
  // Loaded where it is asked for: most namespaces are privileged.
  const { podView, textOf, violations } = await import("./checks.ts");
  const view = podView(stringMap(struct(pod, "metadata"), "annotations"), struct(pod, "spec"));
  const found = violations(view, level);
  return found.length === 0 ? undefined : { found, text: `"${nameOf(level)}": ${textOf(found)}` };
}

/** Changes of a pod that could make it less safe: nearly all of its spec is fixed once it exists. */
function isSignificant(pod: JsonObject, old: JsonObject): boolean {
  const facts = (object: JsonObject) => [
    ["initContainers", "containers", "ephemeralContainers"].map((list) =>
      structs(struct(object, "spec"), list).map((container) => [text(container, "name"), text(container, "image")]),
    ),
    Object.entries(stringMap(struct(object, "metadata"), "annotations")).filter(([key]) =>
      key.startsWith("container.apparmor.security.beta.kubernetes.io/"),
    ),
  ];
  return !isDeepStrictEqual(facts(pod), facts(old));
}

/** The template of what makes pods; undefined for other kinds. */
function templateOf(group: string, kind: string, object: JsonObject): JsonObject | undefined {
  switch (`${group}/${kind}`) {
    case "/PodTemplate":
      return struct(object, "template");
    case "/ReplicationController":
    case "apps/ReplicaSet":
    case "apps/Deployment":
    case "apps/StatefulSet":
    case "apps/DaemonSet":
    case "batch/Job":
      return structAt(object, "spec", "template");
    case "batch/CronJob":
      return structAt(object, "spec", "jobTemplate", "spec", "template");
    default:
      return undefined;
  }
}

async function checkNamespace(
  attributes: AdmissionAttributes,
  namespace: JsonObject,
  options: PodSecurityOptions,
): Promise<void> {
  const { subresource, old, served, name, warn } = attributes;
  if (subresource !== undefined) return;
  const problems = labelProblems(namespace);
  // Wrong labels that are there already must not keep a namespace from being changed.
  if (problems.length > 0 && !(old && isDeepStrictEqual(labelProblems(old), problems)))
    throw invalid(served.resource, name, problems);
  if (!old) return;
  const { enforce } = policyOf(namespace);
  if (!isStricter(enforce, policyOf(old).enforce)) return;
  const texts = await violatingPods(await options.pods(name), enforce);
  if (texts.length === 0) return;
  warn(`existing pods in namespace "${name}" violate the new PodSecurity enforce level "${nameOf(enforce)}"`);
  for (const text of texts) warn(text);
}

/** Pods of one controller violate alike, so that one of them stands for all. */
async function violatingPods(pods: readonly JsonObject[], level: LevelVersion): Promise<string[]> {
  const groups = new Map<string, { readonly name: string; readonly reasons: string; count: number }>();
  for (const pod of pods) {
    const judged = await judge(pod, level);
    if (!judged) continue;
    const metadata = struct(pod, "metadata");
    const name = text(metadata, "name");
    const owner = structs(metadata, "ownerReferences").find((reference) => reference["controller"] === true);
    const reasons = judged.found.map(({ reason }) => reason).join(", ");
    const key = owner ? `${text(owner, "uid")}/${reasons}` : name;
    const known = groups.get(key);
    if (known) known.count++;
    else groups.set(key, { name, reasons, count: 1 });
  }
  return [...groups.values()].map(({ name, reasons, count }) => {
    const others = count === 1 ? "" : ` (and ${count - 1} other pod${count === 2 ? "" : "s"})`;
    return `${name}${others}: ${reasons}`;
  });
}

function isStricter(now: LevelVersion, before: LevelVersion): boolean {
  const rank = ({ level }: LevelVersion): number => levels.indexOf(level);
  if (isPrivileged(now) || rank(now) < rank(before)) return false;
  return rank(now) > rank(before) || now.minor !== before.minor;
}
