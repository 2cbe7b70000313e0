import { describe, expect, it } from "vitest";
import { addFinalizer, hasFinalizer, isBeingDeleted, removeFinalizer } from "./finalizers.ts";
import type { KubeObject } from "./object.ts";

const object: KubeObject = { metadata: { name: "web", finalizers: ["a/one", "b/two", "a/one"] } };

describe("finalizers", () => {
  it("U06 are added once, on a new object", () => {
    const added = addFinalizer({ metadata: { name: "web" } }, "a/one");
    expect(added).toEqual({ metadata: { name: "web", finalizers: ["a/one"] } });
    expect(addFinalizer(added, "a/one")).toBe(added);
  });

  it("U06 are removed however often they are there", () => {
    expect(removeFinalizer(object, "a/one").metadata?.finalizers).toEqual(["b/two"]);
    expect(removeFinalizer(object, "c/three")).toBe(object);
    expect(object.metadata?.finalizers).toHaveLength(3);
  });

  it("are found", () => {
    expect(hasFinalizer(object, "b/two")).toBe(true);
    expect(hasFinalizer({}, "b/two")).toBe(false);
  });
});

describe("isBeingDeleted", () => {
  it("is so once a deletion timestamp is set", () => {
    expect(isBeingDeleted(object)).toBe(false);
    expect(isBeingDeleted({ metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } })).toBe(true);
  });
});
