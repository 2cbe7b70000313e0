import { describe, expect, test } from "vitest";
import { pad, printable, textWidth, truncate, wrap } from "./text.ts";

test.each([
  ["plain", 5],
  ["", 0],
  ["日本", 4],
  ["é", 1],
  ["e\u0301", 1],
  ["👩‍💻", 2],
  ["a…b", 3],
])("measures %j as %i columns", (text, width) => {
  expect(textWidth(text)).toBe(width);
});

test("takes what a terminal would obey out of a text", () => {
  expect(printable("a\x1b[31mred\r\n\x07b\u009b2Jc\u202ed")).toBe("a [31mred b 2Jc d");
});

describe("truncate", () => {
  test.each([
    ["hello", 5, "hello"],
    ["hello", 4, "hel…"],
    ["hello", 1, "…"],
    ["hello", 0, ""],
    ["日本語", 4, "日…"],
    ["a b c", 3, "a…"],
  ])("cuts %j to %i columns: %j", (text, width, cut) => {
    expect(truncate(text, width)).toBe(cut);
    expect(textWidth(truncate(text, width))).toBeLessThanOrEqual(Math.max(width, 0));
  });
});

test("pads by columns, not by characters", () => {
  expect(pad("日", 4)).toBe("日  ");
  expect(pad("12", 4, "right")).toBe("  12");
});

describe("wrap", () => {
  test("breaks at spaces", () => {
    expect(wrap("one two three four", 9, 5)).toEqual(["one two", "three", "four"]);
  });
  test("cuts what does not fit into the last line", () => {
    expect(wrap("one two three four", 9, 2)).toEqual(["one two", "three fo…"]);
  });
  test("cuts a word that is too long for a line", () => {
    expect(wrap("incomprehensibilities yes", 8, 3)).toEqual(["incompr…", "yes"]);
  });
  test("makes no line of nothing", () => {
    expect(wrap("", 8, 3)).toEqual([]);
  });
});
