import type { Json } from "@homeostat/api";
import fc from "fast-check";
import { expect, test } from "vitest";
import { applyJsonPatch, createJsonPatch } from "./json-patch.ts";

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>;

test("what is created turns one value into the other", () => {
  fc.assert(
    fc.property(json, json, (old, now) => {
      // JSON has no negative zero.
      const wanted = JSON.parse(JSON.stringify(now)) as Json;
      expect(JSON.stringify(sorted(applyJsonPatch(old, createJsonPatch(old, now))))).toBe(
        JSON.stringify(sorted(wanted)),
      );
    }),
  );
});

const sorted = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key]!)]),
  );
};

test("applies each operation of RFC 6902, on a copy", () => {
  const document = { a: [1, 2], "b/c": { "~": 1 } };
  const patched = applyJsonPatch(document, [
    { op: "test", path: "/a/1", value: 2 },
    { op: "add", path: "/a/-", value: 3 },
    { op: "add", path: "/a/0", value: 0 },
    { op: "replace", path: "/b~1c/~0", value: 2 },
    { op: "copy", from: "/a", path: "/copy" },
    { op: "move", from: "/b~1c", path: "/moved" },
    { op: "remove", path: "/a/1" },
  ]);
  expect(patched).toEqual({ a: [0, 2, 3], copy: [0, 1, 2, 3], moved: { "~": 2 } });
  expect(document).toEqual({ a: [1, 2], "b/c": { "~": 1 } });
  expect(applyJsonPatch({ a: 1 }, [{ op: "replace", path: "", value: [1] }])).toEqual([1]);
});

test("names the operation that cannot be applied", () => {
  const fails = (operation: Parameters<typeof applyJsonPatch>[1][number]) =>
    expect(() => applyJsonPatch({ a: { b: [1] } }, [operation]));
  fails({ op: "remove", path: "/x" }).toThrow('remove /x: there is no "x"');
  fails({ op: "remove", path: "/constructor" }).toThrow("there is no");
  fails({ op: "add", path: "/x/y", value: 1 }).toThrow('there is no "x"');
  fails({ op: "add", path: "/a/b/2", value: 1 }).toThrow("there is no item");
  fails({ op: "add", path: "/a/b/01", value: 1 }).toThrow("there is no item");
  fails({ op: "replace", path: "/a/b/-", value: 1 }).toThrow("there is no item");
  fails({ op: "test", path: "/a/b/0", value: 2 }).toThrow("the value is another one");
  fails({ op: "move", from: "/a", path: "/a/c" }).toThrow("into itself");
  fails({ op: "add", path: "a", value: 1 }).toThrow("must start with /");
  fails({ op: "add", path: "/a/b/0/c", value: 1 }).toThrow("is no object");
});
