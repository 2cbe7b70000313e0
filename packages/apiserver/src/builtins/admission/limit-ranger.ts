import { forbidden, formatQuantity, type JsonObject } from "@homeostat/api";
import { ensure, isUnset, setDefault, struct, structAt, structs, text } from "../json-fields.ts";
import { podResources } from "../pod-resources.ts";
import { quantityValue } from "../quantity-value.ts";
import type { Lookup } from "./lookup.ts";

/**
 * Gives the containers of a new pod the requests and limits their namespace's LimitRanges prescribe, in place.
 * Source: plugin LimitRanger.
 */
export async function admitLimits(pod: JsonObject, namespace: string, lookup: Lookup): Promise<void> {
  const set: string[] = [];
  for (const item of await itemsOf(namespace, lookup)) {
    if (text(item, "type") !== "Container") continue;
    for (const [list, what] of [
      ["containers", "container"],
      ["initContainers", "init container"],
    ] as const) {
      for (const container of structs(struct(pod, "spec"), list)) {
        const resources = ensure(container, "resources");
        const limits = fill(resources, "limits", struct(item, "default"));
        const requests = fill(resources, "requests", struct(item, "defaultRequest"));
        const name = text(container, "name");
        if (requests.length > 0) set.push(`${requests.sort().join(", ")} request for ${what} ${name}`);
        if (limits.length > 0) set.push(`${limits.sort().join(", ")} limit for ${what} ${name}`);
      }
    }
  }
  if (set.length > 0)
    ensure(ensure(pod, "metadata"), "annotations")[limitsAnnotation] = `LimitRanger plugin set: ${set.join("; ")}`;
}

/** Tells whoever wonders where the amounts come from. */
const limitsAnnotation = "kubernetes.io/limit-ranger";

/** @returns names of what was filled in */
function fill(resources: JsonObject, list: string, defaults: JsonObject | undefined): string[] {
  if (!defaults || Object.keys(defaults).length === 0) return [];
  const given = ensure(resources, list);
  const missing = Object.keys(defaults).filter((name) => isUnset(given, name));
  for (const name of missing) setDefault(given, name, defaults[name]!);
  return missing;
}

/** @throws ApiError Forbidden with all that is out of range */
export async function checkLimits(pod: JsonObject, namespace: string, lookup: Lookup): Promise<void> {
  const found: string[] = [];
  for (const item of await itemsOf(namespace, lookup)) {
    if (text(item, "type") === "Container") {
      for (const container of containersOf(pod))
        found.push(...outOfRange(item, "Container", struct(container, "resources")));
    } else if (text(item, "type") === "Pod") {
      const total = (list: "requests" | "limits"): JsonObject =>
        Object.fromEntries(
          [...podResources(struct(pod, "spec"), list)].map(([name, amount]) => [name, formatQuantity(amount)]),
        );
      found.push(...outOfRange(item, "Pod", { limits: total("limits"), requests: total("requests") }));
    }
  }
  refuse("pods", pod, found);
}

/** @throws ApiError Forbidden when a claim asks for too much or too little */
export async function checkClaim(claim: JsonObject, namespace: string, lookup: Lookup): Promise<void> {
  const found: string[] = [];
  const what = "PersistentVolumeClaim";
  const requests = structAt(claim, "spec", "resources", "requests") ?? {};
  for (const item of await itemsOf(namespace, lookup)) {
    if (text(item, "type") !== what) continue;
    found.push(...tooLittle(item, what, requests, {}));
    // A claim has no limits: what it asks for is what it gets.
    for (const [name, most] of Object.entries(struct(item, "max") ?? {})) {
      const given = requests[name];
      if (given !== undefined && value(given) > value(most))
        found.push(`maximum ${name} usage per ${what} is ${String(most)}, but request is ${String(given)}`);
    }
  }
  refuse("persistentvolumeclaims", claim, found);
}

function refuse(plural: string, object: JsonObject, found: readonly string[]): void {
  if (found.length === 0) return;
  const texts = [...new Set(found)];
  const why = texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`;
  throw forbidden({ group: "", plural }, text(struct(object, "metadata"), "name"), why);
}

async function itemsOf(namespace: string, lookup: Lookup): Promise<JsonObject[]> {
  const ranges = await lookup.list("", "limitranges", namespace);
  return ranges.flatMap((range) => structs(struct(range, "spec"), "limits"));
}

const containersOf = (pod: JsonObject): JsonObject[] => [
  ...structs(struct(pod, "spec"), "initContainers"),
  ...structs(struct(pod, "spec"), "containers"),
];

function tooLittle(item: JsonObject, what: string, requests: JsonObject, limits: JsonObject): string[] {
  const found: string[] = [];
  for (const [name, least] of Object.entries(struct(item, "min") ?? {})) {
    const [request, limit] = [requests[name], limits[name]];
    const text = `minimum ${name} usage per ${what} is ${String(least)}`;
    if (request === undefined) found.push(`${text}.  No request is specified`);
    else if (value(request) < value(least)) found.push(`${text}, but request is ${String(request)}`);
    if (limit !== undefined && value(limit) < value(least)) found.push(`${text}, but limit is ${String(limit)}`);
  }
  return found;
}

function tooMuch(item: JsonObject, what: string, requests: JsonObject, limits: JsonObject): string[] {
  const found: string[] = [];
  for (const [name, most] of Object.entries(struct(item, "max") ?? {})) {
    const [request, limit] = [requests[name], limits[name]];
    const text = `maximum ${name} usage per ${what} is ${String(most)}`;
    if (limit === undefined) found.push(`${text}.  No limit is specified`);
    else if (value(limit) > value(most)) found.push(`${text}, but limit is ${String(limit)}`);
    if (request !== undefined && value(request) > value(most)) found.push(`${text}, but request is ${String(request)}`);
  }
  return found;
}

function outOfRange(item: JsonObject, what: string, resources: JsonObject | undefined): string[] {
  const limits = struct(resources, "limits") ?? {};
  const requests = struct(resources, "requests") ?? {};
  const found = [...tooLittle(item, what, requests, limits), ...tooMuch(item, what, requests, limits)];
  for (const [name, ratio] of Object.entries(struct(item, "maxLimitRequestRatio") ?? {})) {
    const [limit, request] = [quantityValue(limits[name]), quantityValue(requests[name])];
    if (!limit || !request)
      found.push(
        `${name} max limit to request ratio per ${what} is ${String(ratio)}, but no request or limit is specified`,
      );
    else if (limit / request > value(ratio))
      found.push(
        `${name} max limit to request ratio per ${what} is ${String(ratio)}, but provided ratio is ${(limit / request).toFixed(6)}`,
      );
  }
  return found;
}

const value = (quantity: JsonObject[string]): number => quantityValue(quantity) ?? 0;
