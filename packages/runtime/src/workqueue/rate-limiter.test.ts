import { ApiError, serviceUnavailable, staleResourceVersion, statusError, tooManyRequests } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { TerminalError } from "../controller/reconciler.ts";
import { retryAfter } from "./rate-limiter.ts";

const highest = { random: () => 1 - Number.EPSILON };
const delay = (error: unknown, failures: number, random = highest.random): number => {
  const retry = retryAfter(error, failures, { random });
  return retry.class === "terminal" ? Number.NaN : Math.round(retry.delayMs);
};

describe("retryAfter", () => {
  test("Q20 doubles the range of the delay from 500 ms to 5 min, however often a key fails", () => {
    const error = new Error("no");
    expect([0, 1, 2, 9, 10, 1000].map((n) => delay(error, n))).toEqual([500, 1000, 2000, 256_000, 300_000, 300_000]);
  });

  test("spreads delays over the whole range", () => {
    expect(delay(new Error("no"), 3, () => 0.25)).toBe(1000);
    expect(delay(new Error("no"), 3, () => 0)).toBe(1);
  });

  test("tries conflicts again soon", () => {
    const error = staleResourceVersion({ group: "", plural: "pods" }, "a");
    expect([0, 1, 20].map((n) => delay(error, n))).toEqual([50, 100, 5000]);
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

  test("C03 never tries terminal errors again, wrapped ones neither", () => {
    expect(retryAfter(new Error("outer", { cause: new TerminalError("bad spec") }), 0, highest)).toEqual({
      class: "terminal",
    });
  });
});
