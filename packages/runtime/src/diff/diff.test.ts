import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diff, type FieldChange, jsonPointer, parsePath, pathText } from "./diff.ts";

/** Applies changes the way JSON Patch does. */
function applied(value: unknown, changes: readonly FieldChange[]): unknown {
  const root = { value: structuredClone(value) } as Record<string, unknown>;
  for (const { op, path, new: now } of changes) {
    const steps = ["value", ...path];
    const last = steps.pop()!;
    // biome-ignore lint/suspicious/noExplicitAny: walks whatever JSON there is
    const parent = steps.reduce<any>((at, step) => at[step], root);
    if (op === "remove") delete parent[last];
    else Object.defineProperty(parent, last, { value: now, enumerable: true, configurable: true, writable: true });
  }
  return root["value"];
}

describe("diff", () => {
  test("names what was added, removed and replaced with both values", () => {
    const old = { spec: { replicas: 1, image: "a", args: ["x"] } };
    const now = { spec: { replicas: 2, args: ["x", "y"], paused: true } };
    expect(diff(old, now)).toEqual([
      { op: "replace", path: ["spec", "replicas"], old: 1, new: 2 },
      { op: "remove", path: ["spec", "image"], old: "a" },
      { op: "replace", path: ["spec", "args"], old: ["x"], new: ["x", "y"] },
      { op: "add", path: ["spec", "paused"], new: true },
    ]);
  });

  test("turns any JSON value into any other", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (old, now) => {
        const [a, b] = [JSON.parse(JSON.stringify(old)), JSON.parse(JSON.stringify(now))];
        expect(applied(a, diff(a, b))).toEqual(b);
      }),
    );
  });

  test("finds nothing between equal values", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => void expect(diff(value, structuredClone(value))).toEqual([])));
  });

  test("writes paths as people and as patches do", () => {
    const path = ["metadata", "labels", "app.kubernetes.io/name~x", 0];
    expect(pathText(path)).toBe('metadata.labels["app.kubernetes.io/name~x"][0]');
    expect(parsePath(pathText(path))).toEqual(path);
    expect(parsePath('data["a.b"]')).toEqual(["data", "a.b"]);
    expect(jsonPointer(path)).toBe("/metadata/labels/app.kubernetes.io~1name~0x/0");
  });
});
