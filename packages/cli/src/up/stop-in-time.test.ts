import { createVirtualClock } from "@homeostat/api";
import { expect, test } from "vitest";
import { fakeEnvironment } from "../environment.test-support.ts";
import { stopInTime } from "./stop-in-time.ts";

test("waits for what stops in time, and leaves no timer behind", async () => {
  const clock = createVirtualClock();
  const environment = fakeEnvironment({ clock });
  await stopInTime(async () => {}, environment);
  expect([environment.exits, environment.stderr.text, clock.next()]).toEqual([[], "", undefined]);
});

test("ends the process when something hangs", async () => {
  const clock = createVirtualClock();
  const environment = fakeEnvironment({ clock });
  const ended = stopInTime(() => new Promise(() => {}), environment);
  await clock.advance(999);
  expect(environment.exits).toEqual([]);
  await clock.advance(1);
  await ended;
  expect(environment.exits).toEqual([1]);
  expect(environment.stderr.text).toContain("not everything stopped within 1000 ms");
});

test("tells what failed while stopping", async () => {
  const environment = fakeEnvironment();
  await stopInTime(() => Promise.reject(new Error("webapp hangs")), environment);
  expect([environment.exits, environment.stderr.text]).toEqual([[], "homeostat: while stopping: webapp hangs\n"]);
});
