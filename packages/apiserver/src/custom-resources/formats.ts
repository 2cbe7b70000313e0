/**
 * The values of `format` that are checked; others are ignored. Numeric formats are checked with the numbers.
 * Source: apiextensions, `supportedFormats`, and go-openapi/strfmt for what each accepts.
 */

export type FormatCheck = (text: string) => boolean;

/** What checks texts of a format; undefined for a format that is not checked. */
export function formatCheck(format: string): FormatCheck | undefined {
  // Upstream compares without dashes: `date-time` and `datetime` are one.
  return checks.get(format.replaceAll("-", ""));
}

const hexUuid = (version: string): RegExp =>
  new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$`, "i");
const matches =
  (pattern: RegExp): FormatCheck =>
  (text) =>
    pattern.test(text);

const dns1123Label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

const checks: ReadonlyMap<string, FormatCheck> = new Map<string, FormatCheck>([
  ["bsonobjectid", matches(/^[0-9a-fA-F]{24}$/)],
  ["byte", isBase64],
  ["cidr", isCidr],
  ["creditcard", isCreditCard],
  ["date", (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && isCalendarDay(text)],
  ["datetime", isDateTime],
  ["duration", (text) => parseGoDuration(text) !== undefined || isSpelledDuration(text)],
  ["email", matches(/^(?:[^<>@\s]*\s*<)?[^<>@\s",;:()[\]\\]+@[^<>@\s",;:()[\]\\]+>?$/)],
  ["hexcolor", matches(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/)],
  ["hostname", isHostname],
  ["ipv4", isIpv4],
  ["ipv6", isIpv6],
  ["isbn", (text) => isIsbn10(text) || isIsbn13(text)],
  ["isbn10", isIsbn10],
  ["isbn13", isIsbn13],
  ["k8slongname", (text) => text.length <= 253 && text.split(".").every((label) => dns1123Label.test(label))],
  ["k8sshortname", (text) => dns1123Label.test(text)],
  [
    "mac",
    matches(/^([0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}([:-][0-9a-fA-F]{2}){0,2}|[0-9a-fA-F]{4}(\.[0-9a-fA-F]{4}){2,3})$/),
  ],
  ["password", () => true],
  ["rgbcolor", isRgb],
  ["ssn", matches(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/)],
  ["uri", isUri],
  ["uuid", matches(hexUuid("[0-9a-f]"))],
  ["uuid3", matches(hexUuid("3"))],
  ["uuid4", matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i)],
  ["uuid5", matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i)],
]);

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

export function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

export function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2 || !text.includes(":")) return false;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1)!;
  let count = groups.flat().length;
  const tail = last.at(-1);
  if (tail?.includes(".")) {
    if (!isIpv4(tail)) return false;
    last.pop();
    count++;
  }
  if (!groups.flat().every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? count < 8 : count === 8;
}

function isCidr(text: string): boolean {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  if (!match) return false;
  const bits = Number(match[2]);
  return (isIpv4(match[1]!) && bits <= 32) || (isIpv6(match[1]!) && bits <= 128);
}

function isHostname(text: string): boolean {
  if (text.length === 0 || text.length > 255) return false;
  return text
    .replace(/\.$/, "")
    .split(".")
    .every((label) => /^[A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?$/.test(label));
}

function isUri(text: string): boolean {
  if (/[\s\x00-\x1f\x7f]/.test(text)) return false;
  if (text.startsWith("/")) return true;
  return /^[A-Za-z][A-Za-z0-9+.-]*:/.test(text) && (/^[^:]+:\/\/.*/.test(text) ? URL.canParse(text) : true);
}

function isCalendarDay(text: string): boolean {
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().slice(0, 10) === text;
}

function isDateTime(text: string): boolean {
  const match = /^(\d{4}-\d{2}-\d{2})t(\d{2}):(\d{2}):(\d{2})(\.\d+)?(z|[+-]\d{2}:\d{2})$/i.exec(text);
  if (!match) return false;
  return isCalendarDay(match[1]!) && Number(match[2]) < 24 && Number(match[3]) < 60 && Number(match[4]) < 60;
}

const unitNanos: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const longestDuration = 256;

/** Nanoseconds of a duration as Go writes it (`1h30m`, `-1.5s`); undefined where the text is none. Source: Go, `time.ParseDuration`. */
export function parseGoDuration(text: string): bigint | undefined {
  // What is longer is not written by people, and would take long to compute.
  if (text.length > longestDuration) return undefined;
  const match = /^([+-]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text);
  if (!match) return undefined;
  let nanos = 0n;
  for (const [, whole, fraction, unit] of match[2]!.matchAll(/(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)/g)) {
    const scale = unitNanos[unit!]!;
    nanos += BigInt(whole || "0") * scale;
    if (fraction) nanos += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
  }
  if (nanos > 2n ** 63n - 1n) return undefined;
  return match[1] === "-" ? -nanos : nanos;
}

/** `3 days`, `1 hour`: strfmt's own form. */
function isSpelledDuration(text: string): boolean {
  if (text.length > longestDuration) return false;
  return /^(\d+\s*(nanoseconds?|nanos?|ns|microseconds?|micros?|us|µs|milliseconds?|millis?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|wks?|w)\s*)+$/i.test(
    text,
  );
}

function isRgb(text: string): boolean {
  const match = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/.exec(text);
  return match?.slice(1).every((part) => Number(part) <= 255) ?? false;
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/[^\d]/g, "");
  if (!/^\d{12,19}$/.test(digits)) return false;
  let sum = 0;
  [...digits].reverse().forEach((digit, index) => {
    const doubled = Number(digit) * (index % 2 === 1 ? 2 : 1);
    sum += doubled > 9 ? doubled - 9 : doubled;
  });
  return sum % 10 === 0;
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]/g, "");
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  const sum = [...digits].reduce(
    (total, digit, index) => total + (10 - index) * (digit === "X" ? 10 : Number(digit)),
    0,
  );
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]/g, "");
  if (!/^\d{13}$/.test(digits)) return false;
  return [...digits].reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 1 : 3), 0) % 10 === 0;
}
