import type { Json } from "@homeostat/api";
import { Optional } from "@marcbachmann/cel-js";
import type { Meter } from "./meter.ts";

/** Names of members of {@link CelObject} that no field of an object can have. */
export const rawJson = Symbol("raw JSON");
export const fieldNames = Symbol("field names");

/** A value of a declared object type. Its fields are read through getters made from the schema. */
export abstract class CelObject {
  /** The JSON it stands for. */
  readonly [rawJson]: { [key: string]: Json };
  /** Names of its fields as expressions write them. */
  abstract readonly [fieldNames]: readonly string[];

  constructor(raw: { [key: string]: Json }) {
    this[rawJson] = raw;
  }
}

/** A value that knows when it equals another: quantities, addresses … */
export interface Comparable {
  equals(other: unknown): boolean;
}

/** Lists that are sets or keyed by their schema: they compare without regard to order and merge with `+`. */
export type ListKinds = WeakMap<readonly unknown[], ListKind>;

export type ListKind = { readonly type: "set" } | { readonly type: "map"; keyOf(item: unknown): string };

export type Equals = (a: unknown, b: unknown) => boolean;

/**
 * Equality of CEL values: numbers compare across types, lists and maps by content, sets without order. The library's
 * own compares objects by identity and numbers only within a type. Source: CEL language definition, "Equality".
 */
export function createEquals(meter: Meter, kinds: ListKinds): Equals {
  const equals: Equals = (a, b) => {
    if (typeof a === "string") {
      if (typeof b !== "string") return false;
      meter.charge(Math.min(a.length, b.length) / 10);
      return a === b;
    }
    if (a === b) return true;
    if (typeof a === "number" || typeof a === "bigint") {
      // biome-ignore lint/suspicious/noDoubleEquals: across number and bigint this compares the mathematical values
      return (typeof b === "number" || typeof b === "bigint") && a == b;
    }
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    meter.charge(1);
    if (Array.isArray(a)) return Array.isArray(b) && equalLists(a, b);
    if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
    if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime();
    if (a instanceof CelObject) return b instanceof CelObject && equalObjects(a, b);
    if (a instanceof Optional) return b instanceof Optional && equalOptionals(a, b);
    if (isComparable(a)) return a.equals(b);
    return equalMaps(a, b);
  };

  const equalLists = (a: readonly unknown[], b: readonly unknown[]): boolean => {
    if (a.length !== b.length) return false;
    const kind = kinds.get(a) ?? kinds.get(b);
    if (!kind) return a.every((item, index) => equals(item, b[index]));
    meter.charge(a.length * b.length);
    return a.every((item) => b.some((other) => equals(item, other)));
  };

  const equalObjects = (a: CelObject, b: CelObject): boolean => {
    if (a[rawJson] === b[rawJson]) return true;
    const read = (object: CelObject, name: string): unknown => (object as unknown as Record<string, unknown>)[name];
    return (
      a[fieldNames].length === b[fieldNames].length &&
      a[fieldNames].every((name) => equals(read(a, name), read(b, name)))
    );
  };

  const equalMaps = (a: object, b: object): boolean => {
    const [left, right] = [entriesOf(a), entriesOf(b)];
    if (!left || !right) return "valueOf" in a && !(a instanceof Map) && sameScalar(a, b);
    if (left.size !== right.size) return false;
    for (const [key, value] of left) if (!right.has(key) || !equals(value, right.get(key))) return false;
    return true;
  };

  const equalOptionals = (a: Optional, b: Optional): boolean =>
    a.hasValue() === b.hasValue() && (!a.hasValue() || equals(a.value(), b.value()));

  return equals;
}

function isComparable(value: object): value is Comparable {
  return "equals" in value && typeof value.equals === "function";
}

function entriesOf(value: object): Map<unknown, unknown> | undefined {
  if (value instanceof Map) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? new Map(Object.entries(value)) : undefined;
}

/** The library's durations and unsigned integers are scalars behind `valueOf`. */
function sameScalar(a: object, b: object): boolean {
  return a.constructor === b.constructor && a.valueOf() === b.valueOf();
}
