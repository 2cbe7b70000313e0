import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalQuantity } from "./canonical-quantity.ts";

describe("canonical form of quantities", () => {
  it.each([
    ["0", "0"],
    ["-0", "0"],
    ["0Gi", "0"],
    ["1000m", "1"],
    ["0.5", "500m"],
    [".5", "500m"],
    ["5.", "5"],
    ["+1", "1"],
    ["-1500m", "-1500m"],
    ["1500", "1500"],
    ["1000", "1k"],
    ["1024Mi", "1Gi"],
    ["1.5Gi", "1536Mi"],
    ["1024", "1024"],
    ["1023Ki", "1023Ki"],
    ["0.5Ki", "512"],
    ["0.1Mi", "104857600m"],
    ["1e3", "1e3"],
    ["1E3", "1e3"],
    ["1500e0", "1500"],
    ["12e4", "120e3"],
    ["1E", "1E"],
    ["0.1n", "1n"],
    ["-0.1n", "-1n"],
    ["1.0000000001", "1000000001n"],
    ["1000E", "9223372036854775807"],
    ["8Ei", "9223372036854775807"],
    ["1e99999999999", "9223372036854775807"],
    ["1e-99999999999", "1e-9"],
  ])("writes %s as %s", (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  it.each(["", ".", "a", "1x", "1ki", "1 Gi", "1e", "--1", "1.2.3", "1Kii", "0x10", "1e+", "Gi"])(
    "finds no quantity in %j",
    (text) => {
      expect(canonicalQuantity(text)).toBeUndefined();
    },
  );

  it("leaves what is canonical", () => {
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
      "Ki",
      "Mi",
      "Gi",
      "Ti",
      "Pi",
      "e3",
      "e-3",
    );
    const text = fc
      .tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.nat(999), suffix)
      .map(([whole, fraction, end]) => `${whole}.${fraction}${end}`);
    fc.assert(
      fc.property(text, (given) => {
        const canonical = canonicalQuantity(given);
        expect(canonical).toBeDefined();
        expect(canonicalQuantity(canonical!)).toBe(canonical);
      }),
    );
  });
});
