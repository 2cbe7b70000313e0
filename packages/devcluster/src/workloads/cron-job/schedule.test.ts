import { describe, expect, it } from "vitest";
import { missedTimes, parseSchedule } from "./schedule.ts";

const at = (text: string): number => Date.parse(text);
const show = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 16);

describe("parseSchedule", () => {
  it.each<[string, string, string | undefined]>([
    ["*/15 * * * *", "2026-01-01T00:07:10Z", "2026-01-01T00:15"],
    ["*/15 * * * *", "2026-01-01T00:15:00Z", "2026-01-01T00:30"],
    ["0 3 * * *", "2026-01-01T03:00:00Z", "2026-01-02T03:00"],
    ["30 8-10/2 * * mon-fri", "2026-01-02T10:31:00Z", "2026-01-05T08:30"],
    ["0 0 1 jan,JUL *", "2026-01-01T00:00:00Z", "2026-07-01T00:00"],
    ["5/20 * * * *", "2026-01-01T00:06:00Z", "2026-01-01T00:25"],
    // Days of the month or of the week, where both are given.
    ["0 0 13 * 5", "2026-01-01T00:00:00Z", "2026-01-02T00:00"],
    ["0 0 13 * *", "2026-01-01T00:00:00Z", "2026-01-13T00:00"],
    ["0 0 29 2 *", "2026-03-01T00:00:00Z", "2028-02-29T00:00"],
    ["0 0 30 2 *", "2026-01-01T00:00:00Z", undefined],
    ["@hourly", "2026-01-01T00:00:01Z", "2026-01-01T01:00"],
    ["@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00"],
    ["@every 1h30m", "2026-01-01T00:10:00Z", "2026-01-01T01:40"],
  ])("%s after %s is due at %s", (text, after, due) => {
    expect(show(parseSchedule(text).next(at(after)))).toBe(due);
  });

  it("reads times on the clock of the time zone, also when that is changed", () => {
    const schedule = parseSchedule("30 2 * * *", "Europe/Berlin");
    expect(show(schedule.next(at("2026-01-01T00:00:00Z")))).toBe("2026-01-01T01:30");
    expect(show(schedule.next(at("2026-07-01T00:00:00Z")))).toBe("2026-07-01T00:30");
    // There is no 2:30 on 29 March 2026.
    expect(show(schedule.next(at("2026-03-28T12:00:00Z")))).toBe("2026-03-30T00:30");
    expect(show(parseSchedule("0 0 * * *", "Europe/Berlin").next(at("2026-03-29T12:00:00Z")))).toBe("2026-03-29T22:00");
  });

  it.each([
    ["* * * *", "expected 5 fields, found 4"],
    ["60 * * * *", '"60" is no minute'],
    ["* * * * mo", '"mo" is no day of the week'],
    ["* 5-3 * * *", '"5-3" is no hour'],
    ["*/0 * * * *", '"*/0" is no minute'],
    ["@every 5ms", "the interval must be a second at least"],
  ])("refuses %s", (text, message) => {
    expect(() => parseSchedule(text)).toThrow(message);
  });

  it("refuses a time zone it does not know", () => {
    expect(() => parseSchedule("* * * * *", "Mars/Base")).toThrow("unknown time zone Mars/Base");
  });
});

describe("missedTimes", () => {
  it.each<[string, string, number, string | undefined]>([
    ["2026-01-01T00:00:00Z", "2026-01-01T00:00:30Z", 0, undefined],
    ["2026-01-01T00:00:00Z", "2026-01-01T00:03:30Z", 3, "2026-01-01T00:03"],
    ["2026-01-01T00:00:00Z", "2026-02-01T00:03:30Z", 101, "2026-02-01T00:03"],
  ])("from %s to %s are %i, the last at %s", (since, now, count, last) => {
    const missed = missedTimes(parseSchedule("* * * * *"), at(since), at(now), 100);
    expect([missed.count, show(missed.last)]).toEqual([count, last]);
  });

  it("finds the last one of a rare schedule", () => {
    const missed = missedTimes(parseSchedule("@daily"), at("2026-01-01T00:00:00Z"), at("2026-12-24T18:00:00Z"), 100);
    expect([missed.count, show(missed.last)]).toEqual([101, "2026-12-24T00:00"]);
  });
});
