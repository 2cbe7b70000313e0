import { isDeepStrictEqual } from "node:util";
import type { Json } from "@homeostat/api";

/** Values that cannot be compared at all: waiting will not help, so an operation ends at once. */
export class HardError extends Error {
  override readonly name = "HardError";
  readonly code = "ERR_ASSERTION";
}

/**
 * Whether a value is as expected: lists element by element, maps where the expected keys say so, numbers by value.
 *
 * @throws HardError where the types cannot be compared
 */
export function matchesValue(expected: Json, actual: Json): boolean {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) throw new HardError(`expected a list, found ${typeName(actual)}`);
    return expected.length === actual.length && expected.every((value, index) => matchesValue(value, actual[index]!));
  }
  if (expected !== null && typeof expected === "object") {
    if (actual === null || typeof actual !== "object" || Array.isArray(actual)) {
      throw new HardError(`expected a map, found ${typeName(actual)}`);
    }
    return Object.entries(expected).every(
      ([key, value]) => Object.hasOwn(actual, key) && matchesValue(value, actual[key]!),
    );
  }
  return matchesScalar(expected, actual);
}

function matchesScalar(expected: null | boolean | number | string, actual: Json): boolean {
  if (expected === null || actual === null) return expected === actual;
  if (typeof expected === typeof actual) return isDeepStrictEqual(expected, actual);
  const numbers = [numberOf(expected), numberOf(actual)];
  if (numbers[0] !== undefined && numbers[1] !== undefined) return numbers[0] === numbers[1];
  throw new HardError(`types are not comparable, ${typeName(expected)} - ${typeName(actual)}`);
}

function numberOf(value: Json): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return undefined;
  const number = Number(value);
  return Number.isNaN(number) ? undefined : number;
}

export function typeName(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "list";
  return typeof value === "object" ? "map" : typeof value;
}
