import { expect, test } from "vitest";
import { allOf, lastOf, parseGoFlags } from "./go-flags.ts";

test("reads flags in all forms that programs in Go take", () => {
  const flags = parseGoFlags(["--a=1", "--b", "2", "-c=3", "--d", "--e_f=x=y", "--", "rest"]);
  expect(["a", "b", "c", "d", "e-f"].map((name) => lastOf(flags, name))).toEqual(["1", "2", "3", "true", "x=y"]);
});

test("lets the last of several values count, or all of them", () => {
  const flags = parseGoFlags(["--a=1", "--a=2,3", "--empty="]);
  expect([lastOf(flags, "a"), allOf(flags, "a"), allOf(flags, "empty"), allOf(flags, "none")]).toEqual([
    "2,3",
    ["1", "2", "3"],
    [],
    [],
  ]);
});
