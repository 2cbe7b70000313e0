import { formatDuration, formatTime, parseDuration } from "@homeostat/api";
import type { World } from "../evaluator.ts";
import { define, type FunctionTable } from "./definition.ts";
import { offsetOf, parseLayout } from "./time-layout.ts";

/** Functions of time; times are RFC 3339. Source: kyverno, JMESPath "time functions". */
export function timeFunctions({ now }: World): FunctionTable {
  return {
    time_now: define("", () => formatTime(now())),
    time_now_utc: define("", () => formatTime(now())),
    time_utc: define("string", (text: string) => formatTime(timeOf(text))),
    time_parse: define("string string", (layout: string, text: string) => formatTime(timeIn(layout, text))),
    time_since: define("string string string", (layout: string, from: string, to: string) =>
      formatDuration((to === "" ? now() : timeIn(layout, to)) - timeIn(layout, from)),
    ),
    time_to_cron: define("string", (text: string) => cronOf(text)),
    time_diff: define("string string", (from: string, to: string) => formatDuration(timeOf(to) - timeOf(from))),
    time_add: define("string string", (time: string, duration: string) =>
      formatTime(timeOf(time) + parseDuration(duration)),
    ),
    time_before: define("string string", (a: string, b: string) => timeOf(a) < timeOf(b)),
    time_after: define("string string", (a: string, b: string) => timeOf(a) > timeOf(b)),
    time_between: define(
      "string string string",
      (time: string, start: string, end: string) => timeOf(time) > timeOf(start) && timeOf(time) < timeOf(end),
    ),
    time_truncate: define("string string", (time: string, duration: string) => {
      const step = parseDuration(duration);
      return formatTime(step > 0 ? timeOf(time) - (timeOf(time) % step) : timeOf(time));
    }),
  };
}

/** @param layout as Go has it; empty: RFC 3339; a number: the text is seconds since the epoch */
function timeIn(layout: string, text: string): number {
  if (layout === "") return timeOf(text);
  const time = /^\d+$/.test(layout) && /^\d+$/.test(text) ? Number(text) * 1000 : parseLayout(layout, text);
  if (time === undefined) throw new Error(`${JSON.stringify(text)} is not written as ${JSON.stringify(layout)} says`);
  return time;
}

/** Minute, hour, day, month and weekday of a moment where its clock stands, as the schedule of a CronJob. */
function cronOf(text: string): string {
  const offset = offsetOf(/[+-]\d\d:\d\d$/.exec(text)?.[0]);
  const there = new Date(timeOf(text) + offset);
  const date = [there.getUTCDate(), there.getUTCMonth() + 1, there.getUTCDay()];
  return [there.getUTCMinutes(), there.getUTCHours(), ...date].join(" ");
}

function timeOf(text: string): number {
  const time = /^\d{4}-\d\d-\d\d([Tt ]|$)/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new Error(`${JSON.stringify(text)} is no time: write it as 2026-01-31T12:00:00Z`);
  return time;
}
