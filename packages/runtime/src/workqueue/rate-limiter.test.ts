import {
  ApiError,
  createVirtualClock,
  serviceUnavailable,
  staleResourceVersion,
  statusError,
  tooManyRequests,
} from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { exponentialBackoff, maxOf, type NewRateLimiter, type RateLimiter, tokenBucket } from "./rate-limiter.ts";

const highest = (): number => 1 - Number.EPSILON;
const make = (limiter: NewRateLimiter, random = highest): RateLimiter =>
  limiter({ clock: createVirtualClock(), random });
const upstream = exponentialBackoff({ baseMs: 5, maxMs: 1_000_000, jitter: "none", errorClasses: false });

/** The delay after so many failures. */
function delay(error: unknown, failures: number, random = highest): number {
  const limiter = make(exponentialBackoff(), random);
  for (let i = 0; i < failures; i++) limiter.when("a", error);
  return Math.round(limiter.when("a", error));
}

describe("exponentialBackoff", () => {
  test("Q20 doubles the delay with each failure up to its cap, however often a key fails", () => {
    const limiter = make(upstream);
    const delays = Array.from({ length: 1_000 }, () => limiter.when("a"));
    expect(delays.slice(0, 5)).toEqual([5, 10, 20, 40, 80]);
    expect(delays[17]).toBe(655_360);
    expect(new Set(delays.slice(18))).toEqual(new Set([1_000_000]));
    expect(limiter.failures("a")).toBe(1_000);
  });

  test("Q20 doubles the range of the delay from 500 ms to 5 min by default", () => {
    const error = new Error("no");
    expect([0, 1, 2, 9, 10, 1000].map((n) => delay(error, n))).toEqual([500, 1000, 2000, 256_000, 300_000, 300_000]);
  });

  test("Q21 begins anew for a key that is forgotten, and for no other", () => {
    const limiter = make(upstream);
    for (const key of ["a", "a", "a", "b", "b"]) limiter.when(key);
    limiter.forget("a");
    expect([limiter.failures("a"), limiter.when("a"), limiter.when("b")]).toEqual([0, 5, 20]);
  });

  test("Q22 gives each key its own delay, and each controller its own counts", () => {
    const limiter = make(upstream);
    limiter.when("b");
    expect(["a", "b", "c"].map((key) => limiter.when(key))).toEqual([5, 10, 5]);
    expect(make(upstream).when("b")).toBe(5);
  });

  test("spreads delays over the whole range", () => {
    expect(delay(new Error("no"), 3, () => 0.25)).toBe(1000);
    expect(delay(new Error("no"), 3, () => 0)).toBe(1);
  });

  test("tries conflicts again soon", () => {
    const error = staleResourceVersion({ group: "", plural: "pods" }, "a");
    expect([0, 1, 20].map((n) => delay(error, n))).toEqual([50, 100, 5000]);
    expect(make(upstream).when("a", error)).toBe(5);
  });

  test("does not take a conflict of apply for an old view", () => {
    const error = statusError(409, "Conflict", "held", {
      causes: [{ reason: "FieldManagerConflict", field: ".spec.a" }],
    });
    expect(delay(error, 0)).toBe(500);
  });

  test("waits at least as long as the server asks", () => {
    expect(delay(tooManyRequests("slow down", 7), 0, () => 0)).toBeGreaterThanOrEqual(7000);
    expect(delay(serviceUnavailable("no"), 0)).toBe(500);
    expect(delay(new ApiError({ ...serviceUnavailable("no").status, details: { retryAfterSeconds: 2 } }), 0)).toBe(
      2500,
    );
  });
});

describe("tokenBucket", () => {
  test("Q24 lets a burst pass and spaces out the rest", async () => {
    const clock = createVirtualClock();
    const limiter = tokenBucket({ perSecond: 10, burst: 100 })({ clock, random: highest });
    const delays = Array.from({ length: 103 }, (_, i) => limiter.when(`${i}`));
    expect(new Set(delays.slice(0, 100))).toEqual(new Set([0]));
    expect(delays.slice(100)).toEqual([100, 200, 300]);
    await clock.advance(500);
    expect([limiter.when("a"), limiter.when("b"), limiter.when("c")]).toEqual([0, 0, 100]);
    await clock.advance(3_600_000);
    expect(Array.from({ length: 101 }, () => limiter.when("a")).filter((ms) => ms === 0)).toHaveLength(100);
    expect(() => tokenBucket({ perSecond: 0, burst: 1 })).toThrow("perSecond is 0");
  });
});

describe("maxOf", () => {
  test("Q23 takes the longest delay, and all count", () => {
    const slow = exponentialBackoff({ baseMs: 100, maxMs: 150, jitter: "none" });
    const limiter = make(maxOf(upstream, slow));
    const delays = Array.from({ length: 7 }, () => limiter.when("a"));
    expect(delays).toEqual([100, 150, 150, 150, 150, 160, 320]);
    expect(limiter.failures("a")).toBe(7);
    limiter.forget("a");
    expect(limiter.when("a")).toBe(100);
    const bucket = make(maxOf(upstream, tokenBucket({ perSecond: 1, burst: 1 })));
    expect([bucket.when("a"), bucket.when("b"), bucket.when("c")]).toEqual([5, 1_000, 2_000]);
  });
});
