import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";
import { SyntaxFault } from "./errors.ts";

describe("parseDuration", () => {
  it.each([
    ["1h30m", 5_400_000],
    ["300ms", 300],
    ["1.5s", 1500],
    [".5s", 500],
    ["1.s", 1000],
    ["-1m", -60_000],
    ["+1m", 60_000],
    ["0", 0],
    ["1us", 0.001],
    ["1µs", 0.001],
    ["1μs", 0.001],
    ["250ns", 0.00025],
    ["1h1h", 7_200_000],
  ])("reads %s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(["", "-", "5", "1d", "1h 30m", "h", "1.h.", "1e3s", ".s", "3000000h"])("refuses %j", (text) => {
    expect(() => parseDuration(text)).toThrow(SyntaxFault);
  });
});

describe("formatDuration", () => {
  it.each([
    [0, "0s"],
    [5_400_000, "1h30m0s"],
    [60_000, "1m0s"],
    [300, "300ms"],
    [1500, "1.5s"],
    [61_001, "1m1.001s"],
    [0.0015, "1.5µs"],
    [0.00025, "250ns"],
    [-90_000, "-1m30s"],
    [-0.0000001, "0s"],
  ])("writes %d ms as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it("writes what it can read again", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), (ms) => parseDuration(formatDuration(ms)) === (ms || 0)),
    );
  });

  it("refuses what is no time", () => {
    expect(() => formatDuration(Number.NaN)).toThrow(RangeError);
  });
});
