import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonSyntaxError, parseStrictJson } from "./strict-json.ts";

describe("JSON of request bodies", () => {
  it("B099 names keys that come twice by their path, once each, and keeps the last value", () => {
    const text = '{"spec":{"a":1,"a":2,"a":3,"list":[{"b":1},{"b":1,"b":{}}]},"kind":"X","kind":"Y"}';
    const result = parseStrictJson(text);
    expect(result.duplicates).toEqual(["spec.a", "spec.list[1].b", "kind"]);
    expect(result.value).toEqual(JSON.parse(text));
  });

  it("finds a key that is written differently the second time", () => {
    expect(parseStrictJson('{"ab":1,"\\u0061b":2}').duplicates).toEqual(["ab"]);
  });

  it("is not confused by colons, braces and escaped quotes in strings", () => {
    const text = JSON.stringify({ a: 'x":{[\\"', 'b\\"\\\\:': ["\\", '"', ":"] });
    expect(parseStrictJson(text)).toEqual({ value: JSON.parse(text), duplicates: [], inexact: [] });
  });

  it("keeps __proto__ as a key like any other", () => {
    const result = parseStrictJson('{"__proto__":{"a":1},"b":1,"b":2}');
    expect(JSON.stringify(result.value)).toBe('{"__proto__":{"a":1},"b":2}');
    expect(Object.getPrototypeOf(result.value)).toBe(Object.prototype);
  });

  it("names integers that a JavaScript number does not hold, and only those", () => {
    const text =
      '{"a":9007199254740993,"b":[-9223372036854775807],"c":18014398509481984,"d":0.1234567890123456789,"e":1e300,"f":"12345678901234567890"}';
    expect(parseStrictJson(text).inexact).toEqual(["a", "b[0]"]);
  });

  it.each([
    ["", "the end where a value is expected, line 1, column 1"],
    ["{", "the end where a key in double quotes is expected, line 1, column 2"],
    ['{"a":1,}', '"}" where a key in double quotes is expected, line 1, column 8'],
    ["{a:1}", '"a" where a key in double quotes is expected, line 1, column 2'],
    ['{"a" 1}', "\"1\" where ':' after a key is expected, line 1, column 6"],
    ["[1 2]", "\"2\" where ',' or ']' is expected, line 1, column 4"],
    ['{"a":1 "b"}', "\"\\\"\" where ',' or '}' is expected, line 1, column 8"],
    ["[1,\n  tru]", '"t" where a value is expected, line 2, column 3'],
    ["01", '"1" where the end is expected, line 1, column 2'],
    ['"abc', "the end where a closing quote is expected, line 1, column 5"],
    ['"a\\x"', '"\\\\" where a character or escape that strings allow is expected, line 1, column 3'],
    ["NaN", '"N" where a value is expected, line 1, column 1'],
    ["{} {}", '"{" where the end is expected, line 1, column 4'],
  ])("says what is wrong with %j", (text, message) => {
    expect(() => parseStrictJson(text)).toThrow(new JsonSyntaxError(message));
  });

  it("refuses numbers that would become infinite", () => {
    expect(() => parseStrictJson('{"a":[1e400]}')).toThrow(new JsonSyntaxError("number 1e400 at a[0] is too large"));
    expect(() => parseStrictJson(`{"a":-${"9".repeat(400)}}`)).toThrow("is too large");
  });

  it("refuses absurd nesting", () => {
    expect(() => parseStrictJson("[".repeat(100_000) + "]".repeat(100_000))).toThrow("nested deeper than 1000 levels");
    expect(parseStrictJson("[".repeat(1000) + "]".repeat(1000)).duplicates).toEqual([]);
  });

  it("agrees with JSON.parse on any value, with a doubled key to take the slow way", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.boolean(), (json, spaced) => {
        const inner = spaced ? JSON.stringify(JSON.parse(json), undefined, 2) : json;
        expect(parseStrictJson(inner).value).toEqual(JSON.parse(inner));
        const doubled = `{"k":0,"k":${inner}}`;
        expect(parseStrictJson(doubled).value).toEqual(JSON.parse(doubled));
        expect(parseStrictJson(doubled).duplicates).toContain("k");
      }),
      { numRuns: 300 },
    );
  });

  it("takes and refuses the same texts as JSON.parse, but for numbers that are none", () => {
    const piece = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      '"\\n"',
      '"\\q"',
      "1",
      "-0.5e3",
      "-",
      "01",
      "true",
      "nul",
      "null",
      " ",
      "\n",
      "\t",
      "\u0001",
      '"',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        let good = true;
        let value: unknown;
        try {
          // What JSON.parse makes infinite, nobody could write back.
          value = JSON.parse(text, (_, each) => {
            if (typeof each === "number" && !Number.isFinite(each)) good = false;
            return each;
          });
        } catch {
          good = false;
        }
        if (good) expect(parseStrictJson(text).value).toEqual(value);
        else expect(() => parseStrictJson(text)).toThrow(JsonSyntaxError);
      }),
      { numRuns: 3000 },
    );
  });
});
