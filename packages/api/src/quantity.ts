import { SyntaxFault } from "./errors.ts";

/**
 * Amounts of resources: `500m` CPU, `1Gi` of memory. Kept as whole billionths, the finest step Kubernetes knows, so
 * nothing is ever lost to floating point. Source: apimachinery, api/resource.
 */
export interface Quantity {
  /** Billionths of one. */
  readonly nano: bigint;
  /** How it was written, and will be: powers of ten by suffix, powers of two, or by exponent. */
  readonly format: QuantityFormat;
}

export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";

/** A quantity as it stands in JSON, or parsed. */
export type QuantityLike = string | number | Quantity;

const grammar = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$/;

const decimalSuffixes: readonly (readonly [string, number])[] = [
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
];
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] as const;
const decimalExponents = new Map(decimalSuffixes);

const one = 1_000_000_000n;
const largestBinary = (2n ** 63n - 1n) * one;
/** More digits, or larger exponents, than any resource has; refused so that a short text cannot cost much time. */
const limit = 512;

/**
 * Reads `1.5Gi`, `100m`, `1e3`, `-2`, 2. What is finer than a billionth is rounded up, away from zero: who asks for
 * something gets something. Powers of two stop at 2⁶³-1. Throws `SyntaxFault`.
 */
export function parseQuantity(value: string | number): Quantity {
  const text = String(value);
  const parts = text.length > limit ? null : grammar.exec(text);
  if (!parts) {
    throw new SyntaxFault(
      text,
      `quantity ${JSON.stringify(text.slice(0, 64))} is not a number with an optional suffix: write it as in 500m, 1.5Gi or 1e3`,
    );
  }
  const [, sign, whole = "", afterWhole, alone = "", suffix = "", exponent] = parts;
  const fraction = afterWhole ?? alone;
  const digits = BigInt(whole + fraction);
  const binary = binarySuffixes.indexOf(suffix as (typeof binarySuffixes)[number]);
  if (exponent === undefined && binary > 0) {
    const exact = capped(roundedUp(digits * 1024n ** BigInt(binary) * one, 10n ** BigInt(fraction.length)));
    // Less than one is finer than powers of two can say.
    return signed(exact, sign, exact < one ? "DecimalSI" : "BinarySI");
  }
  const power = exponent === undefined ? decimalExponents.get(suffix)! : Number(exponent);
  if (power > limit) throw new SyntaxFault(text, `quantity ${text} is too large: its exponent may be at most ${limit}`);
  const shift = Math.max(power - fraction.length + 9, -2 * limit);
  const nano = shift >= 0 ? digits * 10n ** BigInt(shift) : roundedUp(digits, 10n ** BigInt(-shift));
  return signed(nano, sign, exponent === undefined ? "DecimalSI" : "DecimalExponent");
}

function capped(nano: bigint): bigint {
  return nano > largestBinary ? largestBinary : nano;
}

function signed(nano: bigint, sign: string | undefined, format: QuantityFormat): Quantity {
  return { nano: sign === "-" ? -nano : nano, format };
}

/** Quotient of two numbers that are not negative, rounded up. */
function roundedUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

/**
 * The one way to write a quantity: the largest suffix that leaves a whole number, and no sign for zero. Powers of two
 * below 1024, or with a fraction, are written as powers of ten.
 */
export function formatQuantity(quantity: Quantity): string {
  const { nano, format } = quantity;
  if (nano === 0n) return "0";
  const isBinary = format === "BinarySI" && absolute(nano) >= 1024n * one && nano % one === 0n;
  return isBinary ? formatBinary(nano / one) : formatDecimal(nano, format === "DecimalExponent");
}

function formatBinary(value: bigint): string {
  let rest = value;
  let step = 0;
  for (; rest % 1024n === 0n && step < binarySuffixes.length - 1; step++) rest /= 1024n;
  return `${rest}${binarySuffixes[step]}`;
}

function formatDecimal(nano: bigint, byExponent: boolean): string {
  let rest = nano;
  let exponent = -9;
  for (; rest % 1000n === 0n && (byExponent || exponent < 18); exponent += 3) rest /= 1000n;
  if (byExponent) return exponent === 0 ? `${rest}` : `${rest}e${exponent}`;
  const [suffix] = decimalSuffixes.find(([, power]) => power === exponent)!;
  return `${rest}${suffix}`;
}

/** The canonical text of a quantity: `1000m` → `1`, `0.5` → `500m`, `1024Mi` → `1Gi`. */
export function canonicalQuantity(value: QuantityLike): string {
  return formatQuantity(quantityOf(value));
}

/** Negative, zero or positive, as `a` is less than, equal to or greater than `b`; how they are written does not count. */
export function compareQuantities(a: QuantityLike, b: QuantityLike): number {
  const difference = quantityOf(a).nano - quantityOf(b).nano;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The sum, written as `a` is; as `b` is where `a` is zero. */
export function addQuantities(a: QuantityLike, b: QuantityLike): Quantity {
  const [left, right] = [quantityOf(a), quantityOf(b)];
  return { nano: left.nano + right.nano, format: left.nano === 0n ? right.format : left.format };
}

/** The difference, written as `a` is; as `b` is where `a` is zero. */
export function subtractQuantities(a: QuantityLike, b: QuantityLike): Quantity {
  const right = quantityOf(b);
  return addQuantities(a, { nano: -right.nano, format: right.format });
}

/** The nearest number: exact up to 2⁵³ wholes, and for binary fractions. Cores of a CPU, bytes of memory. */
export function quantityToNumber(value: QuantityLike): number {
  const { nano } = quantityOf(value);
  // Division of two exact integers is correctly rounded; beyond that the fraction is below the last bit anyway.
  return absolute(nano) <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(nano) / 1e9
    : Number(nano / one) + Number(nano % one) / 1e9;
}

/** Rounds up, away from zero, to whole `unit`s. Resource lists are stored in milli at the finest. */
export function roundQuantity(value: QuantityLike, unit: "micro" | "milli" | "one"): Quantity {
  const { nano, format } = quantityOf(value);
  const step = { micro: 1_000n, milli: 1_000_000n, one }[unit];
  const rounded = roundedUp(absolute(nano), step) * step;
  return { nano: nano < 0n ? -rounded : rounded, format };
}

/** The quantity of so many thousandths, as the arithmetic of CPU is done: `fromMilli(1500n)` is `1500m`. */
export function quantityFromMilli(milli: bigint | number, format: QuantityFormat = "DecimalSI"): Quantity {
  return { nano: BigInt(milli) * 1_000_000n, format };
}

/** Thousandths, rounded up. */
export function quantityToMilli(value: QuantityLike): bigint {
  return roundQuantity(value, "milli").nano / 1_000_000n;
}

function quantityOf(value: QuantityLike): Quantity {
  return typeof value === "object" ? value : parseQuantity(value);
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}
