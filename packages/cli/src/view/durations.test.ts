import { expect, test } from "vitest";
import { ageText, timeOfDay, tookText } from "./durations.ts";

test.each([
  [-5, "0s"],
  [999, "0s"],
  [119_999, "119s"],
  [120_000, "2m"],
  [7_199_999, "119m"],
  [7_200_000, "2h"],
  [172_800_000, "2d"],
])("says %i ms of age as %s", (ms, text) => {
  expect(ageText(ms)).toBe(text);
});

test.each([
  [0.04, "0.0 ms"],
  [9.94, "9.9 ms"],
  [9.96, "10 ms"],
  [999.4, "999 ms"],
  [999.6, "1 s"],
  [1_500, "1.5 s"],
  [60_000, "1m"],
  [130_000, "2m10s"],
  [43_200_000, "12h"],
  [43_260_000, "721m"],
])("says that something took %d ms as %s", (ms, text) => {
  expect(tookText(ms)).toBe(text);
});

test("tells the time where the reader is", () => {
  expect(timeOfDay(new Date(2026, 0, 2, 3, 4, 5).getTime())).toBe("03:04:05");
});
