import {
  addQuantities,
  compareQuantities,
  formatDuration,
  formatQuantity,
  parseDuration,
  parseQuantity,
  type Quantity,
  subtractQuantities,
} from "@homeostat/api";
import { define, type FunctionTable } from "./definition.ts";

/** A number, a duration in milliseconds, or an amount of a resource. */
type Operand =
  | { readonly type: "number"; readonly value: number }
  | { readonly type: "duration"; readonly value: number }
  | { readonly type: "quantity"; readonly value: Quantity };

/** Arithmetic that also knows `1Gi` and `2h`. Source: kyverno, JMESPath "arithmetic functions". */
export const arithmeticFunctions: FunctionTable = {
  add: define("any any", (a, b) => plus(...operands(a, b))),
  sum: define("array", (values: unknown[]) => {
    if (values.length === 0) return 0;
    return values.reduce((total, value) => plus(...operands(total, value))) as string | number;
  }),
  subtract: define("any any", (a, b) => minus(...operands(a, b))),
  multiply: define("any any", (a, b) => times(...operands(a, b))),
  divide: define("any any", (a, b) => by(...operands(a, b))),
  modulo: define("any any", (a, b) => rest(...operands(a, b))),
  round: define("number number", (value: number, digits: number) => {
    if (digits < 0) throw new Error("round: the number of digits must not be negative");
    const scale = 10 ** digits;
    // Halves go away from zero, as in Go.
    return (Math.sign(value) * Math.round(Math.abs(value) * scale)) / scale;
  }),
};

/** `30m` is a quantity as well as a duration: beside what can only be a duration it is one. */
function operands(a: unknown, b: unknown): [Operand, Operand] {
  const [left, right] = [operand(a), operand(b)];
  if (left.type === "quantity" && right.type === "duration") return [durationOf(a) ?? left, right];
  if (left.type === "duration" && right.type === "quantity") return [left, durationOf(b) ?? right];
  return [left, right];
}

function durationOf(value: unknown): Operand | undefined {
  const duration = attempt(() => parseDuration(String(value)));
  return duration === undefined ? undefined : { type: "duration", value: duration };
}

function operand(value: unknown): Operand {
  if (typeof value === "number") return { type: "number", value };
  if (typeof value === "string") {
    const quantity = attempt(() => parseQuantity(value));
    if (quantity) return { type: "quantity", value: quantity };
    const duration = attempt(() => parseDuration(value));
    if (duration !== undefined) return { type: "duration", value: duration };
  }
  throw new Error(`${JSON.stringify(value)} is no number, quantity or duration`);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const unfit = (verb: string, a: Operand, b: Operand): Error =>
  new Error(`cannot ${verb} a ${a.type} and a ${b.type}: their types do not fit`);

function plus(a: Operand, b: Operand): string | number {
  if (a.type === "number" && b.type === "number") return a.value + b.value;
  if (a.type === "duration" && b.type === "duration") return formatDuration(a.value + b.value);
  if (a.type === "quantity" && b.type === "quantity") return formatQuantity(addQuantities(a.value, b.value));
  throw unfit("add", a, b);
}

function minus(a: Operand, b: Operand): string | number {
  if (a.type === "number" && b.type === "number") return a.value - b.value;
  if (a.type === "duration" && b.type === "duration") return formatDuration(a.value - b.value);
  if (a.type === "quantity" && b.type === "quantity") return formatQuantity(subtractQuantities(a.value, b.value));
  throw unfit("subtract", a, b);
}

function times(a: Operand, b: Operand): string | number {
  if (a.type === "number" && b.type === "number") return a.value * b.value;
  if (b.type === "number" && a.type !== "number") return scaled(a, b.value);
  if (a.type === "number" && b.type !== "number") return scaled(b, a.value);
  throw unfit("multiply", a, b);
}

function by(a: Operand, b: Operand): string | number {
  if (isZero(b)) throw new Error("cannot divide by zero");
  if (a.type === "number" && b.type === "number") return a.value / b.value;
  if (a.type === "duration" && b.type === "duration") return a.value / b.value;
  if (a.type === "quantity" && b.type === "quantity") return Number(a.value.nano) / Number(b.value.nano);
  if (b.type === "number" && a.type !== "number") return scaled(a, 1 / b.value);
  throw unfit("divide", a, b);
}

function rest(a: Operand, b: Operand): string | number {
  if (isZero(b)) throw new Error("cannot divide by zero");
  if (a.type === "number" && b.type === "number") return a.value % b.value;
  if (a.type === "duration" && b.type === "duration") return formatDuration(a.value % b.value);
  if (a.type === "quantity" && b.type === "quantity") {
    return formatQuantity({ ...a.value, nano: a.value.nano % b.value.nano });
  }
  throw unfit("take the rest of", a, b);
}

function scaled(operand: Exclude<Operand, { type: "number" }>, factor: number): string {
  if (operand.type === "duration") return formatDuration(operand.value * factor);
  const nano = Number.isSafeInteger(factor)
    ? operand.value.nano * BigInt(factor)
    : BigInt(Math.round(Number(operand.value.nano) * factor));
  return formatQuantity({ ...operand.value, nano });
}

function isZero({ type, value }: Operand): boolean {
  return type === "quantity" ? compareQuantities(value, 0) === 0 : value === 0;
}
