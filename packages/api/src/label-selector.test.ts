import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SyntaxFault } from "./errors.ts";
import { formatLabelSelector, labelMatcher, matchesLabelSelector, parseLabelSelector } from "./label-selector.ts";

const matches = (text: string, labels?: Record<string, string>) => parseLabelSelector(text).matches(labels);

describe("parseLabelSelector", () => {
  it.each<[string, Record<string, string>, boolean]>([
    ["", {}, true],
    ["   ", { a: "1" }, true],
    ["a=b", { a: "b" }, true],
    ["a = b", { a: "b" }, true],
    ["a==b", { a: "c" }, false],
    ["a=", { a: "" }, true],
    ["a=", {}, false],
    ["a=,b=1", { a: "", b: "1" }, true],
    ["a!=b", { a: "c" }, true],
    ["a!=b", {}, true],
    ["a!=b", { a: "b" }, false],
    ["a in (x, y)", { a: "y" }, true],
    ["a in (x,y)", {}, false],
    ["a in (,x)", { a: "" }, true],
    ["a in ()", { a: "" }, true],
    ["a notin (x,y)", {}, true],
    ["a notin (x,y)", { a: "x" }, false],
    ["a", { a: "" }, true],
    ["a", {}, false],
    ["!a", {}, true],
    ["! a", { a: "1" }, false],
    ["a>1", { a: "2" }, true],
    ["a>1", { a: "x" }, false],
    ["a>1", {}, false],
    ["a<10", { a: "9" }, true],
    ["a<10", { a: "10" }, false],
    ["example.com/a=b,!c,d in (e)", { "example.com/a": "b", d: "e" }, true],
    ["in in (in,notin)", { in: "notin" }, true],
    ["constructor", {}, false],
  ])("B108 judges %j on %j as %s", (text, labels, expected) => {
    expect(matches(text, labels)).toBe(expected);
  });

  it("takes no labels for empty ones", () => {
    expect(matches("!a")).toBe(true);
    expect(matches("a")).toBe(false);
  });

  it.each([
    ["a=b,", /found '', expected: identifier after ','/],
    [",a", /found ',', expected: !, identifier, or 'end of string'/],
    ["a=b,,c", /found ',', expected: identifier after ','/],
    ["a b", /found 'b', expected: in, notin, =, ==, !=, gt, lt/],
    ["a in x", /found 'x', expected: '\('/],
    ["a in (x", /found '', expected: ',' or '\)'/],
    ["a=b c", /found 'c', expected: ',' or 'end of string'/],
    ["!", /found '', expected: identifier/],
    ["!a=b", /found '=', expected: ',' or 'end of string'/],
    ["a===b", /found '=', expected: identifier/],
    ["a=b/c", /label value "b\/c" of key "a": a valid label must be/],
    ["-a=b", /label key "-a": name part must consist of/],
    ["a/b/c", /qualified name/],
    ["a>x", /must be an integer/],
    [`a=${"x".repeat(64)}`, /no more than 63/],
  ])("B108 refuses %j and says why", (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(SyntaxFault);
    expect(() => parseLabelSelector(text)).toThrow(message);
  });
});

describe("labelMatcher", () => {
  it("demands all labels and all expressions", () => {
    const matcher = labelMatcher({
      matchLabels: { app: "web" },
      matchExpressions: [
        { key: "tier", operator: "In", values: ["a", "b"] },
        { key: "old", operator: "DoesNotExist" },
        { key: "env", operator: "NotIn", values: ["test"] },
        { key: "app", operator: "Exists" },
      ],
    });
    expect(matcher.matches({ app: "web", tier: "b" })).toBe(true);
    expect(matcher.matches({ app: "web", tier: "b", old: "" })).toBe(false);
    expect(matcher.matches({ app: "web", tier: "b", env: "test" })).toBe(false);
    expect(matcher.matches({ app: "web" })).toBe(false);
  });

  it("matches everything when empty and nothing when absent", () => {
    expect(labelMatcher({}).matches({ a: "b" })).toBe(true);
    expect(matchesLabelSelector({ matchLabels: { a: "b" } }, { a: "b" })).toBe(true);
    expect(labelMatcher(undefined).matches({})).toBe(false);
    expect(labelMatcher(null).matches({})).toBe(false);
  });

  it.each([
    [{ matchExpressions: [{ key: "a", operator: "Is" }] }, /"Is" is not a valid label selector operator/],
    [{ matchExpressions: [{ key: "a", operator: "In" }] }, /values set can't be empty/],
    [{ matchExpressions: [{ key: "a", operator: "Exists", values: ["b"] }] }, /must be empty/],
    [{ matchLabels: { "a b": "c" } }, /label key "a b"/],
  ])("refuses %j", (selector, message) => {
    expect(() => labelMatcher(selector)).toThrow(message);
  });
});

describe("formatLabelSelector", () => {
  it("writes demands by key and values in order", () => {
    expect(
      formatLabelSelector({
        matchLabels: { b: "1" },
        matchExpressions: [{ key: "a", operator: "In", values: ["y", "x"] }],
      }),
    ).toBe("a in (x,y),b=1");
    expect(formatLabelSelector(parseLabelSelector("d<5,!c,b,a!=x"))).toBe("a!=x,b,!c,d<5");
  });

  it("has no text for a selector that matches nothing", () => {
    expect(() => formatLabelSelector(labelMatcher(undefined))).toThrow(SyntaxFault);
  });

  it("keeps its meaning when it is read again", () => {
    const word = fc.constantFrom("a", "b", "c", "x1", "in", "notin", "");
    const key = fc.constantFrom("a", "b", "example.com/c", "in");
    const expression = fc.oneof(
      fc.record({
        key,
        operator: fc.constantFrom("In", "NotIn"),
        values: fc.array(word, { minLength: 1, maxLength: 3 }),
      }),
      fc.record({ key, operator: fc.constantFrom("Exists", "DoesNotExist") }),
    );
    const labels = fc.dictionary(key, word);
    fc.assert(
      fc.property(fc.array(expression, { maxLength: 4 }), labels, (matchExpressions, some) => {
        const selector = { matchExpressions };
        expect(parseLabelSelector(formatLabelSelector(selector)).matches(some)).toBe(
          labelMatcher(selector).matches(some),
        );
      }),
    );
  });
});
