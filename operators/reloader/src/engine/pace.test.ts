import { describe, expect, test } from "vitest";
import { Pace } from "./pace.ts";

describe("pace", () => {
  test("lets a change wait for others, for one window from the first", () => {
    const pace = new Pace(500, 50);
    expect(pace.wait("a", 1_000)).toBe(500);
    expect(pace.wait("a", 1_300)).toBe(200);
    expect(pace.wait("a", 1_500)).toBe(0);
    expect(pace.wait("a", 1_600)).toBe(500);
  });

  test("begins a new window when what was due has vanished", () => {
    const pace = new Pace(500, 50);
    pace.wait("a", 1_000);
    pace.forget("a");
    expect(pace.wait("a", 1_400)).toBe(500);
  });

  test("lets no more than so many through in a second, and the rest evenly", () => {
    const pace = new Pace(0, 10);
    const through: number[] = [];
    for (let now = 0; now <= 4_000; now += 10)
      for (let id = through.length; id < 100 && pace.wait(`w${id}`, now) === 0; id++) through.push(now);
    const inSecond = (from: number): number => through.filter((at) => at >= from && at < from + 1_000).length;
    expect(inSecond(0)).toBeLessThanOrEqual(21);
    expect(inSecond(1_000)).toBe(10);
    expect(inSecond(2_000)).toBe(10);
  });
});
