import { describe, expect, it } from "vitest";
import { quantile, ratios, summarize } from "./statistics.ts";

describe("quantile", () => {
  it("takes the middle between neighbours", () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([4, 1, 3, 2], 1)).toBe(4);
  });

  it("is no number where there are no samples", () => {
    expect(quantile([], 0.5)).toBeNaN();
  });

  it("leaves the samples in their order", () => {
    const samples = [3, 1, 2];
    quantile(samples, 0.5);
    expect(samples).toEqual([3, 1, 2]);
  });
});

describe("ratios", () => {
  it("divides round by round, so that a slow round cancels out", () => {
    expect(ratios([2, 20, 2], [1, 10, 1])).toEqual({ median: 2, min: 2, max: 2 });
    expect(summarize([2, 20, 2])).toEqual({ median: 2, min: 2, max: 20 });
  });
});
