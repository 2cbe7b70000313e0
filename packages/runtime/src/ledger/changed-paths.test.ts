import fc from "fast-check";
import { expect, test } from "vitest";
import { changedPaths, equalJson, valueAt } from "./changed-paths.ts";

test("names what differs, down to the field", () => {
  const before = {
    metadata: { resourceVersion: "1", labels: { "app.kubernetes.io/name": "a" } },
    spec: { replicas: 1, args: ["a", "b"], old: true },
  };
  const after = {
    metadata: { resourceVersion: "2", labels: { "app.kubernetes.io/name": "b" } },
    spec: { replicas: 2, args: ["a", "c"], list: [] },
  };
  expect(changedPaths(before, after)).toEqual([
    'metadata.labels["app.kubernetes.io/name"]',
    "spec.replicas",
    "spec.args[1]",
    "spec.old",
    "spec.list",
  ]);
});

test("ends at the cap", () => {
  expect(changedPaths({}, { a: 1, b: 2, c: 3 }, 2)).toEqual(["a", "b"]);
});

test("finds a path exactly where values differ, and the values at it", () => {
  const json = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 4 }).filter((key) => key !== "__proto__"),
    fc.jsonValue({ maxDepth: 3 }),
  );
  fc.assert(
    fc.property(json, json, (a, b) => {
      const [left, right] = JSON.parse(JSON.stringify([a, b]));
      const paths = changedPaths(left, right, 1_000);
      expect(paths.length === 0).toBe(equalJson(left, right));
      for (const path of paths) {
        if (path === ".") continue;
        expect(equalJson(valueAt(left, path), valueAt(right, path))).toBe(false);
      }
    }),
  );
});
