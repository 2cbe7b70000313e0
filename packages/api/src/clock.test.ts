import { describe, expect, it } from "vitest";
import { createVirtualClock } from "./clock.ts";

describe("a virtual clock", () => {
  it("tells whole milliseconds, as the machine's does, after delays with fractions", async () => {
    const clock = createVirtualClock(1_000);
    await clock.advance(0.75);
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0.75]);
    await clock.advance(0.75);
    expect([clock.now(), clock.monotonic()]).toEqual([1_001, 1.5]);
  });

  it("runs timers in the order of their times, at their times", async () => {
    const clock = createVirtualClock(0);
    const fired: string[] = [];
    clock.setTimer(() => fired.push(`late at ${clock.now()}`), 20);
    clock.setTimer(() => clock.setTimer(() => fired.push(`chained at ${clock.now()}`), 5), 10);
    await clock.advance(15);
    expect(fired).toEqual(["chained at 15"]);
    await clock.advance(5);
    expect(fired).toEqual(["chained at 15", "late at 20"]);
  });
});
