import { describe, expect, it } from "vitest";
import { SyntaxFault } from "./errors.ts";
import { scaledValue } from "./int-or-string.ts";

describe("scaledValue", () => {
  it.each<[number | string, number, number, number]>([
    [3, 10, 3, 3],
    ["25%", 10, 3, 2],
    ["25%", 4, 1, 1],
    ["0%", 10, 0, 0],
    ["100%", 7, 7, 7],
    ["7%", 100, 7, 7],
    ["1%", 1, 1, 0],
  ])("takes %s of %d as %d rounded up and %d rounded down", (value, total, up, down) => {
    expect(scaledValue(value, total, true)).toBe(up);
    expect(scaledValue(value, total, false)).toBe(down);
  });

  it.each(["", "25", "-5%", "2.5%", "%", "a%"])("refuses %j", (value) => {
    expect(() => scaledValue(value, 10, true)).toThrow(SyntaxFault);
  });
});
