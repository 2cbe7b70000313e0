import { createVirtualClock, type TransportResponse } from "@homeostat/api";
import { expect, test } from "vitest";
import { takeTurns } from "./take-turns.ts";

test("lets timers run although requests follow each other without end", async () => {
  const clock = createVirtualClock();
  let now = 0;
  const transport = takeTurns({ ...clock, monotonic: () => now })(async () => {
    now += 1;
    return {} as TransportResponse;
  });
  let rang = false;
  clock.setTimer(() => {
    rang = true;
  }, 0);
  let requests = 0;
  const busy = (async () => {
    while (!rang) {
      requests++;
      await transport({ method: "GET", path: "/" });
    }
  })();
  await clock.advance(1);
  await busy;
  expect(requests).toBeLessThan(20);
});

test("does not hold a single request up", async () => {
  const clock = createVirtualClock();
  const answer = {} as TransportResponse;
  expect(await takeTurns(clock)(async () => answer)({ method: "GET", path: "/" })).toBe(answer);
});
