import { describe, expect, it } from "vitest";
import { parseStrictYaml, YamlSyntaxError } from "./yaml.ts";

const value = (text: string) => parseStrictYaml(text).value;

describe("YAML of request bodies", () => {
  it("reads booleans and octals as YAML 1.1 and leaves times as strings", () => {
    expect(value("a: on\nb: no\nc: 0644\nd: 2026-01-02\ne: 1:30\nf: 'on'\ng: 0x1F\nh: 1e3\ni: ~\nj: y\n")).toEqual({
      a: true,
      b: false,
      c: 420,
      d: "2026-01-02",
      e: "1:30",
      f: "on",
      g: 31,
      h: 1000,
      i: null,
      j: "y",
    });
  });

  it("takes a point, the root of DNS, for a text", () => {
    expect(parseStrictYaml("searches: [., svc.cluster.local, 1., .5]").value).toEqual({
      searches: [".", "svc.cluster.local", 1, 0.5],
    });
  });

  it("reads JSON, and flow mappings that look like it", () => {
    expect(value(' {"a": [1, {"b": null}]}')).toEqual({ a: [1, { b: null }] });
    expect(value("{a: [1, {b: x}]}")).toEqual({ a: [1, { b: "x" }] });
  });

  it("unfolds anchors and merge keys", () => {
    expect(value("a: &x {q: 1, r: 2}\nb: {<<: *x, r: 3}\n")).toEqual({ a: { q: 1, r: 2 }, b: { q: 1, r: 3 } });
  });

  it("names keys that come twice by their path and keeps the last value", () => {
    const result = parseStrictYaml("spec:\n  list:\n  - a: 1\n    a: 2\nkind: X\nkind: Y\n");
    expect(result.duplicates).toEqual(["spec.list[0].a", "kind"]);
    expect(result.value).toEqual({ spec: { list: [{ a: 2 }] }, kind: "Y" });
  });

  it("names integers that a JavaScript number does not hold", () => {
    expect(parseStrictYaml("a: 9007199254740993\nb: 9007199254740992\nc: '9007199254740993'\n").inexact).toEqual(["a"]);
  });

  it.each([
    ["a: 1\n---\nb: 2\n", "one document is expected, more are given"],
    ["a: [1", "line 1, column 6"],
    ["a: .inf", ".inf at a has no form in JSON"],
    ["? {x: y}\n: 1\n", "a key at the root is no scalar"],
    ["a: *nowhere\n", "nowhere"],
    ["a: &a [*a, *a]\nb: *a\n", "contains itself"],
    ["a: &a {b: {c: *a}}\n", "contains itself"],
  ])("refuses %j", (text, message) => {
    expect(() => parseStrictYaml(text)).toThrow(YamlSyntaxError);
    expect(() => parseStrictYaml(text)).toThrow(message);
  });

  it("refuses a document that unfolds without end", () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let i = 1; i < 9; i++)
      lines.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(", ")}]`,
      );
    expect(() => parseStrictYaml(lines.join("\n"))).toThrow(YamlSyntaxError);
  });
});
