import type { Json } from "@homeostat/api";

const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * A quantity as a number, for comparing; undefined for what is no quantity. Exact as far as a double is, which covers
 * what people ask a cluster for; canonical forms are the codec's business.
 */
export function quantityValue(quantity: Json | undefined): number | undefined {
  if (typeof quantity === "number") return quantity;
  if (typeof quantity !== "string") return undefined;
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(quantity);
  if (!match) return undefined;
  const [, digits, exponent, suffix] = match;
  return exponent ? Number(`${digits}${exponent}`) : Number(digits) * factors[suffix ?? ""]!;
}
