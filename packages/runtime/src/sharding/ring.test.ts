import { describe, expect, test } from "vitest";
import { createRing } from "./ring.ts";

const keys = Array.from({ length: 5_000 }, (_, index) => `namespace-${index % 50}/object-${index}`);

describe("ring", () => {
  test("gives each member about its share of keys", () => {
    const ring = createRing(["a", "b", "c"]);
    for (const member of ring.members) {
      const share = keys.filter((key) => ring.ownerOf(key) === member).length / keys.length;
      expect(share).toBeGreaterThan(0.28);
      expect(share).toBeLessThan(0.39);
    }
  });

  test("moves only keys of the member that comes or goes", () => {
    const [two, three] = [createRing(["a", "b"]), createRing(["c", "b", "a"])];
    for (const key of keys) {
      const [before, after] = [two.ownerOf(key), three.ownerOf(key)];
      if (before !== after) expect(after).toBe("c");
    }
  });

  test("has one id for one set of members, whatever their order, and another for another", () => {
    expect(createRing(["a", "b"]).id).toBe(createRing(["b", "a", "b"]).id);
    expect(createRing(["a", "b"]).id).not.toBe(createRing(["a", "c"]).id);
    expect(createRing(["ab"]).id).not.toBe(createRing(["a", "b"]).id);
  });

  test("without members gives keys to nobody", () => {
    expect(createRing([]).ownerOf("x")).toBeUndefined();
  });
});
