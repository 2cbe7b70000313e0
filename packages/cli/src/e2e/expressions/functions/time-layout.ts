/** Elements of a layout, as Go's reference time Mon Jan 2 15:04:05 MST 2006 has them, longest first. */
const elements: readonly (readonly [layout: string, pattern: string, field: Field])[] = [
  ["January", "[A-Za-z]+", "monthName"],
  ["Monday", "[A-Za-z]+", "ignored"],
  ["Z07:00", "Z|[+-]\\d\\d:\\d\\d", "zone"],
  ["-07:00", "[+-]\\d\\d:\\d\\d", "zone"],
  ["Z0700", "Z|[+-]\\d{4}", "zone"],
  ["-0700", "[+-]\\d{4}", "zone"],
  ["2006", "\\d{4}", "year"],
  ["Jan", "[A-Za-z]{3}", "monthName"],
  ["Mon", "[A-Za-z]{3}", "ignored"],
  ["MST", "[A-Z]{3,4}", "ignored"],
  ["01", "\\d\\d", "month"],
  ["02", "\\d\\d", "day"],
  ["_2", " ?\\d{1,2}", "day"],
  ["15", "\\d\\d", "hour"],
  ["03", "\\d\\d", "hour"],
  ["04", "\\d\\d", "minute"],
  ["05", "\\d\\d(?:\\.\\d+)?", "second"],
  ["06", "\\d\\d", "shortYear"],
  ["PM", "[AP]M", "half"],
  ["pm", "[ap]m", "half"],
  ["1", "\\d{1,2}", "month"],
  ["2", "\\d{1,2}", "day"],
  ["3", "\\d{1,2}", "hour"],
  ["4", "\\d{1,2}", "minute"],
  ["5", "\\d{1,2}(?:\\.\\d+)?", "second"],
];

type Field =
  | ("year" | "shortYear" | "month" | "monthName" | "day" | "hour" | "minute" | "second")
  | ("half" | "zone" | "ignored");

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/**
 * Milliseconds since the epoch of a text that is written as a layout of Go says; undefined where it is not. What a
 * layout leaves out is that of the first of January of year 1, as in Go.
 */
export function parseLayout(layout: string, text: string): number | undefined {
  const { pattern, fields } = compile(layout);
  const match = new RegExp(`^${pattern}$`).exec(text);
  if (!match) return undefined;
  const found = new Map(fields.map((field, index) => [field, match[index + 1]!.trim()]));
  const number = (field: Field, otherwise: number): number => Number(found.get(field) ?? otherwise);
  const short = number("shortYear", 0);
  const year = found.has("shortYear") ? short + (short < 69 ? 2000 : 1900) : number("year", 1);
  const named = found.get("monthName")?.slice(0, 3).toLowerCase();
  const month = named === undefined ? number("month", 1) : months.indexOf(named) + 1;
  const seconds = number("second", 0);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, number("day", 1));
  date.setUTCHours(hourOf(number("hour", 0), found.get("half")), number("minute", 0), 0, Math.round(seconds * 1000));
  const isReal = month >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === number("day", 1);
  return isReal ? date.getTime() - offsetOf(found.get("zone")) : undefined;
}

function compile(layout: string): { readonly pattern: string; readonly fields: readonly Field[] } {
  const fields: Field[] = [];
  let pattern = "";
  for (let rest = layout; rest !== ""; ) {
    const fraction = /^[.,][09]+(?!\d)/.exec(rest)?.[0];
    const element = elements.find(([name]) => rest.startsWith(name));
    if (fraction !== undefined) {
      // Read with the seconds.
      rest = rest.slice(fraction.length);
    } else if (element) {
      pattern += `(${element[1]})`;
      fields.push(element[2]);
      rest = rest.slice(element[0].length);
    } else {
      pattern += rest[0]!.replace(/[.*+?^${}()|[\]\\]/, "\\$&");
      rest = rest.slice(1);
    }
  }
  return { pattern, fields };
}

function hourOf(hour: number, half: string | undefined): number {
  if (half === undefined) return hour;
  return (hour % 12) + (half.toLowerCase() === "pm" ? 12 : 0);
}

/** In milliseconds. */
export function offsetOf(zone: string | undefined): number {
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(zone ?? "");
  if (!match) return 0;
  return (match[1] === "-" ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60_000;
}
