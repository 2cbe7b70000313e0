/**
 * The form in which the API writes a quantity: the largest suffix that needs no fraction, in the family in which the
 * value was given (decimal, binary, exponent). `1000m` → `1`, `0.5` → `500m`, `1024Mi` → `1Gi`, `1e3` → `1e3`.
 *
 * Digits below a billionth are rounded away from zero; magnitudes above 2^63-1 are cut to it. Source: apimachinery,
 * api/resource.
 */

const BINARY: readonly string[] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const DECIMAL_SUFFIX = new Map(Object.entries(DECIMAL).map(([suffix, exponent]) => [exponent, suffix]));
const NANO = 1_000_000_000n;
const LARGEST = (2n ** 63n - 1n) * NANO;

type Family = "decimal" | "binary" | "exponent";

/** What the API says of a value that is no quantity. */
export const quantityProblem =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** @returns undefined when the text is no quantity */
export function canonicalQuantity(text: string): string | undefined {
  const fast = simple(text);
  if (fast !== undefined) return fast;
  const match = /^([+-]?)(\d*)(?:\.(\d*))?([A-Za-z]{0,2}[+-]?\d*)$/.exec(text);
  if (!match) return undefined;
  const [, sign, whole = "", fraction = "", suffix = ""] = match;
  if (whole === "" && fraction === "") return undefined;
  const scale = scaleOf(suffix);
  if (!scale) return undefined;
  const nanos = magnitude(whole + fraction, fraction.length, scale);
  return (sign === "-" && nanos !== 0n ? "-" : "") + write(nanos, scale.family);
}

/** Most quantities are in canonical form already: up to three digits cannot fold into the next suffix. */
function simple(text: string): string | undefined {
  return /^(?:[1-9]\d{0,2}(?:[numkMGTP]|[KMGTP]i)?|0)$/.test(text) ? text : undefined;
}

type Scale = { readonly family: Family; readonly exponent: number };

function scaleOf(suffix: string): Scale | undefined {
  const decimal = Object.hasOwn(DECIMAL, suffix) ? DECIMAL[suffix] : undefined;
  if (decimal !== undefined) return { family: "decimal", exponent: decimal };
  const binary = BINARY.indexOf(suffix);
  if (binary > 0) return { family: "binary", exponent: binary * 10 };
  const exponent = /^[eE]([+-]?\d+)$/.exec(suffix);
  if (!exponent) return undefined;
  const value = Number(exponent[1]);
  // Beyond these the result is cut or rounded to the limits anyway, so the power stays small.
  return { family: "exponent", exponent: Math.max(-10_000, Math.min(10_000, value)) };
}

/** Absolute value in billionths, rounded up, cut to the largest. */
function magnitude(digits: string, fractionDigits: number, scale: Scale): bigint {
  const value = BigInt(digits);
  if (value === 0n) return 0n;
  const tens = (scale.family === "binary" ? 0 : scale.exponent) + 9 - fractionDigits;
  const scaled = scale.family === "binary" ? value << BigInt(scale.exponent) : value;
  if (tens > 60) return LARGEST;
  const nanos = tens >= 0 ? scaled * 10n ** BigInt(tens) : divideUp(scaled, -tens);
  return nanos > LARGEST ? LARGEST : nanos;
}

function divideUp(value: bigint, tens: number): bigint {
  if (tens > value.toString().length) return 1n;
  const divisor = 10n ** BigInt(tens);
  return (value + divisor - 1n) / divisor;
}

function write(nanos: bigint, family: Family): string {
  if (nanos === 0n) return "0";
  // Binary suffixes cannot say fractions, and below 1024 they would say nothing.
  if (family === "binary" && nanos % NANO === 0n && nanos >= 1024n * NANO) return writeBinary(nanos / NANO);
  let mantissa = nanos;
  let exponent = -9;
  while (mantissa % 1000n === 0n && exponent < 18) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (family !== "exponent") return `${mantissa}${DECIMAL_SUFFIX.get(exponent)}`;
  return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
}

function writeBinary(value: bigint): string {
  let mantissa = value;
  let step = 0;
  while (mantissa % 1024n === 0n && step < BINARY.length - 1) {
    mantissa /= 1024n;
    step++;
  }
  return `${mantissa}${BINARY[step]}`;
}
