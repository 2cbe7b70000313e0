import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { awkward } from "./awkward-texts.test-support.ts";
import { sortedYaml } from "./sorted-yaml.ts";
import { nodeOfJson } from "./yaml-text.ts";

describe("sortedYaml", () => {
  it("4.9: sorts keys, indents by four, and puts items below their key", () => {
    const tree = { b: [{ z: 1, x: "s" }, "t"], a: { "1": true, none: null }, c: {}, d: [] };
    expect(sortedYaml(tree)).toBe(
      'a:\n    "1": true\n    none: null\nb:\n    - x: s\n      z: 1\n    - t\nc: {}\nd: []\n',
    );
  });

  it.each([...awkward, "true", "no", "1.3", "0x1f", "1e3", "12:30", "2026-01-01", "~", "null", ".inf"])(
    "keeps the string %j a string",
    (value) => {
      expect(parse(sortedYaml({ a: { b: [value] }, c: value }), { version: "1.1" })).toEqual({
        a: { b: [value] },
        c: value,
      });
    },
  );

  it("4.9: sorts digits as numbers, signs before letters, and letters after digits first", () => {
    const keys = ["a10", "a2", "ab", "a_b", "a-b", "A", "a", "1", "10", "9", "a1b", "a1_", "a01", "a100", "a"];
    const tree = Object.fromEntries(keys.map((key) => [key, 1]));
    const sorted = sortedYaml(tree).trimEnd().split("\n");
    expect(sorted.map((line) => line.slice(0, -3).replaceAll('"', ""))).toEqual([
      "1",
      "9",
      "10",
      "A",
      "a",
      "a-b",
      "a_b",
      "a1b",
      "a1_",
      "a01",
      "a2",
      "a10",
      "a100",
      "ab",
    ]);
  });

  it.each(["1", "1_", "1:", "0.", " "])("4.9: reads long texts of %j once, not once for each character", (part) => {
    const text = `${part.repeat(200_000)}x`;
    expect(parse(sortedYaml({ [text.slice(0, 1000)]: text }))).toEqual({ [text.slice(0, 1000)]: text });
  });

  it("4.9: indents what is below an item's key to the next multiple of four", () => {
    const tree = { a: [{ b: { c: [1, [2, { d: { e: 1 } }]] }, f: [3] }] };
    expect(sortedYaml(tree)).toBe(
      [
        "a:",
        "    - b:",
        "        c:",
        "            - 1",
        "            - - 2",
        "              - d:",
        "                    e: 1",
        "      f:",
        "        - 3",
        "",
      ].join("\n"),
    );
    expect(parse(sortedYaml(tree))).toEqual(tree);
  });

  it("4.9: writes texts of several lines as blocks", () => {
    const tree = { a: "x\ny", b: { c: "x\n", d: "\tx\n\n y\n\n" }, e: ["x\n\ny"], f: " x\ny" };
    expect(sortedYaml(tree)).toBe(
      [
        "a: |-",
        "    x",
        "    y",
        "b:",
        "    c: |",
        "        x",
        "    d: |+",
        "        \tx",
        "",
        "         y",
        "",
        "e:",
        "    - |-",
        "      x",
        "",
        "      y",
        "f: |4-",
        "     x",
        "    y",
        "",
      ].join("\n"),
    );
  });

  it.each(["x\ny", "x\n", "\n", "x\n\n", " x\ny", "x \ny", "x\ny ", "\n x", "a\tb", "x\n\ty", "x\r\ny", "x\u0001\ny"])(
    "keeps the text %j whole, wherever it is",
    (text) => {
      const tree = { a: text, b: { c: text }, d: [text, [text], { e: text, f: { g: text } }], z: 1 };
      expect(parse(sortedYaml(tree))).toEqual(tree);
    },
  );

  it.each(["---", "--- a", "...", "<<", "-a", "a:b", "a#b"])(
    "keeps the string %j a string, as key and value",
    (text) => {
      expect(parse(sortedYaml({ [text]: text }), { version: "1.1", merge: true })).toEqual({ [text]: text });
    },
  );

  it("writes lists of lists", () => {
    const value = [["a", "b"], [], {}, [{ c: "d" }]];
    expect(parse(sortedYaml({ x: nodeOfJson(value) }))).toEqual({ x: value });
  });
});
