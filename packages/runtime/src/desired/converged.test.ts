import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { configurationHash, contains, project } from "./converged.ts";

describe("contains", () => {
  test.each([
    ["what the server adds", { spec: { replicas: 1, strategy: {} }, status: {} }, { spec: { replicas: 1 } }, true],
    ["a changed value", { spec: { replicas: 2 } }, { spec: { replicas: 1 } }, false],
    ["a missing field", { spec: {} }, { spec: { replicas: 1 } }, false],
    [
      "an injected container",
      { containers: [{ name: "proxy" }, { name: "a", image: "x", tty: false }] },
      { containers: [{ name: "a", image: "x" }] },
      true,
    ],
    ["a container that is gone", { containers: [{ name: "b" }] }, { containers: [{ name: "a" }] }, false],
    [
      "an element added to a plain list",
      { rules: [{ verbs: ["get"] }, { verbs: ["*"] }] },
      { rules: [{ verbs: ["get"] }] },
      false,
    ],
    ["a plain list in another order", { args: ["b", "a"] }, { args: ["a", "b"] }, false],
    ["finalizers of others", { finalizers: ["x/a", "y/b"] }, { finalizers: ["y/b"] }, true],
    ["an empty map that was dropped", {}, { data: {} }, true],
    ["null for absent", {}, { data: null }, true],
  ])("judges %s", (_, live, wanted, expected) => {
    expect(contains(live, wanted)).toBe(expected);
  });

  test("takes no name of a field for special", () => {
    const odd = JSON.parse('{"constructor": [{}], "__proto__": [{}], "toString": {"valueOf": [1]}}');
    expect(contains(odd, odd)).toBe(true);
    expect(contains({}, odd)).toBe(false);
    expect(contains(odd, project(odd, odd))).toBe(true);
  });

  test("always holds for an object and itself, and for what the server made of it", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 4 }), (value, live) => {
        expect(contains(value, value)).toBe(true);
        expect(contains(live, project(live, value))).toBe(true);
      }),
    );
  });
});

test("tells drift from normalization by what the server made of the configuration", () => {
  const wanted = { resources: { limits: { cpu: "1000m" } }, ports: [{ port: 80 }] };
  const live = { resources: { limits: { cpu: "1" } }, ports: [{ port: 80, protocol: "TCP" }] };
  expect(contains(live, wanted)).toBe(false);
  const expected = project(live, wanted);
  expect(contains(live, expected)).toBe(true);
  expect(contains({ ...live, resources: { limits: { cpu: "2" } } }, expected)).toBe(false);
});

test("hashes what is said, not in which order", () => {
  expect(configurationHash({ a: 1, b: { c: [1, 2] } })).toBe(
    configurationHash({ b: { c: [1, 2] }, a: 1, d: undefined }),
  );
  expect(configurationHash({ a: [1, 2] })).not.toBe(configurationHash({ a: [2, 1] }));
});
