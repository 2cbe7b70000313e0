import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { shellQuote } from "./shell-quote.ts";

test.each(["/tmp/kubeconfig", "/tmp/my files/it's", '$HOME `x` "y" \\', "", "a;b&c|d"])(
  "a shell reads %j as it is",
  (word) => {
    expect(execFileSync("sh", ["-c", `printf %s ${shellQuote(word)}`], { encoding: "utf8" })).toBe(word);
  },
);

test("leaves plain paths alone", () => {
  expect(shellQuote("/home/me/.homeostat/kubeconfig")).toBe("/home/me/.homeostat/kubeconfig");
});
