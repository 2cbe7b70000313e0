import { parseDuration, SyntaxFault } from "@homeostat/api";

/** When a CronJob is due. */
export interface Schedule {
  /** The first due time after `afterMs`, in milliseconds since the epoch; undefined where there is none in five years. */
  next(afterMs: number): number | undefined;
}

interface Field {
  readonly values: ReadonlySet<number>;
  /** Written as `*`: with days of the month and of the week the other one decides alone. */
  readonly any: boolean;
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const fields = [
  { name: "minute", min: 0, max: 59, words: [] },
  { name: "hour", min: 0, max: 23, words: [] },
  { name: "day of the month", min: 1, max: 31, words: [] },
  { name: "month", min: 1, max: 12, words: months },
  { name: "day of the week", min: 0, max: 6, words: weekdays },
] as const;

const shorthands: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

const minuteMs = 60_000;
const horizonMs = 5 * 366 * 24 * 60 * minuteMs;

/**
 * Parses the five fields of cron (lists, ranges, steps, English names), `@hourly` and its like, and `@every 1h30m`.
 *
 * @param timeZone of the IANA database; default UTC
 * @throws SyntaxFault that names the field, or the time zone
 */
export function parseSchedule(text: string, timeZone = "UTC"): Schedule {
  const every = /^@every\s+(.+)$/.exec(text.trim());
  if (every) return everySchedule(text, every[1]!);
  const parts = (shorthands[text.trim()] ?? text.trim()).split(/\s+/);
  if (parts.length !== fields.length) {
    throw new SyntaxFault(text, `schedule ${JSON.stringify(text)}: expected 5 fields, found ${parts.length}`);
  }
  const [minute, hour, day, month, weekday] = parts.map((part, index) => parseField(text, part, fields[index]!));
  const zone = zoneOf(text, timeZone);
  const isDay = (local: LocalTime): boolean => {
    const byMonth = day!.values.has(local.day);
    const byWeek = weekday!.values.has(local.weekday);
    return day!.any || weekday!.any ? byMonth && byWeek : byMonth || byWeek;
  };
  return {
    next(afterMs) {
      let at = Math.floor(afterMs / minuteMs) * minuteMs + minuteMs;
      const end = at + horizonMs;
      while (at < end) {
        const local = zone(at);
        if (!month!.values.has(local.month) || !isDay(local)) {
          // Nearly to the end of the day: it may be an hour longer or shorter than others.
          at += Math.max(60 - local.minute, 24 * 60 - local.hour * 60 - local.minute - 120) * minuteMs;
        } else if (!hour!.values.has(local.hour)) {
          at += (60 - local.minute) * minuteMs;
        } else if (!minute!.values.has(local.minute)) {
          at += minuteMs;
        } else {
          return at;
        }
      }
      return undefined;
    },
  };
}

function everySchedule(text: string, duration: string): Schedule {
  const ms = Math.floor(parseDuration(duration) / 1000) * 1000;
  if (ms < 1000)
    throw new SyntaxFault(text, `schedule ${JSON.stringify(text)}: the interval must be a second at least`);
  return { next: (afterMs) => Math.floor(afterMs / 1000) * 1000 + ms };
}

function parseField(text: string, part: string, field: (typeof fields)[number]): Field {
  const values = new Set<number>();
  let any = false;
  for (const item of part.split(",")) {
    const [range = "", stepText] = item.split("/");
    const step = stepText === undefined ? 1 : Number(stepText);
    const [from, to] = rangeOf(range, stepText !== undefined, field);
    if (!Number.isInteger(step) || step < 1 || from === undefined || to === undefined || from > to) {
      const { name, min, max } = field;
      throw new SyntaxFault(
        text,
        `schedule ${JSON.stringify(text)}: ${JSON.stringify(item)} is no ${name}: write numbers from ${min} to ${max}, ranges as 1-5, steps as */10`,
      );
    }
    any ||= (range === "*" || range === "?") && step === 1;
    for (let value = from; value <= to; value += step) values.add(value);
  }
  return { values, any };
}

type Bound = number | undefined;

function rangeOf(range: string, hasStep: boolean, field: (typeof fields)[number]): readonly [Bound, Bound] {
  if (range === "*" || range === "?") return [field.min, field.max];
  const [first = "", last] = range.split("-");
  const from = numberOf(first, field);
  // A start with a step runs to the end.
  return [from, last === undefined ? (hasStep ? field.max : from) : numberOf(last, field)];
}

function numberOf(text: string, { min, max, words }: (typeof fields)[number]): Bound {
  const word = (words as readonly string[]).indexOf(text.toLowerCase());
  if (word >= 0) return word + min;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}

interface LocalTime {
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
}

/** How a moment reads on a clock of the zone. */
function zoneOf(text: string, timeZone: string): (ms: number) => LocalTime {
  if (timeZone === "UTC" || timeZone === "Etc/UTC") {
    return (ms) => {
      const date = new Date(ms);
      return {
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
        weekday: date.getUTCDay(),
        hour: date.getUTCHours(),
        minute: date.getUTCMinutes(),
      };
    };
  }
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      month: "numeric",
      day: "numeric",
      weekday: "short",
      hour: "numeric",
      minute: "numeric",
    });
  } catch (cause) {
    throw Object.assign(new SyntaxFault(text, `unknown time zone ${timeZone}`), { cause });
  }
  return (ms) => {
    const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    return {
      month: Number(parts["month"]),
      day: Number(parts["day"]),
      weekday: weekdays.indexOf(parts["weekday"]!.toLowerCase()),
      hour: Number(parts["hour"]),
      minute: Number(parts["minute"]),
    };
  };
}

/** The last due time after `sinceMs` and not after `nowMs`, and how many there were, counted up to `limit` + 1. */
export function missedTimes(
  schedule: Schedule,
  sinceMs: number,
  nowMs: number,
  limit: number,
): { readonly last: number | undefined; readonly count: number } {
  let count = 0;
  let last: number | undefined;
  for (let at = schedule.next(sinceMs); at !== undefined && at <= nowMs; at = schedule.next(at)) {
    last = at;
    if (++count > limit) break;
  }
  if (count <= limit) return { last, count };
  // Too many to walk through: look back from now, further each time.
  for (let windowMs = minuteMs; ; windowMs *= 2) {
    const start = Math.max(last!, nowMs - windowMs);
    for (let at = schedule.next(start); at !== undefined && at <= nowMs; at = schedule.next(at)) last = at;
    if (last! > start || nowMs - windowMs <= last!) return { last, count };
  }
}
