import { expect, test } from "vitest";
import { contentDigest } from "./content-digest.ts";

const of = (data: Record<string, string>) => contentDigest([["a", { data }]]);

test("stays where only the order of keys differs", () => {
  expect(of({ a: "1", b: "2" })).toBe(of({ b: "2", a: "1" }));
});

test.each([
  ["a value", of({ a: "1" }), of({ a: "2" })],
  ["a key", of({ a: "1" }), of({ b: "1" })],
  ["where a value ends", of({ a: "1", b: "2" }), of({ a: "1b", "": "2" })],
  ["whether it is there", contentDigest([["a", undefined]]), of({})],
  ["the name", contentDigest([["a", {}]]), contentDigest([["b", {}]])],
  ["binary data", contentDigest([["a", { binaryData: { x: "AA==" } }]]), contentDigest([["a", {}]])],
])("changes with %s", (_, before, after) => {
  expect(after).not.toBe(before);
});
