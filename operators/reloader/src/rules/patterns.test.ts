import { describe, expect, test } from "vitest";
import { TURN } from "../engine/pattern-gate.ts";
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

  test("6: tries names as far as the work goes, and remembers what it tried", () => {
    const list = parseNameList("[ab]*a[ab]{200}");
    const names = Array.from({ length: 20 }, (_, index) => "a".repeat(230) + "b".repeat(index));
    const work = { left: 200_000 };
    const first = names.map((name) => list.tries(name, work));
    expect(first).toContain(undefined);
    expect(first[0]).toBe(true);
    const rounds = [first];
    while (rounds.at(-1)!.includes(undefined) && rounds.length < 20) {
      const more = { left: 200_000 };
      rounds.push(names.map((name) => list.tries(name, more)));
      list.rest();
    }
    expect(rounds.length).toBeGreaterThan(2);
    expect(rounds.at(-1)).toEqual(names.map(() => true));
    expect(names.map((name) => list.tries(name, { left: 0 }))).toEqual(names.map(() => true));
  });

  test("6: however many patterns it holds, a turn is enough for any name", () => {
    const list = parseNameList(Array.from({ length: 32 }, (_, index) => `[ab]*a[ab]{400}c{${index}}`).join());
    expect(list.faults.length).toBeGreaterThan(0);
    expect(list.tries("a".repeat(253), { left: TURN })).toBeDefined();
  });

  test("6: spends nothing on names that begin otherwise", () => {
    const list = parseNameList("app-.*,team-[0-9]+(x|y)?");
    const nothing = { left: 0 };
    expect(list.tries("other", nothing)).toBe(false);
    expect(list.tries("app-1", nothing)).toBeUndefined();
    expect(list.matches("app-1")).toBe(true);
  });

  test.each([
    ["ab*c", "ac", true],
    ["ab?c", "ac", true],
    ["ab{0}c", "ac", true],
    ["abc|x", "x", true],
    ["(?i)app-.*", "APP-1", true],
    ["app-\\d+", "app-1", true],
    ["app-[0-9]", "app-7", true],
    ["app-(a|b)", "app-b", true],
    ["app-x+", "app-xx", true],
    ["app-x*", "app-", true],
    ["app-.*", "ap", false],
  ])("6: %s and %s: %s, whatever it can be told from the beginning", (text, name, expected) => {
    expect(parseNameList(text).matches(name)).toBe(expected);
  });

  test("6: holds no name that no object can have", () => {
    const list = parseNameList(`${"x".repeat(200_000)},${"y.".repeat(500)},app`);
    expect(list.literals).toEqual(new Set(["app"]));
    expect(list.faults).toHaveLength(2);
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
