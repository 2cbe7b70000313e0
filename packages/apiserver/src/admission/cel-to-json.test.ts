import { Optional } from "@marcbachmann/cel-js";
import { expect, it } from "vitest";
import { celToJson } from "./cel-to-json.ts";

it("makes JSON of what expressions come to", () => {
  const value = new Map<string, unknown>([
    ["int", 3n],
    ["double", 1.5],
    ["list", [1n, "a", null]],
    ["time", new Date("2026-01-01T00:00:00Z")],
    ["bytes", new TextEncoder().encode("a")],
    ["map", { a: true }],
    ["some", Optional.of("x")],
    ["none", Optional.none()],
  ]);
  expect(celToJson(value)).toEqual({
    int: 3,
    double: 1.5,
    list: [1, "a", null],
    time: "2026-01-01T00:00:00Z",
    bytes: "YQ==",
    map: { a: true },
    some: "x",
  });
});

it("refuses what has no form in JSON", () => {
  expect(() => celToJson(new (class Thing {})())).toThrow("has no form in JSON");
});
