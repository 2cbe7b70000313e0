import { forbidden, type JsonObject } from "@homeostat/api";
import { ensure, setDefault, struct, structs, text } from "../json-fields.ts";
import { quantityValue } from "../quantity-value.ts";
import type { Lookup } from "./lookup.ts";

/**
 * Gives the containers of a new pod the requests and limits their namespace's LimitRanges prescribe, in place.
 * Source: plugin LimitRanger.
 */
export async function admitLimits(pod: JsonObject, namespace: string, lookup: Lookup): Promise<void> {
  const limits = await itemsOf(namespace, lookup);
  for (const item of limits) {
    if (text(item, "type") !== "Container") continue;
    for (const container of containersOf(pod)) {
      const resources = ensure(container, "resources");
      fill(resources, "limits", struct(item, "default"));
      fill(resources, "requests", struct(item, "defaultRequest"));
    }
  }
}

function fill(resources: JsonObject, list: string, defaults: JsonObject | undefined): void {
  if (!defaults || Object.keys(defaults).length === 0) return;
  const given = ensure(resources, list);
  for (const [name, quantity] of Object.entries(defaults)) setDefault(given, name, quantity);
}

/** @throws ApiError Forbidden with all that is out of range */
export async function checkLimits(pod: JsonObject, namespace: string, lookup: Lookup): Promise<void> {
  const found: string[] = [];
  for (const item of await itemsOf(namespace, lookup)) {
    if (text(item, "type") === "Container") {
      for (const container of containersOf(pod))
        found.push(...outOfRange(item, "Container", struct(container, "resources")));
    } else if (text(item, "type") === "Pod")
      found.push(...outOfRange(item, "Pod", sumOf(structs(struct(pod, "spec"), "containers"))));
  }
  if (found.length === 0) return;
  const texts = [...new Set(found)];
  const why = texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`;
  throw forbidden({ group: "", plural: "pods" }, text(struct(pod, "metadata"), "name"), why);
}

async function itemsOf(namespace: string, lookup: Lookup): Promise<JsonObject[]> {
  const ranges = await lookup.list("", "limitranges", namespace);
  return ranges.flatMap((range) => structs(struct(range, "spec"), "limits"));
}

const containersOf = (pod: JsonObject): JsonObject[] => [
  ...structs(struct(pod, "spec"), "initContainers"),
  ...structs(struct(pod, "spec"), "containers"),
];

function outOfRange(item: JsonObject, what: string, resources: JsonObject | undefined): string[] {
  const limits = struct(resources, "limits") ?? {};
  const requests = struct(resources, "requests") ?? {};
  const found: string[] = [];
  for (const [name, least] of Object.entries(struct(item, "min") ?? {})) {
    const given = requests[name];
    if (given === undefined)
      found.push(`minimum ${name} usage per ${what} is ${String(least)}.  No request is specified`);
    else if (value(given) < value(least))
      found.push(`minimum ${name} usage per ${what} is ${String(least)}, but request is ${String(given)}`);
  }
  for (const [name, most] of Object.entries(struct(item, "max") ?? {})) {
    const given = limits[name];
    if (given === undefined) found.push(`maximum ${name} usage per ${what} is ${String(most)}.  No limit is specified`);
    else if (value(given) > value(most))
      found.push(`maximum ${name} usage per ${what} is ${String(most)}, but limit is ${String(given)}`);
  }
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

/** What the containers of a pod ask for together; what one of them leaves open is open for the pod. */
function sumOf(containers: readonly JsonObject[]): JsonObject {
  const sum = (list: string): JsonObject => {
    const totals: Record<string, number> = {};
    for (const container of containers) {
      for (const [name, quantity] of Object.entries(struct(struct(container, "resources"), list) ?? {}))
        totals[name] = (totals[name] ?? 0) + value(quantity);
    }
    return totals;
  };
  return { limits: sum("limits"), requests: sum("requests") };
}
