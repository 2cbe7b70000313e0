import { describe, expect, it } from "vitest";
import { humanAge, humanDuration } from "./human-duration.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

describe("humanDuration", () => {
  it.each([
    [-2 * second, "<invalid>"],
    [-1999, "0s"],
    [0, "0s"],
    [5 * second, "5s"],
    [2 * minute - 1, "119s"],
    [2 * minute, "2m"],
    [3 * minute + 12 * second, "3m12s"],
    [10 * minute + 59 * second, "10m"],
    [3 * hour - 1, "179m"],
    [3 * hour, "3h"],
    [7 * hour + 59 * minute, "7h59m"],
    [8 * hour + 59 * minute, "8h"],
    [2 * day - 1, "47h"],
    [2 * day, "2d"],
    [2 * day + 4 * hour, "2d4h"],
    [8 * day + 23 * hour, "8d"],
    [2 * year - 1, "729d"],
    [2 * year, "2y"],
    [2 * year + 3 * day, "2y3d"],
    [8 * year + 300 * day, "8y"],
  ])("B305 prints %i ms as %s", (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });
});

describe("humanAge", () => {
  const now = Date.UTC(2026, 0, 1, 0, 0, 10);

  it.each([
    ["2026-01-01T00:00:05Z", "5s"],
    ["2026-01-01T00:00:11Z", "0s"],
    ["2026-01-01T01:00:00Z", "<invalid>"],
    ["yesterday", "<invalid>"],
    ["", "<unknown>"],
    [undefined, "<unknown>"],
    [null, "<unknown>"],
  ])("B305 prints the age of %s as %s", (timestamp, text) => {
    expect(humanAge(timestamp, now)).toBe(text);
  });
});
