import type { Json } from "@homeostat/api";
import { evaluate } from "@marcbachmann/cel-js";
import type { Bindings } from "./bindings.ts";

/** @throws Error saying what is wrong with the expression */
export type CelEvaluate = (text: string, value: Json, bindings: Bindings) => Json;

/** The Common Expression Language: the value is `object`, bindings are variables of their own names and `bindings.name`. */
export const evaluateCel: CelEvaluate = (text, value, bindings) => {
  const names = bindings.toRecord();
  return toJson(evaluate(text, { ...(fromJson(names) as object), bindings: fromJson(names), object: fromJson(value) }));
};

/** Whole numbers are CEL's `int`, which the library writes as bigint. */
function fromJson(value: Json): unknown {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(fromJson);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, fromJson(child)]));
}

function toJson(value: unknown): Json {
  if (typeof value === "bigint") return Number(value);
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, child]) => [String(key), toJson(child)]));
  if (typeof value !== "object") return value as Json;
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) return String(value);
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, toJson(child)]));
}
