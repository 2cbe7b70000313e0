import { formatDuration, formatTime, parseDuration } from "@homeostat/api";
import type { World } from "../evaluator.ts";
import { define, type FunctionTable } from "./definition.ts";

/** Functions of time; times are RFC 3339. Source: kyverno, JMESPath "time functions". */
export function timeFunctions({ now }: World): FunctionTable {
  return {
    time_now: define("", () => formatTime(now())),
    time_now_utc: define("", () => formatTime(now())),
    time_utc: define("string", (text: string) => formatTime(timeOf(text))),
    // A layout is given by people who have another format; RFC 3339 is what Kubernetes writes.
    time_parse: define("string string", (_layout: string, text: string) => formatTime(timeOf(text))),
    time_since: define("string string string", (_layout: string, from: string, to: string) =>
      formatDuration((to === "" ? now() : timeOf(to)) - timeOf(from)),
    ),
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

function timeOf(text: string): number {
  const time = /^\d{4}-\d\d-\d\d([Tt ]|$)/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new Error(`${JSON.stringify(text)} is no time: write it as 2026-01-31T12:00:00Z`);
  return time;
}
