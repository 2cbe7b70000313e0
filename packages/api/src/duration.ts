import { SyntaxFault } from "./errors.ts";

/** Nanoseconds of each unit; both ways to write micro. */
const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/**
 * Milliseconds, with fractions, of a duration as Go writes it: `1h30m`, `300ms`, `-1.5s`, `0`. There are no days.
 * Throws `SyntaxFault`. Source: Go, time `ParseDuration`; meta/v1 `Duration`.
 */
export function parseDuration(text: string): number {
  const fault = new SyntaxFault(
    text,
    `invalid duration ${JSON.stringify(text)}: write numbers with units, as in 1h30m or 300ms`,
  );
  const unsigned = text.replace(/^[+-]/, "");
  if (unsigned === "0") return 0;
  if (unsigned === "") throw fault;
  let nanos = 0n;
  part.lastIndex = 0;
  for (let at = 0; at < unsigned.length; at = part.lastIndex) {
    part.lastIndex = at;
    const match = part.exec(unsigned);
    if (!match) throw fault;
    nanos += scaled(match[1]!, units[match[2]!]!);
  }
  if (nanos > 2n ** 63n - 1n) throw new SyntaxFault(text, `duration ${text} is too long: at most 292 years, 2562047h`);
  const ms = Number(nanos / 1_000_000n) + Number(nanos % 1_000_000n) / 1_000_000;
  return text.startsWith("-") ? -ms : ms;
}

function scaled(number: string, unit: bigint): bigint {
  const [whole = "", fraction = ""] = number.split(".");
  return BigInt(whole || "0") * unit + (BigInt(fraction || "0") * unit) / 10n ** BigInt(fraction.length);
}

/** Milliseconds as Go writes them: `1h30m0s`, `300ms`, `1.5µs`, `0s`. Kept to the nanosecond. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) throw new RangeError(`a duration must be finite, not ${ms}`);
  const size = Math.abs(ms);
  const nanos = BigInt(Math.trunc(size)) * 1_000_000n + BigInt(Math.round((size - Math.trunc(size)) * 1_000_000));
  const text = nanos < units["s"]! ? formatShort(nanos) : formatLong(nanos);
  return ms < 0 && nanos > 0n ? `-${text}` : text;
}

function formatShort(nanos: bigint): string {
  if (nanos === 0n) return "0s";
  const unit = nanos < 1_000n ? "ns" : nanos < 1_000_000n ? "µs" : "ms";
  return `${decimal(nanos, units[unit]!)}${unit}`;
}

function formatLong(nanos: bigint): string {
  const minutes = nanos / units["m"]!;
  const seconds = `${decimal(nanos % units["m"]!, units["s"]!)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** `nanos` in units of `unit`, without trailing zeros. */
function decimal(nanos: bigint, unit: bigint): string {
  const digits = String(unit).length - 1;
  const fraction = String(nanos % unit)
    .padStart(digits, "0")
    .replace(/0+$/, "");
  return fraction === "" || unit === 1n ? String(nanos / unit) : `${nanos / unit}.${fraction}`;
}
