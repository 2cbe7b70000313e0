import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SyntaxFault } from "./errors.ts";
import { fieldSelector, formatFieldSelector, parseFieldSelector } from "./field-selector.ts";

describe("parseFieldSelector", () => {
  it.each([
    ["", []],
    ["a=b", [["a", "=", "b"]]],
    [
      "a==b,c!=d",
      [
        ["a", "=", "b"],
        ["c", "!=", "d"],
      ],
    ],
    ["a=", [["a", "=", ""]]],
    [
      "a=b,,c=d,",
      [
        ["a", "=", "b"],
        ["c", "=", "d"],
      ],
    ],
    ["a=b\\,c\\=d\\\\", [["a", "=", "b,c=d\\"]]],
    ["a=!b", [["a", "=", "!b"]]],
  ])("B109 reads %j", (text, expected) => {
    expect(parseFieldSelector(text).requirements.map(({ field, operator, value }) => [field, operator, value])).toEqual(
      expected,
    );
  });

  it.each([
    ["a", /can't understand 'a'/],
    ["a=b=c", /unescaped character in value: =/],
    ["a=b\\n", /invalid escape sequence: \\n/],
    ["a=b\\", /invalid escape sequence: \\/],
  ])("B109 refuses %j and says why", (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(SyntaxFault);
    expect(() => parseFieldSelector(text)).toThrow(message);
  });

  it("takes an absent field for an empty one", () => {
    expect(parseFieldSelector("spec.nodeName=").matches({})).toBe(true);
    expect(parseFieldSelector("spec.nodeName!=").matches({})).toBe(false);
    expect(parseFieldSelector("a=1,b!=2").matches({ a: "1", b: "3" })).toBe(true);
    expect(parseFieldSelector("a=1,b!=2").matches({ a: "1", b: "2" })).toBe(false);
  });

  it("B003 tells the one value a field must have", () => {
    const selector = parseFieldSelector("metadata.name=web,status.phase!=Running");
    expect(selector.exactValue("metadata.name")).toBe("web");
    expect(selector.exactValue("status.phase")).toBeUndefined();
  });
});

describe("formatFieldSelector", () => {
  it("writes values of any characters so that they are read again", () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const text = formatFieldSelector(fieldSelector({ "metadata.name": value }));
        expect(parseFieldSelector(text).exactValue("metadata.name")).toBe(value);
      }),
    );
  });
});
