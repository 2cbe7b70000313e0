import type { Json, JsonObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { applyJsonPatch } from "./json-patch.ts";
import { PatchError } from "./patch-error.ts";

const kindOfFailure = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof PatchError) return error.kind;
    throw error;
  }
  return "none";
};

const at = (value: Json, ...path: string[]): Json =>
  path.reduce<Json>((current, key) => (current as JsonObject)[key] as Json, value);

const object = (): JsonObject => ({
  metadata: { name: "web", labels: { app: "web", constructor: "acme", "a/b": "1", "c~d": "2" } },
  spec: { replicas: 3, args: ["a", "b", "c"] },
});

describe("applyJsonPatch", () => {
  const applies: [title: string, patch: Json, path: (result: JsonObject) => unknown, wanted: unknown][] = [
    ["adds a field", [{ op: "add", path: "/spec/paused", value: true }], (o) => at(o, "spec", "paused"), true],
    [
      "appends with -",
      [{ op: "add", path: "/spec/args/-", value: "d" }],
      (o) => at(o, "spec", "args"),
      ["a", "b", "c", "d"],
    ],
    [
      "inserts before an item",
      [{ op: "add", path: "/spec/args/1", value: "x" }],
      (o) => at(o, "spec", "args"),
      ["a", "x", "b", "c"],
    ],
    [
      "counts a negative index from the end",
      [{ op: "remove", path: "/spec/args/-1" }],
      (o) => at(o, "spec", "args"),
      ["a", "b"],
    ],
    [
      "takes ~1 for a slash",
      [{ op: "replace", path: "/metadata/labels/a~1b", value: "9" }],
      (o) => at(o, "metadata", "labels", "a/b"),
      "9",
    ],
    [
      "takes ~0 for a tilde",
      [{ op: "replace", path: "/metadata/labels/c~0d", value: "9" }],
      (o) => at(o, "metadata", "labels", "c~d"),
      "9",
    ],
    [
      "removes a label called constructor",
      [{ op: "remove", path: "/metadata/labels/constructor" }],
      (o) => Object.keys(at(o, "metadata", "labels") as JsonObject).includes("constructor"),
      false,
    ],
    [
      "compares numbers by value",
      [{ op: "test", path: "/spec/replicas", value: 3.0 }],
      (o) => at(o, "spec", "replicas"),
      3,
    ],
    [
      "compares objects whatever their order",
      [{ op: "test", path: "/spec", value: { args: ["a", "b", "c"], replicas: 3 } }],
      (o) => at(o, "spec", "replicas"),
      3,
    ],
    [
      "takes a missing field for null in a test",
      [{ op: "test", path: "/spec/paused", value: null }],
      (o) => at(o, "spec", "replicas"),
      3,
    ],
    [
      "moves a value",
      [{ op: "move", from: "/spec/replicas", path: "/spec/size" }],
      (o) => at(o, "spec"),
      { size: 3, args: ["a", "b", "c"] },
    ],
    [
      "copies a value",
      [
        { op: "copy", from: "/spec/args", path: "/spec/command" },
        { op: "add", path: "/spec/command/-", value: "z" },
      ],
      (o) => at(o, "spec", "args"),
      ["a", "b", "c"],
    ],
    ["replaces the whole object", [{ op: "replace", path: "", value: { a: 1 } }], (o) => o, { a: 1 }],
    ["leaves the object alone when empty", [], (o) => o, object()],
  ];
  it.each(applies)("B065 %s", (_title, patch, path, wanted) => {
    const live = object();
    expect(path(applyJsonPatch(live, patch))).toEqual(wanted);
    expect(live).toEqual(object());
  });

  const refuses: [title: string, kind: string, patch: Json][] = [
    ["a patch that is an object", "malformed", { op: "add" }],
    ["an operation that is a string", "malformed", ["add"]],
    ["a failing test", "inapplicable", [{ op: "test", path: "/spec/replicas", value: 4 }]],
    ["replace at a missing path", "inapplicable", [{ op: "replace", path: "/spec/paused", value: true }]],
    ["remove at a missing path", "inapplicable", [{ op: "remove", path: "/spec/paused" }]],
    ["remove behind the last item", "inapplicable", [{ op: "remove", path: "/spec/args/3" }]],
    ["remove at -", "inapplicable", [{ op: "remove", path: "/spec/args/-" }]],
    ["remove of a list's length", "inapplicable", [{ op: "remove", path: "/spec/args/length" }]],
    ["add behind the end", "inapplicable", [{ op: "add", path: "/spec/args/5", value: "x" }]],
    ["add without a parent", "inapplicable", [{ op: "add", path: "/spec/template/x", value: 1 }]],
    ["add below a scalar", "inapplicable", [{ op: "add", path: "/spec/replicas/x", value: 1 }]],
    ["add without a value", "inapplicable", [{ op: "add", path: "/spec/x" }]],
    ["a path without a slash", "inapplicable", [{ op: "add", path: "spec", value: 1 }]],
    ["a path that is a number", "inapplicable", [{ op: "add", path: 1, value: 1 }]],
    ["an unknown operation", "inapplicable", [{ op: "append", path: "/spec", value: 1 }]],
    ["a move into itself", "inapplicable", [{ op: "move", from: "/spec", path: "/spec/args/0" }]],
    ["a result that is no object", "inapplicable", [{ op: "replace", path: "", value: 1 }]],
  ];
  it.each(refuses)("B065 refuses %s as %s", (_title, kind, patch) => {
    expect(kindOfFailure(() => applyJsonPatch(object(), patch))).toBe(kind);
  });

  it("B014 refuses more than 10000 operations as too large", () => {
    const patch = Array.from({ length: 10_001 }, () => ({ op: "test", path: "/spec/replicas", value: 3 }));
    expect(kindOfFailure(() => applyJsonPatch(object(), patch))).toBe("too-large");
    expect(applyJsonPatch(object(), patch.slice(1))).toEqual(object());
  });

  it("refuses copies that double until memory is gone", () => {
    const patch = Array.from({ length: 60 }, (_, index) => ({
      op: "copy",
      from: "/spec",
      path: `/spec/again${index}`,
    }));
    expect(kindOfFailure(() => applyJsonPatch(object(), patch))).toBe("too-large");
  });

  it("keeps a field called __proto__ a field", () => {
    const result = applyJsonPatch({}, [
      { op: "add", path: "/__proto__", value: { polluted: true } },
      { op: "add", path: "/__proto__/more", value: 1 },
    ]);
    expect(JSON.stringify(result)).toBe('{"__proto__":{"polluted":true,"more":1}}');
    expect(Reflect.get({}, "polluted")).toBeUndefined();
    expect(Reflect.get({}, "more")).toBeUndefined();
  });
});
