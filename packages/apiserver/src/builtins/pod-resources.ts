import { addQuantities, compareQuantities, type JsonObject, parseQuantity, type Quantity } from "@homeostat/api";
import { struct, structs, text } from "./json-fields.ts";

type Amounts = Map<string, Quantity>;

/**
 * What a pod asks for, or is held to, as a whole: its containers and sidecars together, or an init container beside the
 * sidecars that run by then, where that is more; and the overhead of its runtime. Source: component-helpers,
 * `PodRequests` and `PodLimits`.
 */
export function podResources(spec: JsonObject | undefined, list: "requests" | "limits"): ReadonlyMap<string, Quantity> {
  const total: Amounts = new Map();
  for (const container of structs(spec, "containers")) addAll(total, amountsOf(container, list));
  const sidecars: Amounts = new Map();
  const peaks: Amounts[] = [];
  for (const container of structs(spec, "initContainers")) {
    const own = amountsOf(container, list);
    if (text(container, "restartPolicy") === "Always") {
      addAll(total, own);
      addAll(sidecars, own);
    } else {
      const peak = new Map(own);
      addAll(peak, sidecars);
      peaks.push(peak);
    }
  }
  for (const peak of peaks) raiseAll(total, peak);
  // What the pod says of itself as a whole counts in place of what its containers add up to. Source: KEP-2837.
  for (const [name, amount] of amountsIn(struct(struct(spec, "resources"), list))) total.set(name, amount);
  for (const [name, amount] of amountsIn(struct(spec, "overhead"))) {
    // A limit that is not set is not made one by the overhead.
    if (list === "requests" || total.has(name)) total.set(name, addQuantities(total.get(name) ?? "0", amount));
  }
  return total;
}

const amountsOf = (container: JsonObject, list: "requests" | "limits"): Amounts =>
  amountsIn(struct(struct(container, "resources"), list));

/** What is no quantity is left out: validation has its say about it. */
function amountsIn(map: JsonObject | undefined): Amounts {
  const amounts: Amounts = new Map();
  for (const [name, value] of Object.entries(map ?? {})) {
    if (typeof value !== "string" && typeof value !== "number") continue;
    try {
      amounts.set(name, parseQuantity(value));
    } catch {}
  }
  return amounts;
}

function addAll(total: Amounts, more: ReadonlyMap<string, Quantity>): void {
  for (const [name, amount] of more) total.set(name, addQuantities(total.get(name) ?? "0", amount));
}

function raiseAll(total: Amounts, atLeast: ReadonlyMap<string, Quantity>): void {
  for (const [name, amount] of atLeast) {
    const known = total.get(name);
    if (!known || compareQuantities(amount, known) > 0) total.set(name, amount);
  }
}
