import type { JsonObject } from "@homeostat/api";
import { struct, structs } from "./json-fields.ts";
import { quantityValue } from "./quantity-value.ts";

const counted = ["cpu", "memory"];

/**
 * How a pod stands when a node runs short. Guaranteed: every container limits cpu and memory and requests as much;
 * BestEffort: none asks for either; the rest is Burstable. Source: core/v1/helper/qos.
 */
export function qosClassOf(spec: JsonObject | undefined): "Guaranteed" | "Burstable" | "BestEffort" {
  const requests = new Map<string, number>();
  const limits = new Map<string, number>();
  let allLimited = true;
  for (const resources of whatCounts(spec)) {
    add(requests, struct(resources, "requests"));
    if (add(limits, struct(resources, "limits")) < counted.length) allLimited = false;
  }
  if (requests.size === 0 && limits.size === 0) return "BestEffort";
  const equal = requests.size === limits.size && [...requests].every(([name, value]) => limits.get(name) === value);
  return allLimited && equal ? "Guaranteed" : "Burstable";
}

/** Where a pod says what it needs as a whole, that alone counts. Source: KEP-2837. */
function whatCounts(spec: JsonObject | undefined): (JsonObject | undefined)[] {
  const own = struct(spec, "resources");
  if (struct(own, "requests") || struct(own, "limits")) return [own];
  const containers = [...structs(spec, "containers"), ...structs(spec, "initContainers")];
  return containers.map((container) => struct(container, "resources"));
}

/** Adds what is counted, and says how many resources that were. Zero is the same as nothing. */
function add(totals: Map<string, number>, quantities: JsonObject | undefined): number {
  let found = 0;
  for (const name of counted) {
    const value = quantityValue(quantities?.[name]);
    if (value === undefined || value <= 0) continue;
    totals.set(name, (totals.get(name) ?? 0) + value);
    found++;
  }
  return found;
}
