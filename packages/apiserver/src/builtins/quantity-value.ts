import { type Json, quantityToNumber } from "@homeostat/api";

/**
 * A quantity as a number, for comparing; undefined for what is absent or no quantity. As exact as a double is, which
 * covers what people ask a cluster for.
 */
export function quantityValue(quantity: Json | undefined): number | undefined {
  if (typeof quantity === "number") return quantity;
  if (typeof quantity !== "string") return undefined;
  try {
    return quantityToNumber(quantity);
  } catch {
    return undefined;
  }
}
