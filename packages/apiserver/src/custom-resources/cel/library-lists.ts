import { EvaluationError } from "@marcbachmann/cel-js";
import type { Library } from "./library.ts";
import { overriddenName } from "./program.ts";

/**
 * Lists and sets. Source: kube-apiserver, cel/library/lists; cel-go, ext/lists version 3 and ext/sets.
 */
export function registerListLibrary({ env, meter, equals }: Library): void {
  const method = (signature: string, handler: (list: unknown[], ...args: never[]) => unknown): void => {
    env.registerFunction(signature, (list: unknown[], ...args: unknown[]) => {
      meter.charge(list.length);
      return handler(list, ...(args as never[]));
    });
  };
  const own = overriddenName;
  method("list<A>.isSorted(): bool", (list) =>
    list.every((item, index) => index === 0 || compare(list[index - 1], item) <= 0),
  );
  method("list<A>.sum(): A", (list) => list.reduce((total, item) => add(total, item), zeroOf(list[0])));
  method("list<A>.min(): A", (list) => extreme(list, "min", (order) => order < 0));
  method("list<A>.max(): A", (list) => extreme(list, "max", (order) => order > 0));
  method(`list<A>.${own("indexOf")}(A): int`, (list, wanted) => BigInt(list.findIndex((item) => equals(item, wanted))));
  method(`list<A>.${own("lastIndexOf")}(A): int`, (list, wanted) =>
    BigInt(list.findLastIndex((item) => equals(item, wanted))),
  );
  method("list<A>.slice(int, int): list<A>", (list, start: bigint, end: bigint) => {
    if (start < 0n || end < start || end > BigInt(list.length)) {
      throw new EvaluationError(`cannot slice(${start}, ${end}), list has ${list.length} elements`);
    }
    return list.slice(Number(start), Number(end));
  });
  method("list.flatten(): list<dyn>", (list) => list.flat());
  method("list.flatten(int): list<dyn>", (list, depth: bigint) => {
    if (depth < 0n) throw new EvaluationError("level must be non-negative");
    const flat = list.flat(Math.min(Number(depth), 100) as 1);
    meter.charge(flat.length);
    return flat;
  });
  method("list<A>.reverse(): list<A>", (list) => [...list].reverse());
  method("list<A>.distinct(): list<A>", (list) => {
    const distinct: unknown[] = [];
    for (const item of list) {
      meter.charge(distinct.length);
      if (!distinct.some((other) => equals(other, item))) distinct.push(item);
    }
    return distinct;
  });
  method("list<A>.sort(): list<A>", (list) => [...list].sort(compare));

  env.registerType("ListsNamespace", ListsNamespace);
  env.registerConstant("lists", "ListsNamespace", new ListsNamespace());
  env.registerFunction("ListsNamespace.range(int): list<int>", (_: unknown, size: bigint) => {
    const count = Math.max(0, Number(size));
    meter.charge(count);
    return Array.from({ length: count }, (_item, index) => BigInt(index));
  });

  const includes = (list: readonly unknown[], item: unknown): boolean => {
    meter.charge(list.length);
    return list.some((other) => equals(other, item));
  };
  const containsAll = (list: readonly unknown[], items: readonly unknown[]): boolean =>
    items.every((item) => includes(list, item));
  env.registerType("SetsNamespace", SetsNamespace);
  env.registerConstant("sets", "SetsNamespace", new SetsNamespace());
  const set = (name: string, handler: (a: unknown[], b: unknown[]) => boolean): void => {
    env.registerFunction(`SetsNamespace.${name}(list<A>, list<A>): bool`, (_: unknown, a: unknown[], b: unknown[]) =>
      handler(a, b),
    );
  };
  set("contains", containsAll);
  set("equivalent", (a, b) => containsAll(a, b) && containsAll(b, a));
  set("intersects", (a, b) => b.some((item) => includes(a, item)));
}

class ListsNamespace {}
class SetsNamespace {}

/** The order of values of one type. */
export function compare(a: unknown, b: unknown): number {
  if (isOrdered(a)) return a.compareTo(b);
  const isComparable =
    (typeof a === typeof b && typeof a !== "object") || (isNumber(a) && isNumber(b)) || hasNumericValue(a, b);
  if (!isComparable) throw new EvaluationError("no such overload: the elements of the list cannot be compared");
  const [left, right] = [a as number, b as number];
  return left < right ? -1 : left > right ? 1 : 0;
}

function isOrdered(value: unknown): value is { compareTo(other: unknown): number } {
  return typeof value === "object" && value !== null && "compareTo" in value;
}

const isNumber = (value: unknown): boolean => typeof value === "number" || typeof value === "bigint";

/** Times and durations: objects that stand for a number. */
function hasNumericValue(a: unknown, b: unknown): boolean {
  return (
    typeof a === "object" &&
    typeof b === "object" &&
    a !== null &&
    b !== null &&
    a.constructor === b.constructor &&
    isNumber(a.valueOf())
  );
}

function zeroOf(first: unknown): unknown {
  return typeof first === "number" ? 0 : typeof first === "object" && first !== null ? undefined : 0n;
}

function add(total: unknown, item: unknown): unknown {
  if (total === undefined) return item;
  if (typeof total === "bigint" && typeof item === "bigint") return total + item;
  if (typeof total === "number" && typeof item === "number") return total + item;
  if (typeof total === "object" && total !== null && "addDuration" in total) {
    return (total as { addDuration(other: unknown): unknown }).addDuration(item);
  }
  throw new EvaluationError("no such overload: the elements of the list cannot be added");
}

function extreme(list: readonly unknown[], name: string, isBetter: (order: number) => boolean): unknown {
  if (list.length === 0) throw new EvaluationError(`${name} called on empty list`);
  return list.reduce((best, item) => (isBetter(compare(item, best)) ? item : best));
}
