import { formatQuantity, type JsonObject, roundQuantity } from "@homeostat/api";
import { struct } from "../json-fields.ts";

/** Finer than thousandths, in the form the codec has brought quantities to. */
const finerThanMilli = /(?:[nu]|e-(?:[4-9]|\d\d+))$/;

/**
 * Rounds the resource lists of an object up to thousandths: nothing finer can be asked for.
 * Source: core/v1 `SetDefaults_ResourceList`.
 */
export function roundResources(holder: JsonObject | undefined, ...lists: readonly string[]): void {
  for (const name of lists) {
    const list = struct(holder, name);
    for (const [resource, quantity] of Object.entries(list ?? {})) {
      if (typeof quantity !== "string" || !finerThanMilli.test(quantity)) continue;
      list![resource] = formatQuantity(roundQuantity(quantity, "milli"));
    }
  }
}
