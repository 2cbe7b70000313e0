import type { Json, JsonObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { applyMergePatch } from "./merge-patch.ts";
import { PatchError } from "./patch-error.ts";

describe("applyMergePatch", () => {
  // The examples of RFC 7386, appendix A, that patch an object with an object.
  const table: [live: JsonObject, patch: JsonObject, wanted: JsonObject][] = [
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  it.each(table)("B064 turns %j by %j into %j", (live, patch, wanted) => {
    const before = structuredClone(live);
    expect(applyMergePatch(live, patch)).toEqual(wanted);
    expect(live).toEqual(before);
  });

  it.each<[Json]>([[null], [["a"]], ["a"], [3]])("B064 refuses %j as malformed", (patch) => {
    expect(() => applyMergePatch({ a: 1 }, patch)).toThrow(PatchError);
  });

  it("B068 returns an equal object for an empty patch", () => {
    expect(applyMergePatch({ a: { b: [1] } }, {})).toEqual({ a: { b: [1] } });
  });

  it("shares nothing with its arguments", () => {
    const live = { a: { x: 1 } };
    const patch = { b: { list: [1] } };
    const result = applyMergePatch(live, patch) as { a: JsonObject; b: { list: Json[] } };
    result.a["x"] = 2;
    result.b.list.push(2);
    expect(live).toEqual({ a: { x: 1 } });
    expect(patch).toEqual({ b: { list: [1] } });
  });

  it("keeps a field called __proto__ a field", () => {
    const result = applyMergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}'));
    expect(JSON.stringify(result)).toBe('{"__proto__":{"polluted":true}}');
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
});
