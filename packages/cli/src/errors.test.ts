import { notFound } from "@homeostat/api";
import { expect, test } from "vitest";
import { CommandError, errorText, exitCode, fileError, UsageError } from "./errors.ts";

test("is one line whatever the message", () => {
  expect(errorText(new CommandError("the door is shut:\n  open it\n"))).toBe("homeostat: the door is shut: open it");
  expect(errorText("thrown as text")).toBe("homeostat: thrown as text");
});

test("says what the API server answered", () => {
  expect(errorText(notFound({ group: "", plural: "pods" }, "a"))).toBe(
    'homeostat: the API server answered [NotFound] pods "a" not found',
  );
});

test("owns up to its own mistakes", () => {
  expect(errorText(new TypeError("x is not a function"))).toContain("this is a mistake in homeostat");
});

test("shows stacks of the error and its causes only when asked to", () => {
  const error = new CommandError("outer", { cause: new Error("inner") });
  expect(errorText(error)).not.toContain("at ");
  const verbose = errorText(error, { verbose: true });
  expect(verbose).toContain("CommandError: outer\n    at ");
  expect(verbose).toContain("Error: inner\n    at ");
});

test("tells wrong use from trouble by the exit code", () => {
  expect([new UsageError("a"), new CommandError("b"), new Error("c"), "d"].map(exitCode)).toEqual([2, 1, 1, 1]);
});

test.each([
  ["EACCES", "this user may not write there"],
  ["EROFS", "the file system is read-only"],
  ["ENOTDIR", "a part of the path is a file"],
  ["ENOSPC", "the disk is full"],
])("explains %s", (code, why) => {
  const error = fileError("write the kubeconfig", "/a/b", Object.assign(new Error("raw"), { code }), "choose another");
  expect(error.message).toBe(`cannot write the kubeconfig /a/b: ${why}; choose another`);
});

test("keeps the system's words for what it does not know", () => {
  expect(fileError("read", "/a", new Error("the disk melted"), "buy one").message).toBe(
    "cannot read /a: the disk melted; buy one",
  );
});
