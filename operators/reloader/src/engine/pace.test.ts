import { describe, expect, test } from "vitest";
import { Pace } from "./pace.ts";

const pace = () => new Pace({ quietMs: 20, severalQuietMs: 200, windowMs: 500, perSecond: 50 });

/** Asks whenever it is told to, and at each of the times at which something else has changed. @returns when it goes */
function goesAt(subject: Pace, changes: readonly number[], several = false): number[] {
  const went: number[] = [];
  const left = [...changes];
  let now = left.shift()!;
  let what = `change at ${now}`;
  let wanted = true;
  for (let round = 0; round < 10_000 && (wanted || left.length > 0); round++) {
    const waitMs = wanted ? subject.wait("a", what, several, now) : Number.POSITIVE_INFINITY;
    if (waitMs === 0) {
      went.push(now);
      wanted = false;
      continue;
    }
    const next = left[0];
    if (next !== undefined && next <= now + waitMs) {
      now = left.shift()!;
      what = `change at ${now}`;
      wanted = true;
    } else now += waitMs;
  }
  return went;
}

describe("pace", () => {
  test("lets a change that comes alone go after a moment of quiet", () => {
    expect(goesAt(pace(), [1_000])).toEqual([1_020]);
  });

  test("lets ten changes that come together go together", () => {
    const changes = Array.from({ length: 10 }, (_, index) => 1_000 + index * 15);
    expect(goesAt(pace(), changes)).toEqual([1_155]);
  });

  test("waits no longer than the window, however much changes", () => {
    const changes = Array.from({ length: 100 }, (_, index) => 1_000 + index * 10);
    expect(goesAt(pace(), changes)).toEqual([1_500, 2_490]);
    const more = Array.from({ length: 1_000 }, (_, index) => 1_000 + index * 10);
    expect(goesAt(pace(), more).slice(0, 3)).toEqual([1_500, 3_510, 5_520]);
  });

  test("lets ten changes of a slow deploy go twice", () => {
    const changes = Array.from({ length: 10 }, (_, index) => 1_000 + index * 50);
    expect(goesAt(pace(), changes)).toEqual([1_020, 1_950]);
  });

  test("lets ten changes of a slow deploy go once where the workload depends on several things", () => {
    const changes = Array.from({ length: 5 }, (_, index) => 1_000 + index * 90);
    expect(goesAt(pace(), changes, true)).toEqual([1_500]);
    expect(goesAt(pace(), [1_000], true)).toEqual([1_200]);
  });

  test("lets each of two changes that are a window apart go after its own quiet", () => {
    expect(goesAt(pace(), [1_000, 1_600])).toEqual([1_020, 1_620]);
  });

  test("is not delayed by asking again for the same", () => {
    const subject = pace();
    expect([1_000, 1_010, 1_019, 1_020].map((now) => subject.wait("a", "x", false, now))).toEqual([20, 10, 1, 0]);
  });

  test("begins anew when what was due has vanished", () => {
    const subject = pace();
    subject.wait("a", "x", false, 1_000);
    subject.forget("a");
    expect(subject.wait("a", "x", false, 1_400)).toBe(20);
  });

  test("lets no more than so many through in a second, and the rest evenly", () => {
    const subject = new Pace({ quietMs: 0, severalQuietMs: 0, windowMs: 0, perSecond: 10 });
    const through: number[] = [];
    for (let now = 0; now <= 4_000; now += 10)
      for (let id = through.length; id < 100 && subject.wait(`w${id}`, "x", false, now) === 0; id++) through.push(now);
    const inSecond = (from: number): number => through.filter((at) => at >= from && at < from + 1_000).length;
    expect(inSecond(0)).toBeLessThanOrEqual(21);
    expect(inSecond(1_000)).toBe(10);
    expect(inSecond(2_000)).toBe(10);
  });
});
