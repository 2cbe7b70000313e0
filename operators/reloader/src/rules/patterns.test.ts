import { describe, expect, test } from "vitest";
import { MAX_NAMES, parseExactNames, parseNameList } from "./patterns.ts";

describe("name list", () => {
  test("trims its pieces and leaves empty ones out", () => {
    const list = parseNameList(" a, app ,,b");
    expect([...list.literals]).toEqual(["a", "app", "b"]);
    expect(list.matches("app")).toBe(true);
    expect(list.matches("")).toBe(false);
  });

  test("matches whole names only", () => {
    expect(parseNameList("ap").matches("app")).toBe(false);
    expect(parseNameList("a.").matches("app")).toBe(false);
    expect(parseNameList("x|app").matches("my-app")).toBe(false);
    expect(parseNameList("x|app").matches("app")).toBe(true);
  });

  test("takes a name with dots as the pattern it is", () => {
    const list = parseNameList("my.config");
    expect(list.hasPatterns).toBe(true);
    expect(list.matches("my.config")).toBe(true);
    expect(list.matches("my-config")).toBe(true);
  });

  test("reads RE2: flags inside, POSIX classes, no look-around", () => {
    expect(parseNameList("(?i)APP").matches("app")).toBe(true);
    expect(parseNameList("app-[[:digit:]]+").matches("app-12")).toBe(true);
    expect(parseNameList("(?=app).*").faults).toHaveLength(1);
  });

  test("says which piece is bad, and keeps the good ones", () => {
    const list = parseNameList("app[,app");
    expect(list.faults[0]).toContain('"app[" is no RE2 pattern');
    expect(list.matches("app")).toBe(true);
  });

  test("warns of a comma inside braces, where it separates", () => {
    const list = parseNameList("app-[0-9]{1,2}");
    expect(list.faults.join()).toContain("separates two names");
    expect(list.matches("app-1")).toBe(false);
  });

  test("answers at once where a backtracking engine would hang", () => {
    const list = parseNameList("(a+)+b");
    expect(list.matches("a".repeat(10_000))).toBe(false);
  });

  test("looks at a bounded number of names, and says so", () => {
    const list = parseNameList(Array.from({ length: 5_000 }, (_, index) => `n${index}`).join());
    expect(list.literals.size).toBe(MAX_NAMES);
    expect(list.faults).toHaveLength(1);
    expect(parseNameList("x".repeat(1_000_000).replace("x", "*")).faults[0]).toContain("1000000 characters");
  });
});

describe("hostile list", () => {
  test("6: holds no pattern whose program is large, however short its text", () => {
    const list = parseNameList("(a?){1000}b,app");
    expect(list.faults[0]).toContain("takes too long");
    expect(list.matches("app")).toBe(true);
  });

  test("6: holds a bounded number of patterns, beside which dotted names do not count", () => {
    const dotted = Array.from({ length: 100 }, (_, index) => `tls.example-${index}.com`);
    expect(parseNameList(dotted.join()).faults).toEqual([]);
    expect(parseNameList(dotted.join()).matches("tls.example-99.com")).toBe(true);
    const list = parseNameList(Array.from({ length: 100 }, (_, index) => `app-${index}-.*`).join());
    expect(list.faults).toHaveLength(1);
    expect(list.matches("app-31-x")).toBe(true);
    expect(list.matches("app-32-x")).toBe(false);
  });
});

test("a list of exact names holds no patterns", () => {
  const names = parseExactNames(" a, app-.* ");
  expect(names.has("app-.*")).toBe(true);
  expect(names.has("app-1")).toBe(false);
});
