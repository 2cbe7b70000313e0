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
  add: define("any any", (a, b) => plus(operand(a), operand(b))),
  sum: define("array", (values: unknown[]) => {
    if (values.length === 0) return 0;
    return values.reduce((total, value) => plus(operand(total), operand(value))) as string | number;
  }),
  subtract: define("any any", (a, b) => minus(operand(a), operand(b))),
  multiply: define("any any", (a, b) => times(operand(a), operand(b))),
  divide: define("any any", (a, b) => by(operand(a), operand(b))),
  modulo: define("any any", (a, b) => rest(operand(a), operand(b))),
  round: define("number number", (value: number, digits: number) => {
    if (digits < 0) throw new Error("round: the number of digits must not be negative");
    const scale = 10 ** digits;
    // Halves go away from zero, as in Go.
    return (Math.sign(value) * Math.round(Math.abs(value) * scale)) / scale;
  }),
};

function operand(value: unknown): Operand {
  if (typeof value === "number") return { type: "number", value };
  if (typeof value === "string") {
    // `0` reads as all of them; kyverno takes it for a quantity.
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
