import { createHash } from "node:crypto";
import { equalJson } from "../ledger/changed-paths.ts";

/**
 * Whether a live object already has everything we apply, so that no request is needed. Two questions: was exactly this
 * applied last (by its hash, kept on the object: otherwise fields we no longer want would stay), and is all of it still
 * there (others may have changed it since)?
 */

/** A short digest of a configuration, the same whatever the order of keys. */
export function configurationHash(configuration: unknown): string {
  return createHash("sha256").update(canonical(configuration)).digest("base64url").slice(0, 16);
}

/** Whether `live` has all that `wanted` says. Lists that are maps by key may have more elements, others must match. */
export function contains(live: unknown, wanted: unknown, field = ""): boolean {
  if (wanted === undefined) return true;
  if (Array.isArray(wanted)) return Array.isArray(live) && listContains(live, wanted, field);
  if (typeof wanted === "object" && wanted !== null) {
    if (typeof live !== "object" || live === null || Array.isArray(live)) return isEmpty(wanted) && live === undefined;
    return Object.entries(wanted).every(([key, value]) => contains(own(live, key), value, key));
  }
  return live === wanted || (wanted === null && live === undefined);
}

/**
 * What of `live` answers to `wanted`: the same shape with the values the server made of it (quantities in another
 * unit, defaults of list elements left out). Comparing with this instead of `wanted` tells drift from normalization.
 */
export function project(live: unknown, wanted: unknown, field = ""): unknown {
  if (Array.isArray(wanted) && Array.isArray(live)) {
    const keys = mergeKeys.get(field);
    // A plain list is one value: where the server made another of it, that is what it is.
    if (!keys && live.length !== wanted.length) return field === "finalizers" ? wanted : live;
    return wanted.map((element, index) => project(keys ? matching(live, element, keys) : live[index], element));
  }
  if (isMap(wanted) && isMap(live)) {
    const entries = Object.entries(wanted).filter(([key]) => own(live, key) !== undefined);
    return Object.fromEntries(entries.map(([key, value]) => [key, project(own(live, key), value, key)]));
  }
  return live;
}

/**
 * Lists of built-in kinds whose elements are found by key, so that others may add some. All other lists are taken to
 * be one value, which is also what the schema of a custom kind means unless it says otherwise.
 */
const mergeKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ["containers", ["name"]],
  ["initContainers", ["name"]],
  ["ephemeralContainers", ["name"]],
  ["env", ["name"]],
  ["volumes", ["name"]],
  ["volumeMounts", ["mountPath"]],
  ["volumeDevices", ["devicePath"]],
  ["ports", ["containerPort", "port", "protocol"]],
  ["imagePullSecrets", ["name"]],
  ["hostAliases", ["ip"]],
  ["topologySpreadConstraints", ["topologyKey", "whenUnsatisfiable"]],
  ["ownerReferences", ["uid"]],
  ["secrets", ["name"]],
  ["webhooks", ["name"]],
  ["conditions", ["type"]],
]);

function listContains(live: readonly unknown[], wanted: readonly unknown[], field: string): boolean {
  if (field === "finalizers") return wanted.every((value) => live.includes(value));
  const keys = mergeKeys.get(field);
  if (keys) return wanted.every((element) => contains(matching(live, element, keys), element));
  return live.length === wanted.length && wanted.every((element, index) => contains(live[index], element));
}

function matching(live: readonly unknown[], element: unknown, keys: readonly string[]): unknown {
  if (!isMap(element)) return live.find((candidate) => equalJson(candidate, element));
  const given = keys.filter((key) => element[key] !== undefined);
  return live.find((candidate) => isMap(candidate) && given.every((key) => equalJson(candidate[key], element[key])));
}

/** A member of the object itself: names such as `constructor` are not special in JSON. */
const own = (object: object, key: string): unknown =>
  Object.hasOwn(object, key) ? (object as Record<string, unknown>)[key] : undefined;

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Servers drop empty maps of built-in kinds. */
const isEmpty = (value: object): boolean => Object.keys(value).length === 0;

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (!isMap(value)) return JSON.stringify(value) ?? "null";
  const keys = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join()}}`;
}
