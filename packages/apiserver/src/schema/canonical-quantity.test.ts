import { canonicalQuantity as slowly } from "@homeostat/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalQuantity } from "./canonical-quantity.ts";

describe("canonical form of quantities", () => {
  it.each([
    ["0", "0"],
    ["1000m", "1"],
    ["0.5", "500m"],
    ["1000", "1k"],
    ["1024Mi", "1Gi"],
    ["1.5Gi", "1536Mi"],
    ["0.5Ki", "512"],
    ["1e3", "1e3"],
    ["8Ei", "9223372036854775807"],
  ])("writes %s as %s", (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  it.each(["", ".", "a", "1x", "1ki", "1 Gi", "1e", "--1", "1.2.3", "0x10", "Gi"])(
    "finds no quantity in %j",
    (text) => {
      expect(canonicalQuantity(text)).toBeUndefined();
    },
  );

  it("takes no short cut to another result", () => {
    const suffix = fc.constantFrom(
      "",
      "n",
      "u",
      "m",
      "k",
      "M",
      "G",
      "T",
      "P",
      "E",
      "Ki",
      "Mi",
      "Gi",
      "Ti",
      "Pi",
      "Ei",
      "e3",
    );
    const number = fc.oneof(fc.nat(9999), fc.nat(99)).map(String);
    fc.assert(
      fc.property(number, suffix, (digits, end) => {
        expect(canonicalQuantity(digits + end)).toBe(slowly(digits + end));
      }),
      { numRuns: 2000 },
    );
  });
});
