import { describe, expect, expectTypeOf, it } from "vitest";
import { ConfigMap, Deployment } from "./groups/index.ts";
import { keyOf, objectOf } from "./resource.ts";

describe("objectOf", () => {
  it("makes an object that says its kind", () => {
    const settings = objectOf(ConfigMap, { metadata: { name: "settings" }, data: { a: "1" } });
    expect(settings).toEqual({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { a: "1" } });
    expectTypeOf(settings.data).toEqualTypeOf<ConfigMap["data"]>();
    expectTypeOf(settings.kind).toEqualTypeOf<string>();
    expect(objectOf(Deployment, { metadata: { name: "web" } }).apiVersion).toBe("apps/v1");
  });

  it("asks for what the kind has, and nothing else", () => {
    // @ts-expect-error a ConfigMap has no spec
    expect(objectOf(ConfigMap, { spec: {} })).toBeDefined();
    // @ts-expect-error data holds text
    expect(objectOf(ConfigMap, { data: { a: 1 } })).toBeDefined();
  });
});

describe("keyOf", () => {
  it("names an object within its kind", () => {
    expect(keyOf({ metadata: { name: "a", namespace: "demo", labels: {} } })).toEqual({ namespace: "demo", name: "a" });
    expect(keyOf({ metadata: { name: "a" } })).toEqual({ name: "a" });
  });

  it("refuses one without a name", () => {
    expect(() => keyOf({ kind: "Pod", metadata: { generateName: "a-" } })).toThrow("Pod has no metadata.name");
  });
});
