import { describe, expect, test } from "vitest";
import { soak } from "./soak.ts";

const count = Number(process.env["SOAK_SEEDS"] ?? 3);
const first = Number(process.env["SOAK_FIRST"] ?? 1);
const seeds = Array.from({ length: count }, (_, at) => first + at);

describe("thirty minutes of faults", () => {
  test.each(seeds)(
    "leave caches equal to the server, nothing missed and nothing leaked, with seed %i",
    async (seed) => {
      const { disturbances, findings, leftOver, reconciles } = await soak(seed);
      expect(findings).toEqual([]);
      expect(leftOver).toEqual([]);
      expect(reconciles).toBeGreaterThan(500);
      for (const kind of ["server restart", "clock jump", "line cut", "process restart", "slow", "gone"])
        expect(disturbances[kind], kind).toBeGreaterThan(0);
      for (const type of [
        "watchDropped",
        "connectionLost",
        "tooManyRequests",
        "internalError",
        "conflict",
        "answerLost",
      ])
        expect(disturbances[type], type).toBeGreaterThan(0);
    },
    120_000,
  );
});
