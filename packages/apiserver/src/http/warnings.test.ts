import { describe, expect, it } from "vitest";
import { Warnings, warningHeader } from "./warnings.ts";

describe("warnings", () => {
  it("B017 are given once each, in order", () => {
    const warnings = new Warnings();
    for (const text of ["b", "a", "b", ""]) warnings.add(text);
    expect(warnings.headers()).toEqual(['299 - "b"', '299 - "a"']);
  });

  it.each([
    ["plain", '299 - "plain"'],
    ['a "quoted" \\ text', '299 - "a \\"quoted\\" \\\\ text"'],
    ["two\nlines", '299 - "two lines"'],
    ["größe = 1", '299 - "=?utf-8?q?gr=C3=B6=C3=9Fe_=3D_1?="'],
  ])("B017 escape %j", (text, expected) => {
    expect(warningHeader(text)).toBe(expected);
  });

  it("B017 are cut, then left out, where they would take more than 4 KiB", () => {
    const warnings = new Warnings();
    for (let index = 0; index < 100; index++) warnings.add(`${index} ${"x".repeat(1000)}`);
    const headers = warnings.headers();
    expect(headers.every((value) => value.length < 300)).toBe(true);
    expect(headers.length).toBeGreaterThan(10);
    expect(headers.join("").length).toBeLessThanOrEqual(4096);
  });
});
