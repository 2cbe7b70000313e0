import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

interface Gap {
  readonly id: string;
  readonly reason: string;
  readonly effect: string;
}

const gaps = JSON.parse(readFileSync(new URL("../known-gaps.json", import.meta.url), "utf8")) as Gap[];

it("says of every gap why it is there and whom it concerns", () => {
  for (const gap of gaps) {
    expect(Object.keys(gap)).toEqual(["id", "reason", "effect"]);
    expect(gap.reason.endsWith(".") && gap.effect.endsWith(".")).toBe(true);
  }
  expect(new Set(gaps.map(({ id }) => id)).size).toBe(gaps.length);
});

it("calls nothing a gap that a suite shows to work", () => {
  const folder = new URL(".", import.meta.url);
  const suites = readdirSync(folder).filter((name) => name.endsWith(".test.ts") && name !== "known-gaps.test.ts");
  const claimed = suites.flatMap((name) =>
    [...readFileSync(new URL(name, folder), "utf8").matchAll(/\("((?:B\d{3} )+)/g)].flatMap(([, ids = ""]) =>
      ids.trim().split(" "),
    ),
  );
  expect(claimed.length).toBeGreaterThan(100);
  expect(gaps.filter(({ id }) => claimed.includes(id))).toEqual([]);
});
