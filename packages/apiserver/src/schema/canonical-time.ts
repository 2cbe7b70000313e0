/**
 * The forms in which the API writes times: UTC, `Time` to the second, `MicroTime` with exactly six digits. Source:
 * apimachinery, meta/v1 `Time` and `MicroTime`.
 */

export type TimeResult = { readonly text: string } | { readonly problem: string };

const SHAPE = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(Z|[+-]\d{2}:\d{2})$/;
const LAYOUT = "2006-01-02T15:04:05Z07:00";
const MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00";

export function canonicalTime(text: string): TimeResult {
  // What the server itself wrote comes back most of the time.
  const match = SHAPE.exec(text);
  if (!match) return { problem: cannotParse(text, LAYOUT) };
  return written(text, match, "");
}

export function canonicalMicroTime(text: string): TimeResult {
  const match = SHAPE.exec(text);
  if (!match) return { problem: cannotParse(text, MICRO_LAYOUT) };
  const fraction = match[7] ?? "";
  if (fraction.length !== 6) {
    return {
      problem: `parsing time ${JSON.stringify(text)} as "${MICRO_LAYOUT}": cannot parse ${JSON.stringify(text.slice(19))} as ".000000"`,
    };
  }
  return written(text, match, `.${fraction}`);
}

function written(text: string, match: RegExpExecArray, fraction: string): TimeResult {
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const zone = match[8]!;
  const offset =
    zone === "Z" ? 0 : (zone[0] === "-" ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6)));
  const problem =
    outOfRange(month, hour, minute, second) ?? (day < 1 || day > daysIn(year, month) ? "day out of range" : undefined);
  if (problem) return { problem: `parsing time ${JSON.stringify(text)}: ${problem}` };
  if (zone === "Z") return { text: `${text.slice(0, 19)}${fraction}Z` };
  const date = new Date(0);
  // Date.UTC reads years below 100 as of the last century.
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute - offset, second, 0);
  return { text: `${date.toISOString().slice(0, -5)}${fraction}Z` };
}

function outOfRange(month: number, hour: number, minute: number, second: number): string | undefined {
  if (month < 1 || month > 12) return "month out of range";
  if (hour > 23) return "hour out of range";
  if (minute > 59) return "minute out of range";
  return second > 59 ? "second out of range" : undefined;
}

function daysIn(year: number, month: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, 0);
  return date.getUTCDate();
}

const cannotParse = (text: string, layout: string): string =>
  `parsing time ${JSON.stringify(text)} as "${layout}": cannot parse ${JSON.stringify(text)} as "2006"`;
