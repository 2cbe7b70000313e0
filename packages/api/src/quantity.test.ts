import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SyntaxFault } from "./errors.ts";
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityFromMilli,
  quantityToMilli,
  quantityToNumber,
  roundQuantity,
  subtractQuantities,
} from "./quantity.ts";

describe("canonicalQuantity", () => {
  it.each<[string | number, string]>([
    ["1000m", "1"],
    ["0.5", "500m"],
    ["1024Mi", "1Gi"],
    ["1.5Gi", "1536Mi"],
    ["1Ki", "1Ki"],
    ["1023Ki", "1023Ki"],
    ["0.5Ki", "512"],
    ["0.1Mi", "104857600m"],
    ["0.0001Ki", "102400u"],
    ["0", "0"],
    ["-0", "0"],
    ["0Gi", "0"],
    ["00100", "100"],
    ["+1", "1"],
    ["-500m", "-500m"],
    ["-1024Mi", "-1Gi"],
    ["1.", "1"],
    [".5", "500m"],
    ["1000", "1k"],
    ["1000k", "1M"],
    ["1500", "1500"],
    ["12300", "12300"],
    ["1000000u", "1"],
    ["1E", "1E"],
    ["1000E", "1000E"],
    ["1e3", "1e3"],
    ["1E3", "1e3"],
    ["1e4", "10e3"],
    ["1e0", "1"],
    ["1e-3", "1e-3"],
    ["5e-1", "500e-3"],
    ["12e20", "1200e18"],
    ["1e21", "1e21"],
    [1.5, "1500m"],
    [1e21, "1e21"],
    ["16Ei", "9223372036854775807"],
  ])("B285 writes %s as %s", (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  it.each([
    ["1.5n", "2n"],
    ["0.1n", "1n"],
    ["-0.1n", "-1n"],
    ["1e-12", "1e-9"],
    ["1e-99999999", "1e-9"],
    ["0e-99999999", "0"],
    ["1.0000000001", "1000000001n"],
  ])("rounds what is finer than a billionth up: %s to %s", (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  it.each([
    "",
    " ",
    ".",
    "+",
    "1 Gi",
    "1GB",
    "1ki",
    "1K",
    "1mi",
    "0x10",
    "1e",
    "1e1.5",
    "1ee3",
    "--1",
    "1,5",
    "Infinity",
    "NaN",
    "1e600",
    "1".repeat(600),
  ])("refuses %j", (text) => {
    expect(() => parseQuantity(text)).toThrow(SyntaxFault);
  });
});

describe("arithmetic", () => {
  it("compares by value, not by spelling", () => {
    expect(compareQuantities("1000m", 1)).toBe(0);
    expect(compareQuantities("1Gi", "1G")).toBe(1);
    expect(compareQuantities("-1", "0")).toBe(-1);
  });

  it("keeps the first operand's way of writing, unless it is zero", () => {
    expect(formatQuantity(addQuantities("1Gi", "1024"))).toBe("1048577Ki");
    expect(formatQuantity(addQuantities("0", "1Ki"))).toBe("1Ki");
    expect(formatQuantity(subtractQuantities("1", "1500m"))).toBe("-500m");
  });

  it("converts to numbers", () => {
    expect(quantityToNumber("500m")).toBe(0.5);
    expect(quantityToNumber("1Gi")).toBe(1073741824);
    expect(quantityToNumber("0.1")).toBe(0.1);
    expect(quantityToNumber("1e30")).toBe(1e30);
  });

  it("rounds up, away from zero", () => {
    expect(formatQuantity(roundQuantity("1u", "milli"))).toBe("1m");
    expect(formatQuantity(roundQuantity("-1u", "milli"))).toBe("-1m");
    expect(formatQuantity(roundQuantity("1100m", "one"))).toBe("2");
    expect(quantityToMilli("100500u")).toBe(101n);
    expect(formatQuantity(quantityFromMilli(1500))).toBe("1500m");
  });
});

describe("properties", () => {
  const text = fc
    .tuple(
      fc.constantFrom("", "-", "+"),
      fc.nat({ max: 10 ** 9 }),
      fc.option(fc.stringMatching(/^[0-9]{1,6}$/), { nil: undefined }),
      fc.constantFrom("", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "e3", "E-2", "e0"),
    )
    .map(
      ([sign, whole, fraction, suffix]) => `${sign}${whole}${fraction === undefined ? "" : `.${fraction}`}${suffix}`,
    );

  it("keeps the value when it is written and read again", () => {
    fc.assert(fc.property(text, (value) => parseQuantity(canonicalQuantity(value)).nano === parseQuantity(value).nano));
  });

  it("writes a canonical text as itself", () => {
    fc.assert(
      fc.property(text, (value) => {
        const once = canonicalQuantity(value);
        expect(canonicalQuantity(once)).toBe(once);
      }),
    );
  });

  it("takes away what it added", () => {
    fc.assert(
      fc.property(text, text, (a, b) => compareQuantities(subtractQuantities(addQuantities(a, b), b), a) === 0),
    );
  });

  it("orders as numbers do", () => {
    const whole = fc.integer({ min: -1_000_000, max: 1_000_000 });
    fc.assert(fc.property(whole, whole, (a, b) => compareQuantities(`${a}m`, `${b}m`) === Math.sign(a - b)));
  });
});
