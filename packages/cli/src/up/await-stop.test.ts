import { createVirtualClock } from "@homeostat/api";
import { expect, test } from "vitest";
import { fakeEnvironment } from "../environment.test-support.ts";
import { awaitStop } from "./await-stop.ts";

function start() {
  const clock = createVirtualClock();
  const environment = fakeEnvironment({ clock });
  const state = { stopped: false };
  void awaitStop(environment).then(() => {
    state.stopped = true;
  });
  return { clock, environment, state };
}

test("stops at the first signal and ends at once at the second", async () => {
  const { clock, environment, state } = start();
  await clock.settle();
  expect(state.stopped).toBe(false);
  environment.signal();
  await clock.settle();
  expect(state.stopped).toBe(true);
  expect(environment.exits).toEqual([]);
  await clock.advance(500);
  environment.signal();
  expect(environment.exits).toEqual([130]);
});

test("takes a signal that npm passes on for the one the terminal has sent", async () => {
  const { clock, environment } = start();
  environment.signal();
  await clock.advance(20);
  environment.signal();
  expect(environment.exits).toEqual([]);
});

test("stops when nobody reads any more", async () => {
  const { clock, environment, state } = start();
  environment.stdout.end();
  await clock.settle();
  expect(state.stopped).toBe(true);
});
